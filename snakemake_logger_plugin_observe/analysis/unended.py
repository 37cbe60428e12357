"""A run without an end in its journal: what it was doing when it was last seen alive."""

from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import (
    group_name,
    job_name,
    jobs_of,
    named,
    submission_name,
)
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scope import job_counts

_PAIR: Final = 2


def in_flight(run: Run) -> list[Attempt]:
    """Return the attempts of jobs that have not ended."""
    open_ones = (one for one in run.attempts.values() if one.status not in FINAL)
    return [one for one in open_ones if one.job_id is not None or not run.members(one.group or "")]


def before_jobs(run: Run) -> str | None:
    """Return what a run without an attempt and a plan was doing; None if it got further."""
    if run.attempts or run.planned is not None:
        return None
    building = any(message.kind == "building_dag" for message in run.messages)
    return "it was building its DAG" if building else "it was starting"


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
