"""A tool failed, and nothing more specific is known of it than how it ended and what it said."""

import signal
from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
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
# What a tool hardly sends itself: a kernel without memory, a scheduler, or a person does.
_SENT: Final = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT})


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each rule whose jobs failed for good, one for each that recovered."""
    for name, of_rule in failed_jobs.by_rule(case.failures_by_class.get(CLASS, ())).items():
        recovered = [one for one in of_rule if one.outcome == "succeeded"]
        for_good = [one for one in of_rule if one.outcome != "succeeded"]
        if for_good:
            yield _for_good(case, name, for_good)
        if recovered:
            yield _recovered(case, name, recovered)


def _for_good(case: Case, name: str, found: list[Failure]) -> Incident:
    line, words = failed_jobs.last_line(found), failed_jobs.last_words(found)
    where = ""
    if line is not None:
        where = f" ({line.path})" if line.number is None else f" ({line.path}:{line.number})"
    causes = {one.cause for one in found}
    forgot = causes == {"missing_output"}
    times = sum(len(one.occurrences) for one in found)
    again = f", {times:,} times, not in the same way" if times > len(found) else ""
    strength: Strength = "certain" if causes <= set(_KNOWN) else "likely"
    sent = all(one.cause == "signal" and one.last.why.signal in _SENT for one in found)
    if sent or causes == {"other"}:
        strength = "possible"
    action = f"repair what {name} says{where}"
    if line is None:
        action = f"run {name} by itself and see how it fails"
    if sent:
        action = f"find out who sent the signal: see {_records(found)}"
    if forgot:
        action = f"have {name} write what its output: promises, or correct the promise"
    return Incident(
        id=f"{CLASS}:{name}",
        incident_class=CLASS,
        where=_where(forgot=forgot, sent=sent),
        claim=_forgot(case, found)
        if forgot
        else f"{failed_jobs.who(found)} failed {failed_jobs.how(found)}{again}"
        + (f": {words}" if words else ""),
        strength=strength,
        explains=failed_jobs.lost(found),
        failures=len(found),
        evidence=failed_jobs.evidence(case, found),
        wrong_if="the tool's own script sends the signal"
        if sent
        else "the same command, run by itself on the same inputs, succeeds",
        action=Action(action, _sent(found) if sent else _why(case, found, forgot=forgot)),
        check="failed_jobs <= 0",
        rules=failed_jobs.rules(case, found),
        jobs=failed_jobs.jobs(case, found),
    )


def _where(*, forgot: bool, sent: bool) -> Boundary:
    if forgot:
        return "workflow semantics"
    return "operating context" if sent else "tool behavior"


def _records(found: list[Failure]) -> str:
    """Return where it shows who sent a signal."""
    attempts = [row.attempt for one in found for row in one.rows]
    nodes = named(tuple(dict.fromkeys(one.node for one in attempts if one.node)))
    ids = named(tuple(dict.fromkeys(one.external_jobid for one in attempts if one.external_jobid)))
    kernel = f"the kernel's log{f' of {nodes}' if nodes else ''} (was its memory used up?)"
    return f"{kernel}{f', and what the cluster recorded of {ids}' if ids else ''}"


def _sent(found: list[Failure]) -> str:
    """Say what is known of a signal that no tool sends itself."""
    used = max((one.use.memory_bytes or 0 for one in found), default=0)
    asked = max((one.use.memory_requested_bytes or 0 for one in found), default=0)
    known = "how much memory it used is not known"
    if used:
        of_asked = f" of the {asked / 1e6:.0f} MB that it asked for" if asked else ""
        known = f"it is known to have used {used / 1e6:.0f} MB{of_asked}"
    return (
        f"such a signal is sent by a kernel without memory, by a scheduler, or by a person; {known}"
    )


def _not_there(found: list[Failure]) -> bool:
    """Whether outputs were missing: else they were there, and not as the workflow promises them."""
    return any("some output files are missing" in (one.last.message or "") for one in found)


def _forgot(case: Case, found: list[Failure]) -> str:
    """Say what a tool that ended well did not leave, or not as it should."""
    who, what = failed_jobs.who(found), named(failed_jobs.missed_outputs(case, found))
    what = what or "its output"
    if not _not_there(found):
        return f"{who} left {what}, which is not as promised (empty, or altered)"
    return f"{who} did not leave {what}, though its tool ended well"


def _since(case: Case, missed: tuple[str, ...]) -> str:
    """Say what became of missing outputs; one that a later run made says nothing of this one."""
    gone = tuple(path for path in missed if path in case.gone)
    if gone:
        return f"{'' if gone == missed else f'{named(gone)} '}not there now either"
    return "not looked for since" if case.read is None else "whether it came late is not known"


def _why(case: Case, found: list[Failure], *, forgot: bool) -> str:
    if forgot and not _not_there(found):
        return "its tool ended well, and Snakemake's check of what it left failed"
    if forgot:
        since = _since(case, failed_jobs.missed_outputs(case, found))
        return f"its tool ended well, and what it should leave was not there ({since})"
    if all(one.cause == "other" for one in found):
        return (
            "how its tool ended is not known: the journal has no exit code of it"
            if case.run.wrapped
            else "how its tool ended is not known without --executor timed"
        )
    inputs = found[0].inputs
    at = f"; it was given {named(inputs, 2)}" if inputs else ""
    return (
        f"it failed by itself, and no limit of the cluster's and no missing input is behind it{at}"
    )


def _recovered(case: Case, name: str, found: list[Failure]) -> Incident:
    tried = sum(1 for job in case.run.jobs.values() if job.rule == name)
    words = failed_jobs.last_words(found)
    many = f"{len(found):,} of {jobs_of(tried)}" if tried > len(found) else jobs_of(len(found))
    return Incident(
        id=f"{CLASS}:{name}:recovered",
        incident_class=CLASS,
        where="tool behavior",
        claim=f"{many} of {name} failed {failed_jobs.how(found)} and "
        f"succeeded when tried again{f': {words}' if words else ''}",
        strength="likely",
        explains=failed_jobs.lost(found),
        failures=len(found),
        evidence=failed_jobs.evidence(case, found),
        wrong_if=f"the same jobs of {name} fail first in the next run, too: then it is no chance",
        action=Action(
            f"keep the retries of {name}, and look at what it said if it comes more often",
            "it did not come again: so far it is chance, and trying again helps",
        ),
        rules=failed_jobs.rules(case, found),
        jobs=failed_jobs.jobs(case, found),
    )
