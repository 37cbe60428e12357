"""The run failed, but no job did: Snakemake itself could not continue."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures import tracebacks
from snakemake_logger_plugin_observe.analysis.phrasing import cut
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Boundary, Incident
from snakemake_logger_plugin_observe.analysis.triage.planning_errors import missed_in_planning
from snakemake_logger_plugin_observe.journal.events import Message

CLASS: Final = "workflow_error"
_LONGEST: Final = 240
_IN_FILE: Final = re.compile(r'in file "?([^"\n]+?)"?, line (\d+)')
_KNOWN: Final[tuple[tuple[re.Pattern[str], Boundary, str, str], ...]] = (
    (
        re.compile(r"Directory cannot be locked"),
        "operating context",
        "if no other Snakemake runs in this directory, run snakemake --unlock, then run again",
        "a killed run leaves its lock behind, while a running one needs it",
    ),
    (
        re.compile(r"IncompleteFilesException|seem to be incomplete"),
        "operating context",
        "run the same command again with --rerun-incomplete",
        "an earlier run ended while it wrote these files",
    ),
    (
        re.compile(r"No space left on device|Disk quota exceeded|Read-only file system"),
        "storage and visibility",
        "free space where the workflow writes, then run the same command again",
        "Snakemake could not write",
    ),
    (
        re.compile(r"MissingRuleException|No rule to produce"),
        "workflow semantics",
        "correct the name of the target, or add a rule that makes it",
        "no rule makes what was requested",
    ),
)


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident if the run failed although no job did, or all recovered."""
    ended = ("failed", "cancelled", "unfinished")
    if case.status != "failed" or any(one.outcome in ended for one in case.failures):
        return
    if missed_in_planning(case.run):
        return  # missing_input reports it
    errors = [one for one in case.run.messages if one.level in ("error", "critical")]
    if not errors:
        yield _without_message(case)
        return
    message = _ending_error(case, errors)
    error = _with_relative_paths(case, message.text)
    boundary, advice, why = _advice(error)
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where=boundary,
        claim=f"Snakemake itself failed: {cut(tracebacks.summary(error), _LONGEST)}",
        strength="certain",
        explains=case.run.makespan,
        failures=0,
        evidence=case.side.at_event(message, message.text),
        wrong_if="a dry run of the same targets succeeds"
        if not case.run.attempts
        else "the same command ends without this error when run again",
        action=Action(advice, why),
    )


def _ending_error(case: Case, errors: Sequence[Message]) -> Message:
    """Return the error that ended the run.

    Before any job it is the last: Snakemake may log an error of its own before the one that it
    reports. Else it is the first that is not the message of a job that recovered.
    """
    if not case.run.attempts:
        return errors[-1]
    recovered = [a.message for a in case.run.attempts.values() if a.message]
    own = (
        one for one in errors if not any(own in one.text or one.text in own for own in recovered)
    )
    return next(own, errors[-1])


def _with_relative_paths(case: Case, text: str) -> str:
    """Return *text* with paths relative to the working directory."""
    started = case.run.started
    return text.replace(f"{started.workdir}/", "") if started and started.workdir else text


def _advice(text: str) -> tuple[Boundary, str, str]:
    for pattern, boundary, advice, why in _KNOWN:
        if pattern.search(text):
            return boundary, advice, why
    # The line that raised the error is more precise than its rule.
    place = tracebacks.raised_at(text) or next(iter(_IN_FILE.findall(text)), None)
    at = f" at {place[0]}:{place[1]}" if place else ""
    return (
        "workflow semantics",
        f"correct the workflow{at}, and confirm it with a dry run",
        "no tool failed: Snakemake could not evaluate the workflow itself",
    )


def _without_message(case: Case) -> Incident:
    return Incident(
        id=CLASS,
        incident_class=CLASS,
        where="workflow semantics",
        claim="the run failed, but the journal has neither a failed job nor an error",
        strength="possible",
        explains=case.run.makespan,
        failures=0,
        evidence=case.side.at_end("status: failed"),
        wrong_if="Snakemake's own log of the run names a job that failed",
        action=Action(
            "read Snakemake's own log of this run in .snakemake/log, and send it to the "
            "maintainers of the workflow",
            "no detector explains the failure",
            escalate=True,
        ),
    )
