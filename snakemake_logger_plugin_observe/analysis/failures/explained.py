"""What a failure means, why its log is silent, and how to see it again: all that can be said."""

from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.failures import script_errors
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.log_advice import (
    log_advice,
    shows_its_errors,
)
from snakemake_logger_plugin_observe.analysis.failures.log_lines import is_cause
from snakemake_logger_plugin_observe.analysis.failures.meanings import Meaning, meanings
from snakemake_logger_plugin_observe.analysis.failures.repeat import (
    HowToRepeat,
    how_to_repeat,
    prefix_of,
)
from snakemake_logger_plugin_observe.analysis.failures.snakemake_failures import error_of
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


def explain(run: Run, one: Failure, journal: str = "") -> Explained:
    """Return what a failure means and how to see it again.

    Args:
        run: its run.
        one: the failure.
        journal: where the run's journal was found.

    """
    if (error := error_of(run, one)) is not None:
        told = (error.cause, error.to_do, error.wrong_if, error.where)
        return Explained((Meaning("certain", *told),))
    if one.cause not in ("exit_code", "signal", "exception"):
        return Explained()
    job = run.jobs.get(one.job_id) if one.job_id is not None else None
    said = _said(one)
    raised = None
    if job is not None and not job.shellcmd:
        raised = script_errors.raised_in_script(said)
    found = () if job is None or raised else _meanings(run, one, job, said)
    log = None if any(each.prints_nothing for each in found) else log_advice(run, one)
    return Explained(found, raised, log, how_to_repeat(run, one, journal))


def _said(one: Failure) -> tuple[str, ...]:
    """Return what its last attempt printed last, as far as it was kept."""
    logs = next((r.attempt.logs for r in one.rows if r.attempt.number == one.decisive.attempt), ())
    if one.decisive.line is None:  # its logs are not about its last failure, or show nothing
        return ()
    return script_errors.lines_of(log.lines for log in logs)


def _meanings(
    run: Run, one: Failure, job: JobDescribed, said: tuple[str, ...]
) -> tuple[Meaning, ...]:
    why = one.decisive.why
    if not job.shellcmd:
        return _of_script(one, job)
    silent = one.decisive.line is None and shows_its_errors(run, one)
    found = meanings(
        *(job.shellcmd, why.exit_code, why.signal, said, prefix_of(run, job)), silent=silent
    )
    line = one.decisive.line
    if line is not None and is_cause(line.text):
        # What it printed is better than what its exit code may mean.
        return tuple(each for each in found if each.strength == "certain")
    return found


def _of_script(one: Failure, job: JobDescribed) -> tuple[Meaning, ...]:
    """Return what the exit code of a script means, whose messages were not kept."""
    name, code = script_errors.name_of_script(job), one.decisive.why.exit_code
    if name is None or code != 1 or one.decisive.line is not None:
        return ()
    if name.endswith(".py"):
        return (
            Meaning(
                "likely",
                f"{name} ended by an exception that nothing caught, which is Python's exit code 1",
                "run it again and read its traceback, which goes to the terminal",
                f"{name} itself calls sys.exit(1)",
                "tool behavior",
            ),
        )
    if name.lower().endswith((".r", ".rmd")):
        return (
            Meaning(
                "likely",
                f"an error stopped {name}, which is R's exit code 1",
                "run it again and read its message, which goes to the terminal",
                f"{name} itself calls quit(status = 1)",
                "tool behavior",
            ),
        )
    return ()
