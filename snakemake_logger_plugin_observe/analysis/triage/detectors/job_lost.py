"""A job was terminated from outside: cancelled, preempted, or its node failed."""

from collections.abc import Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.causes import cancelled_by
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import LOST
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.clock import format_moment, to_seconds
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.run.scheduler_ends import (
    ended_before_it_was_given_up,
    interrupted_at,
)

CLASS: Final = LOST


def detect(case: Case) -> Iterator[Incident]:
    """Yield one incident for each rule that lost a job."""
    for name, failed in failed_jobs.by_rule(case.failures_by_class.get(CLASS, ())).items():
        probably, strength = failed_jobs.how_sure(failed)
        records = [case.run.record_of(one.decisive_row.attempt) for one in failed]
        states = tuple(dict.fromkeys(filter(None, map(_state, records))))
        rows = [row for one in failed for row in one.rows if row.attempt.status != "success"]
        ids = tuple(
            dict.fromkeys(r.attempt.external_jobid for r in rows if r.attempt.external_jobid)
        )
        nodes = tuple(dict.fromkeys(row.attempt.node for row in rows if row.attempt.node))
        on_nodes = f" on {named(nodes)}" if nodes else ""
        by_state = f": {', '.join(states)}" if states else ""
        cluster_jobs = f"cluster {'job' if len(ids) == 1 else 'jobs'} {named(ids)}" if ids else ""
        of_ids = f" ({cluster_jobs})" if ids else ""
        yield Incident(
            id=f"{CLASS}:{name}",
            incident_class=CLASS,
            where="operating context",
            claim=f"{failed_jobs.who(failed)} {'was' if len(failed) == 1 else 'were'} "
            f"{probably}{_what_happened(failed, records)}{on_nodes}{of_ids}{by_state}"
            f"{_unnoticed(case, failed)}{failed_jobs.attempt_by_attempt(failed)}",
            strength=strength,
            wrong_if="the scheduler's own record shows another end"
            if all(record is not None and record.state for record in records)
            else "the tool's own log shows an error at that moment",
            action=_action(records, cluster_jobs, on_nodes),
            **failed_jobs.fields(case, failed),
        )


def _what_happened(failed: Sequence[Failure], records: Sequence[SchedulerRecord | None]) -> str:
    """Return that jobs were terminated; of those that somebody cancelled in the queue, that."""
    if all(one is not None and one.state == "CANCELLED" and one.started is None for one in records):
        attempts = [one.decisive_row.attempt for one in failed]
        if any(one.was_queued_again for one in attempts):
            return "cancelled before the cluster started it again"
        if not any(one.node_starts or one.levels for one in attempts):
            return f"cancelled before {'it' if len(failed) == 1 else 'they'} began"
    return "terminated from outside"


def _state(record: SchedulerRecord | None) -> str | None:
    """Return ``CANCELLED by user 1000 at 10:03:01 UTC``."""
    if record is None or record.state is None:
        return None
    by = f" by {who}" if (who := cancelled_by(record)) is not None else ""
    when = f" at {format_moment(record.ended)[11:19]} UTC" if record.ended is not None else ""
    return f"{record.state}{by}{when}"


def _unnoticed(case: Case, failed: Sequence[Failure]) -> str:
    """Return for how long Snakemake did not notice it, if it never did."""
    run = case.run
    until, when = run.last_moment, "so far" if case.status == "running" else "when it was last seen"
    if run.finished is not None:
        until, when = interrupted_at(run) or run.finished.time, "when the run ended"
    waits = [
        until - record.ended
        for one in failed
        if ended_before_it_was_given_up(run, one.rows[-1].attempt)
        and (record := run.record_of(one.rows[-1].attempt)) is not None
        and record.ended is not None
    ]
    if not waits:
        return ""
    has = "has" if case.status == "running" else "had"
    return f"; Snakemake {has} not noticed {to_seconds(max(waits)):.0f} s later, {when}"


def _action(records: Sequence[SchedulerRecord | None], cluster_jobs: str, on_nodes: str) -> Action:
    cancelled = [who for one in records if (who := cancelled_by(one)) is not None]
    of_cluster = "cluster" if cluster_jobs else "system"
    if cancelled and len(cancelled) == len(records):
        users = " or ".join(dict.fromkeys(cancelled))
        return Action(
            f"ask {users} why {cluster_jobs} had to be cancelled; then run again",
            "the scheduler's record names who cancelled it; no tool failed",
            escalate=True,
        )
    return Action(
        f"find out from the {of_cluster}'s records what ended {cluster_jobs or 'these jobs'}"
        f"{on_nodes}; then run again, with retries for the rule if this is common here",
        "its processes ended without an error message from the tool",
        escalate=True,
    )
