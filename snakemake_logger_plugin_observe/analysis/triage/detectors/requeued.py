"""The cluster ended a job and started it again: preemption, a failed node, or a requeue by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import named, plural, submission_name
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import MISREPORTED
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.clock import Micros, to_seconds
from snakemake_logger_plugin_observe.journal.records import SchedulerStart
from snakemake_logger_plugin_observe.run.attempt import Attempt

CLASS: Final = "requeued"
_BY: Final = {
    "PREEMPTED": "it was preempted",
    "NODE_FAIL": "its node failed",
    "BOOT_FAIL": "its node did not boot",
}
_UNKNOWN: Final = "preempted, its node failed, or requeued by an administrator or by hand"
_IDS: Final = 8
_CITED: Final = 3


@dataclass(frozen=True, slots=True)
class _Again:
    """A submission that the cluster started more than once."""

    attempt: Attempt
    starts: int
    lost: Micros
    """From its first start to its last one; 0 if that is not known."""
    earlier: tuple[SchedulerStart, ...]
    held: Micros
    """How long it was not allowed to start again; 0 if that is not known."""
    nodes: tuple[str, ...]


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each rule, or group, whose jobs the cluster started again."""
    by_name: dict[str, list[_Again]] = {}
    known = {
        one.decisive_row.attempt.key for one in case.failures_by_class.get(MISREPORTED, ())
    }  # that class reports it
    for attempt in case.run.attempts.values():
        if attempt.is_member or attempt.key in known:
            continue
        if (again := _again(attempt)) is not None:
            name = case.run.rule_of(attempt) or submission_name(None, {}, attempt.group)
            by_name.setdefault(name, []).append(again)
    for name, found in by_name.items():
        yield _incident(case, name, found)


def _again(attempt: Attempt) -> _Again | None:
    record = attempt.accounting
    starts = max(
        len(attempt.node_starts),
        1 + (record.restarts if record is not None else 0),
        1 + max((level.restarts for level in attempt.levels), default=0),
    )
    if starts < 2:
        return None
    earlier = record.earlier_starts if record is not None else ()
    began = min(attempt.node_starts, default=0) or next(
        (one.started for one in earlier if one.started), None
    )
    again = max(attempt.node_starts, default=0) or (record.started if record is not None else None)
    lost = max(0, again - began) if began and again else 0
    held = 0
    if record is not None and record.eligible is not None and earlier and earlier[-1].ended:
        held = max(0, record.eligible - earlier[-1].ended)
    nodes = tuple(dict.fromkeys(one.nodes for one in earlier if one.nodes))
    return _Again(attempt, starts, lost, earlier, held, nodes)


def _incident(case: Case, name: str, found: Sequence[_Again]) -> Incident:
    one = max(found, key=lambda each: each.lost)
    ids = tuple(
        each.attempt.external_jobid for each in found if each.attempt.external_jobid is not None
    )
    of_ids = f" (cluster {'jobs' if len(ids) > 1 else 'job'} {named(ids, _IDS)})" if ids else ""
    job = case.run.job_of(one.attempt)
    who = submission_name(job.rule, job.wildcards) if job is not None else name
    if len(found) > 1:
        who = f"{plural(len(found), 'job')} of {name}"
    times = sum(each.starts - 1 for each in found)
    return Incident(
        id=f"{CLASS}:{name}",
        incident_class=CLASS,
        where="operating context",
        claim=f"the cluster ended {who}{of_ids} and {_did(found)} "
        f"again{f' {times} times' if times > len(found) else ''} ({_why(found)})"
        f"{_first_start(one, several=len(found) > 1)}; no tool failed by that",
        strength="certain",
        explains=sum(each.lost for each in found),
        failures=0,
        evidence=tuple(
            cited
            for each in found[:_CITED]
            for cited in case.side.at_line(each.attempt.line, f"starts: {each.starts}")
        )
        or case.side.at_start("the run"),
        wrong_if="the job's own script asks the scheduler to requeue it",
        action=Action(
            f"nothing of {name} is to be corrected; if this happens often, ask for a partition or "
            "a QOS whose jobs are not preempted, or make its jobs shorter",
            "what a job had done when the cluster ended it was lost, and was done again",
            escalate=True,
        ),
        rules=tuple(
            dict.fromkeys(filter(None, (case.run.rule_of(each.attempt) for each in found)))
        ),
        jobs=tuple(each.attempt.job_id for each in found if each.attempt.job_id is not None),
    )


def _did(found: Sequence[_Again]) -> str:
    """Return ``started it``; of those that have not begun again, only that they were queued."""
    them = "them" if len(found) > 1 else "it"
    records = [one.attempt.accounting for one in found]
    waits = [record is not None and record.started is None for record in records]
    if all(waits):
        return f"queued {them}"
    return f"queued {them}, or started {them}," if any(waits) else f"started {them}"


def _why(found: Sequence[_Again]) -> str:
    """Return why the cluster ended them, by their records, as far as these say so."""
    states = [each.state for one in found for each in one.earlier]
    known = dict.fromkeys(_BY[state] for state in states if state in _BY)
    if known and all(state in _BY for state in states):
        return " or ".join(known)
    return _UNKNOWN


def _first_start(one: _Again, *, several: bool) -> str:
    """Return what its first start lost, and how long it was kept from starting again."""
    of_one = "; of the one that lost most, " if several else "; "
    on = f" on {named(one.nodes)}" if one.nodes else ""
    parts = []
    if one.earlier and one.earlier[0].started and one.earlier[0].ended:
        ran = to_seconds(one.earlier[0].ended - one.earlier[0].started)
        parts.append(f"the first start{on} had run for {ran:.0f} s")
    if one.held:
        parts.append(f"it might not start again for {to_seconds(one.held):.0f} s")
    if one.lost:
        parts.append(f"it started again {to_seconds(one.lost):.0f} s after its first start")
    return of_one + ", ".join(parts) if parts else ""
