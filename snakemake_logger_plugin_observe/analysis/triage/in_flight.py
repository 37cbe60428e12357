"""What a run left behind that came to no end of its own: jobs in flight, and work not begun."""

import shlex
from collections.abc import Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.phrasing import job_name, jobs_of, named
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import KILLED
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt

_CITED: Final = 3
_IDS: Final = 8
# How a person looks at, and ends, jobs of a scheduler; others have commands of their own.
_LOOK: Final = {"slurm": ("squeue -j {}", "scancel {}"), "lsf": ("bjobs {}", "bkill {}")}


def left(case: Case) -> tuple[Attempt, ...]:
    """Return the jobs' attempts that the run's end found in flight, or cut off."""
    cut_off = set(failed_jobs.jobs(case, case.failures_by_class.get(KILLED, ())))
    found: dict[int, Attempt] = {}
    for one in case.run.attempts.values():
        if one.job_id is None:
            continue
        at_the_end = one.job_id in cut_off and one.status != "success"
        if at_the_end or one.status not in FINAL or _dropped(case, one):
            found[one.job_id] = one
    return tuple(found.values())


def _dropped(case: Case, one: Attempt) -> bool:
    """Whether an interrupted Snakemake let go of an attempt that it had begun."""
    interrupted = case.status in ("killed", "interrupted") and one.status == "cancelled"
    return interrupted and (one.stamps.accepted is not None or one.external_jobid is not None)


def external_ids(attempts: Sequence[Attempt]) -> tuple[str, ...]:
    """Return the ids under which the cluster knows them, each once."""
    return tuple(dict.fromkeys(one.external_jobid for one in attempts if one.external_jobid))


def names(case: Case, attempts: Sequence[Attempt]) -> str:
    """Return what a person calls the jobs in flight."""
    known = (case.run.jobs.get(one.job_id) for one in attempts if one.job_id is not None)
    return named([job_name(job) for job in known if job is not None])


def told(case: Case, attempts: Sequence[Attempt]) -> str:
    """Return how many were in flight, which, and under which ids; and what was not begun."""
    if not attempts:
        said = "no job in flight"
    else:
        said = f"{jobs_of(len(attempts))} in flight: {names(case, attempts)}"
        if ids := external_ids(attempts):
            said += f" ({_scheduler(case)} {named(ids, _IDS)})"
    not_begun = not_begun_of(case)
    return f"{said}, and {jobs_of(not_begun)} not begun" if not_begun else said


def not_begun_of(case: Case) -> int:
    """Return how many of the jobs that were planned no attempt was made of."""
    if case.run.planned is None:
        return 0
    tried = {one.job_id for one in case.run.attempts.values() if one.job_id is not None}
    return max(0, sum(case.run.planned.to_run.values()) - len(tried))


def advice(case: Case, attempts: Sequence[Attempt]) -> str:
    """Return what to do with what is left, before and in the next run."""
    first = ""
    if ids := external_ids(attempts):
        shown = ",".join(ids[:_IDS])
        more = " and the others" if len(ids) > _IDS else ""
        look = _LOOK.get(_scheduler(case))
        if look is not None:
            joined = shlex.quote(shown) if _scheduler(case) == "slurm" else shown.replace(",", " ")
            first = f"look whether they still run ({look[0].format(joined)}{more}) and end those "
            first += f"that do ({look[1].format(shown.replace(',', ' '))}{more}); then "
        else:
            first = f"look whether the cluster still runs {named(ids, _IDS)}, and end those that "
            first += "do; then "
    elif attempts:
        first = (
            "look whether their tools still run on this run's host, and end those that do; then "
        )
    return (
        f"{first}run the same command again with --rerun-incomplete, after --unlock if Snakemake "
        "says that the directory is locked"
    )


def _scheduler(case: Case) -> str:
    started = case.run.started
    return (started.wraps or started.executor if started is not None else None) or "external"


def lost(case: Case, attempts: Sequence[Attempt]) -> int:
    """Return what they had taken since they were chosen, in microseconds; a group counts once."""
    whole = {(one.group or "", one.number) for one in attempts if one.is_member}
    groups = [case.run.attempts[key] for key in whole if key in case.run.attempts]
    return sum(one.since_selected for one in (*attempts, *groups))


def rules(case: Case, attempts: Sequence[Attempt]) -> tuple[str, ...]:
    """Return the rules of the jobs in flight."""
    return tuple(dict.fromkeys(filter(None, map(case.run.rule_of, attempts))))


def evidence(case: Case, attempts: Sequence[Attempt]) -> tuple[Citation, ...]:
    """Cite the last word on a few of them."""
    return tuple(
        one
        for attempt in attempts[:_CITED]
        for one in case.side.at_line(
            attempt.line,
            f"group: {attempt.group}" if attempt.is_member else f"job_id: {attempt.job_id}",
        )
    )
