"""Jobs were held in the cluster: a hold, a limit or a request kept them from starting."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.live.reasons import Obstacle, recorded_obstacle
from snakemake_logger_plugin_observe.analysis.phrasing import (
    group_name,
    job_name,
    named,
    plural,
    submission_name,
)
from snakemake_logger_plugin_observe.analysis.triage import cluster_jobs, failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.holds import (
    WHO_HELD_IT,
    are_gone,
    never_started,
)
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.time_evidence import (
    cite_longest,
    matters,
    phase_limit,
)
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.run.attempt import Attempt

CLASS: Final = "held_jobs"
_PHASE: Final = "held"
_UNNAMED: Final = "Slurm names no reason"
_OTHER: Final = Obstacle(
    "the cluster did not let it start",
    "ask the cluster's administrators what held it",
    "nothing else is recorded",
    escalate=True,
)

_LATER: Final = {
    "BeginTime": Obstacle(
        "it might not begin before a set time",
        "see what sets that time: --begin in what is requested, or a requeue, after which Slurm "
        "lets a job wait for two minutes",
        "Slurm starts it once that time has come",
    ),
    "Dependency": Obstacle(
        "a job that it depends on had not ended as it must",
        "see what it depends on (--dependency in what is requested), and how that ended",
        "Slurm starts it only then",
    ),
}
"""By Slurm's reasons that pass by themselves, or never: what to look at."""


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each reason, if jobs never started or it took much of the run."""
    if case.live is not None and not case.live.all_ended:  # what does not move now is another class
        return
    held: dict[str, list[Attempt]] = {}
    for one in case.run.attempts.values():
        if one.phases.get(_PHASE):
            held.setdefault(_reason(one.accounting), []).append(one)
    large = matters(case, _PHASE)
    for reason, attempts in held.items():
        never = [one for one in attempts if never_started(one)]
        if large or never:
            yield _incident(case, reason, never or attempts, never=bool(never))


def _reason(record: SchedulerRecord | None) -> str:
    """Return Slurm's reason, empty if it names none.

    Of what was cancelled before it might begin, Slurm keeps that moment, and not the reason.
    """
    if record is None or record.reason is not None:
        return (record.reason if record is not None else None) or ""
    gone = record.started is None and record.ended is not None
    return "BeginTime" if gone and (record.eligible or 0) > (record.ended or 0) else ""


def _incident(case: Case, reason: str, attempts: Sequence[Attempt], *, never: bool) -> Incident:
    many = len(attempts) > 1
    known = recorded_obstacle(reason) or _LATER.get(reason, _OTHER)
    ids = [one.external_jobid for one in attempts if one.external_jobid]
    ended = {one.key for one in attempts if one.accounting and one.accounting.ended is not None}
    still_there = [i for one in attempts if (i := one.external_jobid) and one.key not in ended]
    longest = max(one.phases[_PHASE] for one in attempts)
    # What is gone cannot be released, and the next run submits other jobs: its end comes first.
    went = never and are_gone(attempts)
    names = _who(case, attempts)
    of_ids = f" (slurm {named(ids)})" if ids else ""
    how = f"held in the cluster for {longest / 1e6:.1f} s{' at most' if many else ''}"
    if never:
        how = f"held in the cluster and never started ({longest / 1e6:.1f} s{' at most' * many})"
    reported = f"Slurm's reason is {reason} ({known.means})" if reason else _UNNAMED
    asked = "".join(dict.fromkeys(_asked(case, one) for one in attempts[:1])) if never else ""
    jobs = [job for one in attempts for job in _jobs(case, one)]
    # Of those that failed, what ended them is a finding of its own.
    counts = never and not went and not set(jobs) <= set(failed_jobs.jobs(case, case.failures))
    rules = [rule for job in jobs if (rule := case.run.jobs[job].rule)]
    return Incident(
        id=f"{CLASS}:{reason}",
        incident_class=CLASS,
        where="operating context",
        claim=f"{names}{of_ids} {'were' if many else 'was'} {how}: {reported}{asked}",
        strength="certain",
        explains=(sum(one.since_selected for one in attempts) if counts else case.spent(_PHASE)),
        failures=len(jobs) if counts else 0,
        evidence=cite_longest(case, (_PHASE,)),
        wrong_if="squeue or sacct shows another reason for that time",
        action=Action(
            WHO_HELD_IT if went else known.to_do,
            known.why,
            escalate=known.escalate,
            without=() if never else (_PHASE,),
            commands=cluster_jobs.commands("slurm", still_there) if never else (),
        ),
        check=None if never else phase_limit(case, _PHASE),
        rules=tuple(dict.fromkeys(rules)),
        jobs=tuple(jobs) if never else (),
        cut_off=counts,
    )


def _who(case: Case, attempts: Sequence[Attempt]) -> str:
    """Return the names of a few submissions, or how many of which rule they are."""
    rules = {case.run.rule_of(one) for one in attempts}
    if len(attempts) > 1 and len(rules) == 1 and None not in rules:
        return f"{plural(len(attempts), 'job')} of {rules.pop()}"
    return named([_name(case, one) for one in attempts])


def _name(case: Case, one: Attempt) -> str:
    job = case.run.job_of(one)
    return job_name(job) if job else submission_name(None, {}, group_name(case.run, one.group))


def _jobs(case: Case, one: Attempt) -> list[int]:
    members = case.run.members(one.group or "") if one.job_id is None else (one.job_id,)
    return [job for job in members if job in case.run.jobs]


def _asked(case: Case, one: Attempt) -> str:
    """Return what the scheduler was asked for, where that is what keeps the job back."""
    record = one.accounting
    if record is None or record.time_limit_s is None:
        return ""
    if record.reason not in ("PartitionTimeLimit", "PartitionConfig"):
        return ""
    each = Counter(case.run.jobs[job].resources.get("runtime") for job in _jobs(case, one))
    asked = f"{record.time_limit_s / 60:g} min"
    if one.job_id is None and len(each) == 1 and None not in each:
        ((runtime, count),) = each.items()
        asked += f" ({plural(count, 'job')} of {runtime} min)"
    partition = f"partition {record.partition}" if record.partition else "its partition"
    if record.reason == "PartitionTimeLimit":
        return f"; it requests {asked}, and {partition} allows less"
    return f"; it requests {asked}, for example, of {partition}"
