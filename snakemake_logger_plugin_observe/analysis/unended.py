"""A run without an end in its journal: what it was doing when it was last seen alive."""

from collections.abc import Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import (
    group_name,
    job_name,
    jobs_of,
    named,
    submission_name,
)
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt
from snakemake_logger_plugin_observe.run.external_ids import id_in
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scheduler_ends import has_ended, is_out
from snakemake_logger_plugin_observe.run.scope import job_counts

_PAIR: Final = 2
_IDS: Final = 8
_ON_THIS_HOST: Final = frozenset({None, "local", "dryrun", "touch", "timed"})


def in_flight(run: Run) -> list[Attempt]:
    """Return the attempts of jobs that have not ended."""
    open_ones = (
        one for one in run.attempts.values() if one.status not in FINAL or one.end_from_record
    )
    return [one for one in open_ones if one.job_id is not None or not run.members(one.group or "")]


def before_jobs(run: Run) -> str | None:
    """Return what a run without an attempt and a plan was doing; None if it got further."""
    if run.attempts or run.planned is not None:
        return None
    building = any(message.kind == "building_dag" for message in run.messages)
    return "it was building its DAG" if building else "it was starting"


def left_in_flight(run: Run) -> list[Attempt]:
    """Return the attempts that a run which ended early left in flight, or that were cut off."""
    return [
        one
        for one in run.attempts.values()
        if one.job_id is not None
        and (
            one.status not in FINAL or one.end_from_record or one.cut_off or was_given_up(run, one)
        )
    ]


def was_given_up(run: Run, one: Attempt) -> bool:
    """Whether a Snakemake that ended early gave up an attempt that it may have submitted.

    Without the timing executor that is not recorded: it may have submitted each that it selected.
    """
    submitted = one.stamps.accepted is not None or one.external_jobid is not None
    return one.status == "cancelled" and (submitted or not run.wrapped)


def go_on(
    run: Run, left: Sequence[Attempt], *, killed: bool, still_out: Sequence[str] | None = None
) -> str:
    """Return what to do after a run that ended early, so that the next one goes on.

    Args:
        run: the run.
        left: its attempts that were in flight when it ended.
        killed: whether Snakemake was killed, and so could not remove its lock.
        still_out: the ids of those that the cluster still has; None if that is not known.

    """
    if not left and not killed:
        return "run the same command again: what is done stays done"
    first = ""
    may_go_on = [one for one in left if not has_ended(run.record_of(one))]
    known_to = [one for one in may_go_on if is_out(run.record_of(one))]
    ids = _ids(may_go_on)
    if still_out is not None:  # the scheduler was asked just now
        if still_out:
            first = f"cancel {named(still_out, _IDS)}, which the cluster still has; then "
    elif known_to and (recorded := _ids(known_to)):
        first = f"cancel {named(recorded, _IDS)}, which the scheduler still had; then "
    elif ids:
        first = f"check whether the cluster still runs {named(ids, _IDS)}, and cancel those "
        first += "that it does; then "
    elif _is_on_a_cluster(run):
        if any(one.stamps.accepted is not None or not run.wrapped for one in may_go_on):
            first = "ask the scheduler for your jobs (with Slurm: squeue --me), and cancel those "
            first += "that are left of this run; then "
    elif not all(one.cut_off for one in may_go_on):
        jobs = _names(run, may_go_on)
        first = f"check on this host (ps -ef) whether the tools of {jobs} still run, and end those "
        first += "that do; then "
    again = f"{first}run the same command again with --rerun-incomplete"
    if not killed:
        return again
    return f"{again} (after snakemake --unlock, if it is reported that the directory is locked)"


def _is_on_a_cluster(run: Run) -> bool:
    """Whether the run's executor hands jobs to another machine, or to a submit command."""
    return run.inner_executor not in _ON_THIS_HOST


def _ids(attempts: Sequence[Attempt]) -> tuple[str, ...]:
    known = (id_in(one.external_jobid) for one in attempts)
    return tuple(dict.fromkeys(one for one in known if one))


def doing(run: Run) -> str:
    """Return what was in flight, and what had not started, as a sentence's second half."""
    if (before := before_jobs(run)) is not None:
        return f"{before}, and no job had started"
    found = []
    if open_ones := in_flight(run):
        found.append(
            f"{_names(run, open_ones)} {'was' if len(open_ones) == 1 else 'were'} in flight"
        )
    if waiting := job_counts(run).not_reached:
        found.append(f"{jobs_of(waiting)} had not started")
    return ", and ".join(found) or "no job was in flight"


def _names(run: Run, attempts: list[Attempt]) -> str:
    names = [_name(run, one) for one in attempts]
    return " and ".join(names) if len(names) == _PAIR else named(names)


def _name(run: Run, attempt: Attempt) -> str:
    job = run.job_of(attempt)
    if job is not None:
        return job_name(job)
    if attempt.job_id is not None:
        return f"job {attempt.job_id}"
    return submission_name(None, {}, group_name(run, attempt.group))
