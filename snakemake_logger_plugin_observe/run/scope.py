"""What kind of run it was, and how far it got: the one place that says so."""

from dataclasses import dataclass
from typing import Final, Literal

from snakemake_logger_plugin_observe.journal.events import RunStarted
from snakemake_logger_plugin_observe.run.attempt import FAILED, FINAL
from snakemake_logger_plugin_observe.run.model import Run

ScopeName = Literal["full", "incremental", "resumed", "nothing_to_do", "dry_run"]

UNENDED: Final = frozenset({"running", "killed", "unknown"})
"""The states of a run without an end: its process lives, is gone, or cannot be seen from here."""
LENGTH_UNKNOWN: Final = UNENDED - {"running"}
"""Those in which nobody knows how long it took: the journal has only a lower bound."""

_LEAVING_OUT: Final = ("until", "omit_from", "allowed_rules", "batch")
"""Settings that leave out jobs of the workflow."""


@dataclass(frozen=True, slots=True)
class JobCounts:
    """A run's jobs by how far they got; unknown is None. The first is the sum of the last five."""

    planned: int | None
    """To run in this run; the jobs that were up to date are not among them."""
    up_to_date: int | None
    done: int
    failed: int
    cancelled: int
    in_flight: int
    """Submitted or running, and not ended when the run was last seen alive."""
    not_reached: int | None
    ended_since: int = 0
    """Those in flight that have ended since, by the scheduler's records."""


def job_counts(run: Run) -> JobCounts:
    """Return how far the jobs of *run* got, each by its last attempt.

    Snakemake describes a job before it starts it: one that an error cut off before was not reached.
    One that succeeded in a group that failed counts as cancelled, since its outputs are removed.
    """
    if run.only_ends and run.finished is not None and (known := run.finished.jobs) is not None:
        return JobCounts(
            planned=known.planned,
            up_to_date=known.up_to_date,
            done=known.done,
            failed=known.failed,
            cancelled=known.cancelled,
            in_flight=known.in_flight,
            not_reached=known.not_reached,
        )
    last: dict[int, str] = {}
    for attempt in run.attempts.values():
        if attempt.job_id is not None:
            newest = run.last_attempt(attempt.job_id) or attempt
            # Snakemake never finished one whose end only the scheduler recorded.
            status = "submitted" if newest.end_from_record else newest.status
            last[attempt.job_id] = "cancelled" if run.is_undone(newest) else status
    ends = [end for one, end in last.items() if end != "cancelled" or one in run.jobs]
    done = sum(1 for status in ends if status in ("success", "cached"))
    failed = sum(1 for status in ends if status in FAILED)
    in_flight = sum(1 for status in ends if status not in FINAL)
    newest_ones = map(run.last_attempt, last)
    ended_since = sum(1 for one in newest_ones if one is not None and one.end_from_record)
    planned = up_to_date = None
    if run.planned is not None:
        planned = max(sum(run.planned.to_run.values()), len(last))
        up_to_date = sum(run.planned.up_to_date.values())
    return JobCounts(
        planned=planned,
        up_to_date=up_to_date,
        done=done,
        failed=failed,
        cancelled=len(ends) - done - failed - in_flight,
        in_flight=in_flight,
        ended_since=min(ended_since, in_flight),
        not_reached=None if planned is None else planned - len(ends),
    )


def ran_jobs(run: Run) -> tuple[int, int]:
    """Return how many jobs of *run* ran, and in how many attempts."""
    if run.only_ends and run.finished is not None:
        return run.finished.job_count, run.finished.attempt_count
    of_jobs = [one.job_id for one in run.attempts.values() if one.job_id is not None]
    return len(set(of_jobs)), len(of_jobs)


def all_done(run: Run) -> bool:
    """Whether all planned jobs are done: nothing is in flight, and nothing is left to run."""
    counts = job_counts(run)
    return bool(counts.planned) and counts.done == counts.planned


def in_flight_words(counts: JobCounts) -> str:
    """Return what the jobs in flight are called: some of a killed run may have ended since."""
    if not counts.ended_since:
        return "in flight"
    every = counts.ended_since == counts.in_flight
    return f"in flight then ({'' if every else f'{counts.ended_since:,} '}ended since)"


def not_reached_words(status: str) -> str:
    """Return what jobs are called that have not begun, in a run of this *status*."""
    if status == "running":
        return "waiting"
    return "not started" if status in UNENDED else "not reached"


def part_of(run: Run) -> str:
    """Return what made a run one of a part of its workflow; empty if nothing is known to.

    Such a run may be full, in that every job of its DAG ran, but its DAG is not the workflow's.
    """
    return part_asked_for(run.started) if run.started is not None else ""


def part_asked_for(started: RunStarted) -> str:
    """Return the same as ``part_of``, of a run of which only the beginning is known."""
    for name in _LEAVING_OUT:
        if chosen := started.settings.get(name):
            words = chosen if isinstance(chosen, list | tuple) else (chosen,)
            flag = f"--{name.replace('_', '-')} {' '.join(map(str, words))}"
            return f"{flag} left out jobs"
    default = started.default_target
    if default is not None and started.targets and started.targets != (default,):
        return f"only {' '.join(started.targets)} was asked for"
    return ""


def scope_of(run: Run, *, resumes: bool = False) -> ScopeName | None:
    """Return what kind of run it was; None if its plan is unknown.

    Args:
        run: the run.
        resumes: whether an earlier run of the same work failed or was cut off, and none since
            completed it.

    """
    if run.is_dry_run:
        return "dry_run"
    if run.planned is None and not run.only_ends:
        ended = run.finished.status if run.finished is not None else None
        return "nothing_to_do" if ended == "nothing_to_do" else None
    counts = job_counts(run)
    if counts.planned is None:
        return None
    return scope_of_plan(counts.planned, counts.up_to_date, resumes=resumes)


def scope_of_plan(
    planned: int | None, up_to_date: int | None, *, resumes: bool = False
) -> ScopeName:
    """Return what kind of run has so many jobs to run, and so many that are up to date."""
    if not planned:
        return "nothing_to_do"
    if not up_to_date:
        return "full"
    return "resumed" if resumes else "incremental"
