"""A job was reported to Snakemake as failed, and by the scheduler's record it had not failed."""

from collections.abc import Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.triage import cluster_jobs, failed_jobs, status_checks
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import MISREPORTED
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.run.scheduler_ends import is_out

CLASS: Final = MISREPORTED
_IDS: Final = 8


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for the jobs that were never run, and one for those that ended well."""
    known: dict[bool, list[tuple[Failure, SchedulerRecord]]] = {}
    for one in case.failures_by_class.get(CLASS, ()):
        record = case.run.record_of(one.decisive_row.attempt)
        if record is not None:
            known.setdefault(is_out(record), []).append((one, record))
    for still_out, pairs in known.items():
        yield _incident(case, pairs, still_out=still_out)


def _incident(
    case: Case, pairs: Sequence[tuple[Failure, SchedulerRecord]], *, still_out: bool
) -> Incident:
    failed = [one for one, _ in pairs]
    records = [record for _, record in pairs]
    ids = tuple(dict.fromkeys(record.cluster_job for record in records))
    states = named(dict.fromkeys(filter(None, (record.state for record in records))))
    many = len(failed) > 1
    claim = (
        f"{status_checks.reporter(case.run)} reported {failed_jobs.who(failed)} as failed, but by "
        f"the scheduler's record {'they were' if many else 'it was'} {states} (cluster "
        f"{'jobs' if len(ids) > 1 else 'job'} {named(ids, _IDS)})"
    )
    it, its = ("they", "them") if many else ("it", "it")
    if still_out:
        claim += f": {it} never began, and may still be queued or run"
    else:
        claim += f": {it} ended without an error there"
    return Incident(
        id=f"{CLASS}:{'out' if still_out else 'ended'}",
        incident_class=CLASS,
        where="operating context",
        claim=claim,
        strength=failed_jobs.how_sure(failed)[1],
        wrong_if=f"the scheduler shows that {it} failed before that",
        action=Action(
            _first(ids, its, still_out=still_out)
            + f"correct what reports the jobs' states ({_reporter(case)}): it took {states} for a "
            "failure; then run again",
            "no tool failed: only the status that was reported to Snakemake is wrong",
            commands=cluster_jobs.commands(records[0].scheduler, ids[:_IDS]) if still_out else (),
        ),
        **failed_jobs.fields(case, failed),
    )


def _first(ids: Sequence[str], its: str, *, still_out: bool) -> str:
    if still_out:
        return (
            f"cancel {named(ids, _IDS)} first: the next run would submit {its} a second time; then "
        )
    return ""


def _reporter(case: Case) -> str:
    """Return what tells Snakemake the states of its jobs, as far as it is known."""
    started = case.run.started
    wraps = (started.wraps or started.executor) if started is not None else None
    if wraps == "cluster-generic":
        return "the script of --cluster-generic-status-cmd"
    return f"the {wraps} executor's status check" if wraps else "the executor's status check"
