"""A job was reported to Snakemake as failed, and by the scheduler's record it had not failed."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.messages import is_missing_output
from snakemake_logger_plugin_observe.analysis.live import status_checks
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.triage import cluster_jobs, failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import MISREPORTED
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.run.scheduler_ends import is_out

CLASS: Final = MISREPORTED
_IDS: Final = 8
_Pair = tuple[Failure, SchedulerRecord]
_Kind = Literal["out", "again", "ended"]


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for the jobs that are still out, by how they got there, and the others."""
    known: dict[tuple[_Kind, bool], list[_Pair]] = {}
    for one in case.failures_by_class.get(CLASS, ()):
        attempt = one.decisive_row.attempt
        record = case.run.record_of(attempt)
        if record is not None:
            submission = case.run.submission_of(attempt) or attempt
            kind: _Kind = "again" if submission.was_queued_again else "out"
            if not is_out(record):
                kind = "ended"
            as_failed = not is_missing_output(one.decisive.message)
            known.setdefault((kind, as_failed), []).append((one, record))
    for (kind, as_failed), pairs in known.items():
        yield _incident(case, pairs, kind, as_failed=as_failed)


def _incident(case: Case, pairs: Sequence[_Pair], kind: _Kind, *, as_failed: bool) -> Incident:
    failed = [one for one, _ in pairs]
    records = [record for _, record in pairs]
    ids = tuple(dict.fromkeys(record.cluster_job for record in records))
    states = named(dict.fromkeys(filter(None, (record.state for record in records))))
    many = len(failed) > 1
    reported = "failed" if as_failed else "successful"
    claim = (
        f"{status_checks.reporter(case.run)} reported {failed_jobs.who(failed)} as {reported}, but "
        f"by the scheduler's record {'they were' if many else 'it was'} {states} (cluster "
        f"{'jobs' if len(ids) > 1 else 'job'} {named(ids, _IDS)})"
    )
    it, its = ("they", "them") if many else ("it", "it")
    if kind == "again":
        claim += f": {_queued_again(records, its)}; {it} may still be queued or run"
        earlier = [one.state for record in records for one in record.earlier_starts]
        every = filter(None, [*earlier, *(one.state for one in records)])
        states = " or ".join(dict.fromkeys(every))
    elif kind == "out":
        claim += f": {it} never began, and may still be queued or run"
    else:
        claim += f": {it} ended without an error there"
    still_out = kind != "ended"
    taken = "a failure" if as_failed else "success"
    return Incident(
        id=f"{CLASS}:{kind}{'' if as_failed else ':successful'}",
        incident_class=CLASS,
        where="operating context",
        claim=claim,
        strength=failed_jobs.how_sure(failed)[1],
        wrong_if=f"the scheduler shows that {it} {'failed' if as_failed else 'ended'} before that",
        action=Action(
            _first(ids, its, still_out=still_out)
            + f"correct what reports the jobs' states ({_reporter(case)}): it took {states} for "
            f"{taken}; then run again",
            "no tool failed: only the status that was reported to Snakemake is wrong",
            commands=cluster_jobs.commands(records[0].scheduler, ids[:_IDS]) if still_out else (),
        ),
        **failed_jobs.fields(case, failed),
    )


def _queued_again(records: Sequence[SchedulerRecord], its: str) -> str:
    """Return that the cluster ended jobs and queued them again, and how, as far as it is known."""
    one = next((each for each in records if each.earlier_starts), None)
    last = one.earlier_starts[-1] if one is not None else None
    state = f" ({last.state})" if last is not None and last.state else ""
    ran = ""
    if last is not None and last.started is not None and last.ended is not None:
        on = f" on {last.nodes}" if last.nodes else ""
        ran = f" after {to_seconds(last.ended - last.started):.0f} s{on}"
    return f"the cluster had ended {its}{ran}{state}, and put {its} back into the queue"


def _first(ids: Sequence[str], its: str, *, still_out: bool) -> str:
    if still_out:
        return (
            f"cancel {named(ids, _IDS)} first: the next run would submit {its} a second time; then "
        )
    return ""


def _reporter(case: Case) -> str:
    """Return what tells Snakemake the states of its jobs, as far as it is known."""
    executor = case.run.inner_executor
    if executor == "cluster-generic":
        return "the script of --cluster-generic-status-cmd"
    return f"the {executor} executor's status check" if executor else "the executor's status check"
