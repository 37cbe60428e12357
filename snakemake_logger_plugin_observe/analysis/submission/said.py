"""What a submit command said when it failed: its error, the option it rejected, or no answer.

Where the executor leaves the command's stderr to the console, the timing executor keeps it; Slurm's
executor puts it into its message, in front of the whole call.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.submission import options
from snakemake_logger_plugin_observe.journal.error_lines import is_error, is_word
from snakemake_logger_plugin_observe.journal.records import Refusal
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run

Answer = Literal["refused", "no_answer", "not_run", "not_called"]
"""``no_answer``: the cluster did not answer in time, or could not be reached; ``not_run``: the
submit command itself could not be run; ``not_called``: the executor's plugin did not accept what is
requested, and called no submit command."""

_FROM_SLURM: Final = re.compile(
    r"(?:The error message was '?)(?P<said>.*?)(?:'\.?\n\s*sbatch call:\s*(?P<call>.*)|'\.?\s*$|$)",
    re.DOTALL,
)
_FROM_GENERIC: Final = re.compile(
    r"Error submitting jobscript \(exit code (?P<code>-?\d+)\):(?P<said>.*)", re.DOTALL
)
_FROM_AN_EXCEPTION: Final = re.compile(
    r"Job submission failed with exception: (?P<said>.*)", re.DOTALL
)
_FROM_THE_PLUGIN: Final = re.compile(
    r"The --(?P<option>\S+) option is not allowed in the 'slurm_extra' parameter"
    r"|These are mutually exclusive\.|cpus_per_task cannot be negative"
    r"|'nodes' must be an integer|For MPI jobs, please specify either"
    r"|The given account \S+ appears to be invalid"
)
"""What Slurm's plugin says of a job before it calls sbatch."""
_OF_AN_ARRAY: Final = re.compile(
    r"Part of failed array sbatch submission (?P<tasks>\(tasks \d+-\d+\))"
)
_PREFIX: Final = re.compile(r"^(?P<who>[\w.-]+): (?:error|fatal): ?(?P<what>.*)", re.IGNORECASE)
_IN_SHORT: Final = re.compile(r"^(?:Batch job submission failed|Job submit/allocate failed): ")
_SAYS_NOTHING: Final = ("unspecified error", "")
_NO_ANSWER: Final = re.compile(
    r"timed? ?out|Unable to contact slurm controller|\bconnect(?:ion)? (?:failure|refused|reset"
    r"|closed|lost)|[Cc]onnection to \S+ closed|Transport endpoint|Zero Bytes were transmitted"
    r"|temporarily unable|Resource temporarily unavailable"
    r"|controller (?:is )?(?:busy|not responding)"
    r"|LSF is down|batch system daemon not responding|[Cc]annot connect to (?:\w+ )?server"
    r"|unable to (?:contact|send message to) qmaster|commlib error|Network is unreachable"
    r"|No route to host|Could not resolve host|[Cc]ommunication failure"
    r"|Unexpected message received",
    re.IGNORECASE,
)
_NOT_RUN: Final = re.compile(r": (?:command )?not found$|: [Pp]ermission denied$")
_EXIT_NOT_RUN: Final = (126, 127)
_EXIT_TIMEOUT: Final = 124
# What schedulers print about an option, and the request that it is about.
_REJECTED: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), request)
    for pattern, request in (
        (r"invalid partition|partition name|(?:unknown|no such) queue|queue does not", "partition"),
        (r"account", "account"),
        (r"\bqos\b", "qos"),
        (r"--time|time limit|time specification|RUNLIMIT", "time"),
        (r"--mem\b|memory spec|memory limit|mem-per|MEMLIMIT|Resource_List\.mem|h_vmem", "mem"),
        (r"generic resource|\bgres\b|\bgpus?\b", "gres"),
        (r"CPU count|processors requested|cpus-per-task|--ntasks", "cpus"),
        (r"\bfeature\b|--constraint", "constraint"),
        (r"node count", "nodes"),
        (r"dependency", "dependency"),
        (r"reservation", "reservation"),
        (r"\blicense", "license"),
        (r"(?:invalid|no) cluster", "clusters"),
    )
)
_OPTION: Final = re.compile(
    r"(?:unrecogni[sz]ed|unknown|ambiguous|illegal) option:? (?:-- )?['\"]?(?P<name>-{0,2}[\w-]+)"
    r"|invalid option -- ['\"]?(?P<letter>\w)",
    re.IGNORECASE,
)
_MOST_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Said:
    """What a submit command said when it failed."""

    answer: Answer
    text: str
    """Its errors on one line: ``sbatch: invalid partition specified: nosuch``; may be empty."""
    request: str | None = None
    """What was rejected, by the names of ``options``: ``partition``, ``mem``; None if unknown."""
    option: str | None = None
    """How the command made that request: ``--partition nosuch``; None if unknown."""
    command: str | None = None
    """The submit command, with what it submits; None if unknown."""
    exit_code: int | None = None


def said(message: str | None, refusal: Refusal | None) -> Said:
    """Return what a submit command said.

    Args:
        message: what the executor reported.
        refusal: what was kept of the command.

    """
    text, command, code = _of_message(message or "")
    if refusal is None and command is None and (own := _FROM_THE_PLUGIN.search(text)):
        return Said("not_called", _sentence(text), option=own["option"])
    if refusal is not None:
        command, code = refusal.command or command, refusal.exit_code
        text = "\n".join(refusal.printed) or text
    lines = _errors(text.splitlines())
    shown = _on_one_line(lines)
    request, option = _rejected(lines, command)
    return Said(_answer(lines, code), shown, request, option, command, code)


def said_about(run: Run, attempt: Attempt) -> Said:
    """Return what the submit command of an attempt said.

    Of an array, the error is logged once, and each of its jobs only refers to it.
    """
    message = attempt.message
    if (task := _OF_AN_ARRAY.search(message or "")) is not None:
        errors = (one.text for one in run.messages if one.level == "error")
        message = next((text for text in errors if task["tasks"] in text), message)
    return said(message, attempt.refusal)


def _sentence(text: str) -> str:
    """Return the first sentence of what a plugin says; the others repeat it."""
    line = " ".join(text.split())
    return line.partition(". ")[0]


def _of_message(message: str) -> tuple[str, str | None, int | None]:
    """Return what was said, the command and its exit code, from an executor's message."""
    if found := _FROM_GENERIC.search(message):
        return found["said"], None, int(found["code"])
    if found := _FROM_SLURM.search(message):
        return found["said"], found["call"], None
    if found := _FROM_AN_EXCEPTION.search(message):
        return found["said"], None, None
    return message, None, None


def _errors(lines: Sequence[str]) -> list[str]:
    """Return the lines that say why; the last ones if none reads like an error."""
    words = [line.strip() for line in lines if is_word(line)]
    errors = [line for line in words if is_error(line) or _PREFIX.match(line)]
    return list(dict.fromkeys(errors or words[-_MOST_LINES:]))


def _on_one_line(lines: Iterable[str]) -> str:
    """Return errors without what each of them repeats, behind the name of who reported them."""
    who: str | None = None
    parts: list[str] = []
    for line in lines:
        found = _PREFIX.match(line)
        who = who or (found["who"] if found else None)
        part = _IN_SHORT.sub("", found["what"] if found else line).strip().rstrip(".")
        if part.lower() not in _SAYS_NOTHING and part not in parts:
            parts.append(part)
    text = "; ".join(parts[:_MOST_LINES])
    return f"{who}: {text}" if who and text else text


def _answer(lines: Sequence[str], code: int | None) -> Answer:
    if code == _EXIT_TIMEOUT or any(_NO_ANSWER.search(line) for line in lines):
        return "no_answer"
    if code in _EXIT_NOT_RUN and (not lines or any(_NOT_RUN.search(line) for line in lines)):
        return "not_run"
    return "refused"


def _rejected(lines: Sequence[str], command: str | None) -> tuple[str | None, str | None]:
    """Return which request was rejected, and the option of *command* that makes it."""
    text = "\n".join(lines)
    if found := _OPTION.search(text):
        name = f"-{found['letter']}" if found["letter"] else found["name"]
        return None, name if name.startswith("-") else f"--{name}"
    about = [request for pattern, request in _REJECTED if pattern.search(text)]
    for request in about:
        if command is not None and (option := options.as_given(command, request)) is not None:
            return request, option
    return (about[0], None) if about else (None, None)
