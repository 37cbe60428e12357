"""A tool failed, and only its exit code or signal and its last message are known."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.sent_signals import (
    find_sender,
    was_sent,
    what_is_known,
)
from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of, named
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import TOOL
from snakemake_logger_plugin_observe.analysis.triage.incident import (
    Action,
    Boundary,
    Incident,
    Strength,
)

CLASS: Final = TOOL
_KNOWN: Final = ("exit_code", "signal", "exception")


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each rule whose jobs failed, and one for jobs that recovered."""
    for name, of_rule in failed_jobs.by_rule(case.failures_by_class.get(CLASS, ())).items():
        recovered = [one for one in of_rule if one.outcome == "succeeded"]
        not_recovered = [one for one in of_rule if one.outcome != "succeeded"]
        if not_recovered:
            yield _not_recovered(case, name, not_recovered)
        if recovered:
            yield _recovered(case, name, recovered)


def _not_recovered(case: Case, name: str, failed: list[Failure]) -> Incident:
    line, message = failed_jobs.last_line(failed), failed_jobs.last_message(failed)
    at = ""
    if line is not None:
        at = f" ({line.path})" if line.number is None else f" ({line.path}:{line.number})"
    causes = {one.cause for one in failed}
    no_output = causes == {"missing_output"}
    times = sum(len(one.occurrences) for one in failed)
    again = f" {times:,} times, not always in the same way," if times > len(failed) else ""
    strength: Strength = "certain" if causes <= set(_KNOWN) else "likely"
    sent = was_sent(failed)
    if sent or causes == {"other"}:
        strength = "possible"
    action = f"fix the error that {name} reported{at}"
    if line is None:
        action = f"run {name} by itself to see how it fails"
    if sent:
        action = find_sender(failed)
    if no_output:
        action = (
            f"make {name} write its declared outputs, or correct the outputs that the rule declares"
        )
    why = what_is_known(failed) if sent else _why(case, failed, no_output=no_output)
    return Incident(
        id=f"{CLASS}:{name}",
        incident_class=CLASS,
        where=_where(no_output=no_output, sent=sent),
        claim=_without_output(case, failed)
        if no_output
        else f"{failed_jobs.who(failed)} failed{again} {failed_jobs.how(failed)}"
        + (f": {message}" if message else ""),
        strength=strength,
        explains=failed_jobs.lost(failed),
        failures=len(failed),
        evidence=failed_jobs.evidence(case, failed),
        wrong_if="the tool's own script sends the signal"
        if sent
        else "the same command succeeds when it is run by itself on the same inputs",
        action=Action(action, why),
        check="failed_jobs <= 0",
        rules=failed_jobs.rules(case, failed),
        jobs=failed_jobs.jobs(case, failed),
    )


def _where(*, no_output: bool, sent: bool) -> Boundary:
    if no_output:
        return "workflow semantics"
    return "operating context" if sent else "tool behavior"


def _missing(failed: list[Failure]) -> bool:
    """Whether outputs were missing, not only empty or altered."""
    return not all(one.has_invalid_output for one in failed)


def _without_output(case: Case, failed: list[Failure]) -> str:
    """Return which outputs a tool that succeeded did not write, or not as declared."""
    who, what = failed_jobs.who(failed), named(failed_jobs.missed_outputs(case, failed))
    what = what or "its output"
    if not _missing(failed):
        return f"{who} wrote {what}, which is not as declared (empty, or altered)"
    return f"{who} did not write {what}, although its tool succeeded"


def _since(case: Case, missed: tuple[str, ...]) -> str:
    """Return what is known about missing outputs now.

    One that exists now proves nothing: a later run may have made it.
    """
    absent = tuple(path for path in missed if path in case.files_absent)
    if absent:
        return "missing now too" if absent == missed else f"{named(absent)} missing now too"
    return "not checked later" if case.read is None else "it is unknown whether it appeared late"


def _why(case: Case, failed: list[Failure], *, no_output: bool) -> str:
    if no_output and not _missing(failed):
        return "its tool succeeded, but Snakemake's check of its outputs failed"
    if no_output:
        since = _since(case, failed_jobs.missed_outputs(case, failed))
        return f"its tool succeeded, but its declared output was missing ({since})"
    if all(one.cause == "other" for one in failed):
        return (
            "the journal has no exit code for its tool"
            if case.run.wrapped
            else "without --executor timed, the exit code of its tool is not recorded"
        )
    inputs = failed[0].inputs
    given = f"; its inputs: {named(inputs, 2)}" if inputs else ""
    return f"it failed by itself: no memory or time limit and no missing input caused it{given}"


def _recovered(case: Case, name: str, failed: list[Failure]) -> Incident:
    every = sum(1 for job in case.run.jobs.values() if job.rule == name)
    message = failed_jobs.last_message(failed)
    many = f"{len(failed):,} of {jobs_of(every)}" if every > len(failed) else jobs_of(len(failed))
    return Incident(
        id=f"{CLASS}:{name}:recovered",
        incident_class=CLASS,
        where="tool behavior",
        claim=f"{many} of {name} failed {failed_jobs.how(failed)} and "
        f"recovered on a retry{f': {message}' if message else ''}",
        strength="likely",
        explains=failed_jobs.lost(failed),
        failures=len(failed),
        evidence=failed_jobs.evidence(case, failed),
        wrong_if=f"the same jobs of {name} fail again at first in the next run: then the failure "
        "is deterministic",
        action=Action(
            f"keep the retries of {name}, and read its message if this happens more often",
            "the failure is intermittent so far, and a retry helps",
        ),
        rules=failed_jobs.rules(case, failed),
        jobs=failed_jobs.jobs(case, failed),
    )
