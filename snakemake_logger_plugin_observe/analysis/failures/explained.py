"""What a failure means, why its log is silent, and how to see it again: all that can be said."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures import script_errors
from snakemake_logger_plugin_observe.analysis.failures.console_only import console_only
from snakemake_logger_plugin_observe.analysis.failures.disk_full import disk_full
from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meaning import Meaning
from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meanings import (
    MINIMAL,
    meanings,
    only_inputs,
)
from snakemake_logger_plugin_observe.analysis.failures.exit_codes.program_messages import (
    program_message,
)
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.log_advice import (
    log_advice,
    shows_its_errors,
)
from snakemake_logger_plugin_observe.analysis.failures.output_checks import output_check
from snakemake_logger_plugin_observe.analysis.failures.repeat import (
    HowToRepeat,
    RunFacts,
    how_to_repeat,
    prefix_of,
)
from snakemake_logger_plugin_observe.analysis.failures.snakemake_failures import error_of
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.journal.error_lines import is_error
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run


@dataclass(frozen=True, slots=True)
class Explained:
    """A failure, explained."""

    meanings: tuple[Meaning, ...] = ()
    """What its end means, the likeliest first; two if one is as likely as the other."""
    raised: str | None = None
    """The exception in which its script ended, with the script's line, if it was kept."""
    log: str | None = None
    """Why its log shows nothing, and what to add to the rule."""
    repeat: HowToRepeat | None = None
    """How to run it again as Snakemake ran it."""

    @property
    def meaning(self) -> Meaning | None:
        """What its end most likely means."""
        return self.meanings[0] if self.meanings else None


def explain(run: Run, one: Failure, journal: str = "", facts: RunFacts | None = None) -> Explained:
    """Return what a failure means and how to see it again.

    Args:
        run: its run.
        one: the failure.
        journal: where the run's journal was found.
        facts: those of the run, for one who asks about many failures.

    """
    if (error := error_of(run, one)) is not None:
        told = (error.cause, error.to_do, error.wrong_if, error.where)
        return Explained((Meaning("certain", *told),))
    if (known := output_check(run, one) or console_only(run, one)) is not None:
        return Explained((known,))
    if one.cause not in ("exit_code", "signal", "exception"):
        return Explained()
    if (full := disk_full(one)) is not None:
        return Explained((full,), repeat=how_to_repeat(run, one, journal, facts))
    job = run.jobs.get(one.job_id) if one.job_id is not None else None
    said = _said(one)
    raised = None
    if job is not None and not job.shellcmd:
        raised = script_errors.raised_in_script(said)
    found = () if job is None or raised else _meanings(run, one, job, said)
    found = tuple(_with_wildcards(each, job) for each in found if job is not None)
    log = None if any(each.prints_nothing for each in found) else log_advice(run, one)
    return Explained(found, raised, log, how_to_repeat(run, one, journal, facts))


def _with_wildcards(meaning: Meaning, job: JobDescribed) -> Meaning:
    """Return *meaning* with the wildcards for the values in what it says to write in the rule."""
    _, write, quoted = meaning.to_do.replace(_ENDED_WITH_1, "").partition("write ")
    named = [
        f"{{wildcards.{name}}} for {value}"
        for name, value in job.wildcards.items()
        if write and value and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", quoted)
    ]
    if not named:
        return meaning
    return replace(meaning, to_do=f"{meaning.to_do} (in the rule with {' and '.join(named)})")


def _said(one: Failure) -> tuple[str, ...]:
    """Return what its last attempt printed last, as far as it was kept."""
    logs = next((r.attempt.logs for r in one.rows if r.attempt.number == one.decisive.attempt), ())
    if one.decisive.line is None:  # its logs are not about its last failure, or show nothing
        return ()
    return script_errors.lines_of(log.lines for log in logs)


def _meanings(
    run: Run, one: Failure, job: JobDescribed, said: tuple[str, ...]
) -> tuple[Meaning, ...]:
    why, line = one.decisive.why, one.decisive.line
    prefix = prefix_of(run, job)
    if line is not None and is_error(line.text):
        # What it printed is better than what its exit code may mean.
        known = meanings(job.shellcmd or "", None, None, said, prefix)
        known = known or tuple(_not_in_shadow(job, line.text))
        return known or tuple(program_message(line.text))
    if not job.shellcmd:
        return _of_script(one, job)
    silent = line is None and shows_its_errors(run, one)
    lasted = one.decisive.duration
    return meanings(
        *(job.shellcmd, why.exit_code, why.signal, said, prefix),
        silent=silent,
        lasted_s=None if lasted is None else to_seconds(lasted),
        inputs=frozenset(map(run.relative, job.input)),
        shadow=job.shadow,
    )


def _not_in_shadow(job: JobDescribed, said: str) -> Iterator[Meaning]:
    """Yield that a file was not found because it is no declared input of a job with a shadow."""
    if job.shadow in MINIMAL and _NO_FILE.search(said):
        yield Meaning(
            "likely",
            only_inputs(job.shadow),
            "declare what it reads as an input of the rule",
            "what was not found is a declared input",
        )


_NO_FILE: Final = re.compile(r"No such file or directory|FileNotFound|\b(?:not|n't) (?:found|open)")
_ENDED_WITH_1: Final = "[ $? -eq 1 ]"
"""A part of what is to be written that is not of the command."""
_RAN: Final = re.compile(r"Command '(?P<command>.*)' (?:returned non-zero exit status|died with)")
"""Of the code of a ``run:``, which names the shell command that failed."""
_INTERPRETERS: Final = {".r": "Rscript", ".rmd": "Rscript", ".jl": "julia", ".rs": "rust-script"}


def _of_script(one: Failure, job: JobDescribed) -> tuple[Meaning, ...]:
    """Return what the exit code of a script means, whose messages were not kept."""
    name, why = script_errors.name_of_script(job), one.decisive.why
    code = why.exit_code
    ran = _RAN.search(one.decisive.message or "")
    if name is None and ran is not None:
        return meanings(ran["command"], code, why.signal)
    if name is None or code not in (1, 127):
        return meanings("", code, why.signal)
    ending = name[name.rfind(".") :].lower()
    if code == 127:
        interpreter = _INTERPRETERS.get(ending, "the program that runs it")
        return (
            Meaning(
                "likely",
                f"the shell did not find {interpreter} for {name}",
                f"install {interpreter} in the environment of the rule (conda:, container:, "
                "envmodules:)",
                f"`command -v {interpreter}` prints a path where the job ran"
                if ending in _INTERPRETERS
                else f"{name} itself ends with 127",
                "operating context",
                prints_nothing=True,  # a script that does not begin writes no log
            ),
        )
    if one.decisive.line is not None or ending not in _ENDED:
        return ()
    text, to_do, wrong_if = (part.format(name=name) for part in _ENDED[ending])
    return (Meaning("likely", text, to_do, wrong_if, "tool behavior"),)


_OF_R: Final = (
    "an error stopped {name}, which is R's exit code 1",
    "run it again and read its message, which goes to the terminal",
    "{name} itself calls quit(status = 1)",
)
_ENDED: Final = {
    ".py": (
        "{name} ended by an exception that nothing caught, or by sys.exit with a message",
        "run it again and read what it prints, which goes to the terminal",
        "{name} itself calls sys.exit(1), without a message",
    ),
    ".r": _OF_R,
    ".rmd": _OF_R,
}
