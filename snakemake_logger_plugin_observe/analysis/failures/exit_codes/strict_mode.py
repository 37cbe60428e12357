"""What Snakemake's strict mode makes a failure: ``set -euo pipefail`` before each command."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meaning import Meaning
from snakemake_logger_plugin_observe.analysis.failures.shell.commands import SimpleCommand, last_of
from snakemake_logger_plugin_observe.analysis.failures.shell.variables import variables_needed
from snakemake_logger_plugin_observe.analysis.phrasing import both, cut

_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Strictness:
    """What the shell makes a failure, by the text before each command and the command itself."""

    fails: bool
    pipes: bool
    unset: bool

    def said(self, *, piped: bool) -> str:
        """Return what makes the exit code of one program that of the command."""
        by = "strict mode (set -euo pipefail)"
        if not (self.fails and self.pipes and self.unset):
            by = "pipefail" if piped else "set -e"
        return f"under {by} that fails the {'whole pipe' if piped else 'command'}"


def strictness(text: str) -> Strictness:
    """Return what the shell options set in a command, and before it, make a failure."""
    flags = {flag for one in re.findall(r"\bset\s+-([a-zA-Z]+)", text) for flag in one}
    off = {flag for one in re.findall(r"\bset\s+\+([a-zA-Z]+)", text) for flag in one}
    pipes = re.search(r"\bset\s(?:[^;&|\n]{0,80}\s)?-[a-z]*o\s+pipefail", text)
    no_pipes = re.search(r"\bset\s+\+o\s+pipefail", text)
    on = flags - off
    return Strictness("e" in on, pipes is not None and no_pipes is None, "u" in on)


def counting(programs: Sequence[SimpleCommand], strict: Strictness) -> list[SimpleCommand]:
    """Return the programs whose exit codes can be that of the command."""
    counting = [one for one in programs if not one.ignored]
    return [
        one
        for one in counting
        if (strict.fails or one is counting[-1] or one.is_piped)
        and (strict.pipes or not one.is_piped)
    ]


_TAKES_DOLLARS: Final = frozenset({"awk", "gawk", "mawk", "perl"})
QUIET: Final = frozenset(
    {
        *("echo", "printf", "true", ":", "export", "set", "unset", "local", "declare", "mkdir"),
        *("touch", "exit", "cd", "pwd", "umask", "ulimit"),
    }
)
"""Programs that fail so seldom that an unset variable is likelier."""
_READS_PART: Final = frozenset({"head", "less", "more"})


def pipe_closed(programs: Sequence[SimpleCommand], strict: Strictness) -> Meaning:
    """Return what 141 means: the reader of a pipe ended while its writer wrote."""
    reader = next((one for one in programs if _stops_early(one)), None)
    name = reader.program if reader is not None else "what reads the pipe"
    instead = None
    if reader is not None and reader.program == "head":
        count = re.search(r"(?:^|\s)-n? ?(\d+)", " ".join(reader.arguments))
        instead = f"awk 'NR<={count[1] if count else 10}'"
    elif reader is not None and reader.program.endswith("grep"):
        instead = "grep without -q or -m"
    instead = f" (for example {instead})" if instead else ""
    return Meaning(
        "likely",
        f"{name} ended before what writes into the pipe had written all, and signal 13 (SIGPIPE) "
        f"ended the writer; {strict.said(piped=True)}",
        f"if that is meant, begin the command with `set +o pipefail;`; or let {name} read all of "
        f"its input{instead}",
        "the command still ends with 141 behind `set +o pipefail;`",
        prints_nothing=True,
    )


def _stops_early(one: SimpleCommand) -> bool:
    arguments = " ".join(one.arguments)
    return (
        one.program in _READS_PART
        or (one.program.endswith("grep") and re.search(r"(?:^| )-\w*[qm]", arguments) is not None)
        or (one.program == "sed" and re.search(r"\bq\b|\dq", arguments) is not None)
        or (one.program.endswith("awk") and "exit" in arguments)
    )


def unset_variables(
    programs: Sequence[SimpleCommand], command: str, *, silent: bool
) -> Iterator[Meaning]:
    """Yield that a variable is not set, where the command needs one that it does not set itself."""
    names = variables_needed(command)
    if not names or any(one.program in ("source", ".", "eval", "module") for one in programs):
        return
    which = both([f"${name}" for name in names])
    likely = silent or all(one.program in QUIET or _only_reads_a_pipe(one) for one in programs)
    is_argument = names[0].isdigit()
    if is_argument and any(one.program in _TAKES_DOLLARS for one in programs):
        likely = True
    yield Meaning(
        "likely" if likely else "possible",
        f"{which} {'is' if len(names) == 1 else 'one of them is'} not set where the job ran: "
        "set -u makes that a failure"
        if not is_argument
        else f"{which} is the shell's, and not set: set -u makes that a failure; in double quotes "
        "the shell replaces it before awk or perl sees it",
        f"set it before Snakemake is started (export {names[0]}=...), give the command a default "
        f"(${{{{{names[0]}:-}}}} in a Snakefile), or write `set +u;` before it"
        if not is_argument
        else f"write single quotes around the program of awk or perl, or \\\\${names[0]}",
        f"`echo ${names[0]}` prints its value where the job ran",
    )


def _only_reads_a_pipe(one: SimpleCommand) -> bool:
    return one.program in ("cat", "tee") and not one.names_a_file


def activated(live: Sequence[SimpleCommand]) -> Iterator[Meaning]:
    """Yield that ``conda activate`` does not work in a job's shell."""
    one = last_of(live, ("conda", "mamba", "micromamba"))
    if one is not None and one.arguments[:1] == ("activate",):
        yield Meaning(
            "likely",
            f"{one.program} activate needs a shell that {one.program} init has prepared, and reads "
            "variables that are not set: the shell of a job is not such a one, and set -u fails it",
            "give the rule a conda: environment, which Snakemake activates; or use "
            f"`{one.program} run -n NAME` before the program",
            f"`bash -c 'set -euo pipefail; {one.text}'` succeeds",
            "operating context",
        )


def counted(command: str, strict: Strictness) -> Iterator[Meaning]:
    """Yield that ``((n++))`` fails where it gives 0."""
    found = re.search(r"(?:^|[;&|\n])\s*(\(\([^()]*\)\))", command)
    if found is not None and strict.fails:
        text = cut(" ".join(found[1].split()), _LONGEST)
        yield Meaning(
            "likely",
            f"{text} has exit code 1 where it gives 0; {strict.said(piped=False)}",
            "write it as an assignment: n=$((n + 1)); or put `|| true` behind it",
            f"{text} does not give 0",
            prints_nothing=True,
        )


def divided(command: str) -> Iterator[Meaning]:
    """Yield that the shell may have divided by 0, which it says only on the console."""
    if (found := _DIVIDES.search(command)) is not None:
        text = cut(" ".join(found[0].split()), _LONGEST)
        yield Meaning(
            "possible",
            f"the shell could not compute `{text}`: it divides by 0, or by what is no number",
            "check the values that it reads",
            f"`{text}` gives a number for each value that it reads",
        )


_DIVIDES: Final = re.compile(r"\$?\(\([^()]*[^()\s/][ \t]*[/%][^()]*\)\)")


def sourced(live: Sequence[SimpleCommand]) -> Iterator[Meaning]:
    """Yield that a script that is read into the shell failed, or is not there."""
    one = last_of(live, ("source", "."))
    if one is None:
        return
    file = cut(one.arguments[0], _LONGEST) if one.arguments else "it"
    yield Meaning(
        "likely",
        f"{file}, which the command reads with `{one.program}`, is not there, or a line in it "
        "failed: set -u fails it where it reads a variable that is not set, as many activate "
        "scripts do",
        f"check that {file} is there, from the folder of the run; if it is, write `set +u; "
        f"{cut(one.text, _LONGEST)}; set -u` to read it without set -u",
        f"`set -eu; {cut(one.text, _LONGEST)}` succeeds in a bash that is started in the folder of "
        "the run",
    )
