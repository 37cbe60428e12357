"""The jobs that a run left when it ended early: those in flight, and those never started."""

from collections.abc import Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.live.summary import counts, still_out
from snakemake_logger_plugin_observe.analysis.phrasing import job_name, jobs_of, named
from snakemake_logger_plugin_observe.analysis.triage import cluster_jobs, failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import KILLED
from snakemake_logger_plugin_observe.analysis.unended import was_given_up
from snakemake_logger_plugin_observe.pasting import Command
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt
from snakemake_logger_plugin_observe.run.external_ids import id_in
from snakemake_logger_plugin_observe.run.scheduler_ends import (
    ended_before_it_was_given_up,
    has_ended,
)

_CITED: Final = 3
_IDS: Final = 8


def left(case: Case) -> tuple[Attempt, ...]:
    """Return the jobs' attempts that were in flight, or were cut off, when the run ended."""
    ended_early = case.status in ("killed", "interrupted")
    cut_off = set(failed_jobs.jobs(case, case.failures_by_class.get(KILLED, ())))
    found: dict[int, Attempt] = {}
    for one in case.run.attempts.values():
        if one.job_id is None:
            continue
        at_the_end = one.job_id in cut_off and one.status != "success"
        in_flight = one.status not in FINAL or one.end_from_record
        in_flight = in_flight or (ended_early and was_given_up(case.run, one))
        if ended_before_it_was_given_up(case.run, one):
            continue  # that is a failure of its own
        if at_the_end or in_flight:
            found[one.job_id] = one
    return tuple(found.values())


def external_ids(attempts: Sequence[Attempt]) -> tuple[str, ...]:
    """Return their ids in the cluster, each once."""
    known = (id_in(one.external_jobid) for one in attempts)
    return tuple(dict.fromkeys(one for one in known if one))


def ids_and_states(case: Case, attempts: Sequence[Attempt]) -> tuple[str, ...]:
    """Return their ids in the cluster, each with the state that the scheduler recorded."""
    found: dict[str, str] = {}
    for one in attempts:
        if (known := id_in(one.external_jobid)) is not None:
            record = case.run.record_of(one)
            seen = case.live.of(one.key) if case.live is not None else None
            if seen is not None and seen.state == "ended" and not has_ended(record):
                record = None  # its node knows better: Slurm takes a moment to notice
            state = f" {record.state}" if record is not None and record.state else ""
            if record is not None and record.ended is None and record.reason:
                state += f": {record.reason}"
            found[known] = f"{known}{state}"
    return tuple(found.values())


def names(case: Case, attempts: Sequence[Attempt]) -> str:
    """Return the names of the first jobs in flight."""
    known = (case.run.jobs.get(one.job_id) for one in attempts if one.job_id is not None)
    return named([job_name(job) for job in known if job is not None])


def describe(case: Case, attempts: Sequence[Attempt]) -> str:
    """Return which jobs were in flight, with their ids, and how many had not started."""
    if not attempts:
        text = "no job in flight"
    else:
        text = f"{jobs_of(len(attempts))} in flight: {names(case, attempts)}"
        if not case.run.wrapped and case.status == "interrupted":
            text = f"{jobs_of(len(attempts))} selected and not ended: {names(case, attempts)}"
        if ids := ids_and_states(case, attempts):
            text += f" ({_scheduler(case)} {named(ids, _IDS)})"
    waiting = not_started(case)
    return f"{text}, and {jobs_of(waiting)} not started" if waiting else text


def not_started(case: Case) -> int:
    """Return how many planned jobs have no attempt."""
    if case.run.planned is None:
        return 0
    started = {one.job_id for one in case.run.attempts.values() if one.job_id is not None}
    return max(0, sum(case.run.planned.to_run.values()) - len(started))


def may_go_on(case: Case, attempts: Sequence[Attempt]) -> bool:
    """Whether the tool of one of them may still run: its end is not recorded."""
    if (known := still_out(case.live)) is not None:
        return bool(known)
    return not all(one.cut_off or has_ended(case.run.record_of(one)) for one in attempts)


def commands(case: Case, attempts: Sequence[Attempt]) -> tuple[Command, ...]:
    """Return the commands that show and cancel the jobs in flight in the cluster."""
    open_ones = [one for one in attempts if not has_ended(case.run.record_of(one))]
    ids = external_ids(open_ones)[:_IDS]
    if (known := still_out(case.live)) is not None:
        ids = known[:_IDS]
    return cluster_jobs.commands(_scheduler(case), ids)


def now(case: Case) -> str:
    """Return what the jobs in flight do now, if that was asked; to follow a claim about them."""
    return f"; now: {counts(case.live)}" if case.live is not None and case.live.states else ""


def _scheduler(case: Case) -> str:
    """Return the scheduler that the jobs went to: the one with records of them, if there are."""
    records = (one.accounting for one in case.run.attempts.values())
    if known := next((one.scheduler for one in records if one is not None), None):
        return known
    return case.run.inner_executor or "external"


def lost(case: Case, attempts: Sequence[Attempt]) -> int:
    """Return how long they took since selected, in microseconds; a group counts once."""
    whole = {(one.group or "", one.number) for one in attempts if one.is_member}
    groups = [case.run.attempts[key] for key in whole if key in case.run.attempts]
    return sum(one.since_selected for one in (*attempts, *groups))


def rules(case: Case, attempts: Sequence[Attempt]) -> tuple[str, ...]:
    """Return the rules of the jobs in flight."""
    return tuple(dict.fromkeys(filter(None, map(case.run.rule_of, attempts))))


def evidence(case: Case, attempts: Sequence[Attempt]) -> tuple[Citation, ...]:
    """Cite the last event of the first few."""
    return tuple(
        one
        for attempt in attempts[:_CITED]
        for one in case.side.at_line(
            attempt.line,
            f"group: {attempt.group}" if attempt.is_member else f"job_id: {attempt.job_id}",
        )
    )
