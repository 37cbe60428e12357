"""The first screen of a run as its last line has it."""

from dataclasses import replace
from typing import Final, TypeVar

from snakemake_logger_plugin_observe.analysis.check.counts import done_again, failed_last, unseen
from snakemake_logger_plugin_observe.analysis.cost.account import Account, RuleShare, account
from snakemake_logger_plugin_observe.analysis.cost.costliest import CostlyJob, costliest
from snakemake_logger_plugin_observe.analysis.cost.node_clocks import node_clocks
from snakemake_logger_plugin_observe.analysis.cost.observed import LIMITING, observed
from snakemake_logger_plugin_observe.analysis.cost.polling import polling
from snakemake_logger_plugin_observe.analysis.cost.rule_rows import rule_rows
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import reduced
from snakemake_logger_plugin_observe.analysis.cost.selection_rate import rate_as_set
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import request_mismatches
from snakemake_logger_plugin_observe.analysis.live.on_cluster import given_up
from snakemake_logger_plugin_observe.analysis.path.holds import holds
from snakemake_logger_plugin_observe.clock import Micros, to_seconds
from snakemake_logger_plugin_observe.journal.first_screen import (
    FIRST_SCREEN_VERSION,
    FirstScreen,
    ScreenAdvice,
    ScreenClock,
    ScreenFileSystem,
    ScreenHold,
    ScreenJob,
    ScreenMove,
    ScreenPolling,
    ScreenReduced,
    ScreenRequest,
    ScreenRule,
    ScreenWake,
)
from snakemake_logger_plugin_observe.journal.records import Frozen
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt, Key
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import in_seconds

_R = TypeVar("_R", bound=Frozen)
MOST_SIMULATED: Final = 1_000
"""Of a run with more jobs, what to change is not on its first screen: it takes 0.1 s per 1,000 to
simulate, and Snakemake waits for its end."""


def fits_in_a_line(run: Run) -> bool:
    """Whether *run*, which has ended, has a first screen that its last line can hold.

    A run that did not succeed has not, as its screen is about its failures; nor has one whose
    journal says what is missing in it, or about which the scheduler may know more by now.
    """
    started, finished = run.started, run.finished
    if started is None or finished is None or finished.status != "success":
        return False
    limited = run.gaps or run.pauses or any(one.kind in LIMITING for one in run.messages)
    if limited or started.kind == "dry_run" or not run.attempts or not run.waits_for_jobs:
        return False
    return all(one.status in FINAL for one in run.attempts.values()) and not given_up(run)


def in_order_of_ends(run: Run) -> Run:
    """Return *run* with its attempts as they ended, whatever the order in which they are known.

    The recorder knows them as they began, and a reader as their lines were written.
    """
    return replace(run, attempts=dict(sorted(run.attempts.items(), key=_by_end)))


def _by_end(item: tuple[Key, Attempt]) -> tuple[int, int, str, int]:
    (name, number), attempt = item
    job, group = (name, "") if isinstance(name, int) else (-1, name)
    return (attempt.stamps.finished or 0, job, group, number)


def first_screen(run: Run, accounts: Account, begins_at: int) -> FirstScreen | None:
    """Return the first screen of *run*; None if its last line cannot hold it.

    Args:
        run: the run, which has ended.
        accounts: where its time went.
        begins_at: where its last line begins in the journal, in bytes.

    """
    if not fits_in_a_line(run):
        return None
    run = in_order_of_ends(run)
    seen = observed(run)
    of_jobs = [one for one in run.attempts.values() if one.job_id is not None]
    return FirstScreen(
        version=FIRST_SCREEN_VERSION,
        begins_at=begins_at,
        failed_s=to_seconds(accounts.failed),
        core_s=accounts.core_s,
        rules=tuple(_rule(one) for one in rule_rows(accounts.rules)),
        costliest=tuple(_job(one) for one in costliest(run)),
        polling=copied(ScreenPolling, every) if (every := polling(run)) is not None else None,
        holds=_holds(run, accounts),
        advice=_advice(run, accounts),
        reduced=tuple(copied(ScreenReduced, one) for one in reduced(run)),
        requests=tuple(copied(ScreenRequest, one) for one in request_mismatches(run)),
        clocks=tuple(
            copied(ScreenClock, one) for one in node_clocks(run) if one.matters(accounts.makespan)
        ),
        file_systems=tuple(copied(ScreenFileSystem, one) for one in run.file_systems),
        wake=_wake(run),
        woken=seen.woken,
        could_be_woken=seen.could_be_woken,
        gave_back_s=_pair(seen.gave_back),
        exit_wait_s=to_seconds(seen.exit_wait),
        held_reasons=seen.held_reasons,
        unobserved=dict(seen.unobserved),
        suspended_jobs=seen.suspended[0],
        suspended_s=seen.suspended[1],
        unsure_ends=seen.unsure[0],
        unsure_s=to_seconds(seen.unsure[1]),
        failed_jobs=len(failed_last(of_jobs)),
        retries=len(done_again(of_jobs)),
        unseen_executions=unseen(of_jobs),
        checksums=any(file.sha256 for one in of_jobs for file in one.outputs or ()),
    )


def _rule(one: RuleShare) -> ScreenRule:
    return ScreenRule(
        rule=one.rule,
        group=one.group,
        jobs=one.jobs,
        attempts=one.attempts,
        by_phase_s=in_seconds(one.by_phase),
    )


def _job(one: CostlyJob) -> ScreenJob:
    return ScreenJob(
        rule=one.rule,
        wildcards=dict(one.wildcards),
        group=one.group,
        job_id=one.job_id,
        attempts=one.attempts,
        by_phase_s=in_seconds(dict(one.phases)),
    )


def copied(into: type[_R], one: object) -> _R:
    """Return what an analysis found as a record of the same field names."""
    return into(**{name: getattr(one, name) for name in into.__struct_fields__})


def _holds(run: Run, accounts: Account) -> tuple[ScreenHold, ...]:
    """Return what kept ready work back, if the screen shows that: not where that took no time."""
    if not accounts.shows("limits"):
        return ()
    by_rate = rate_as_set(run) is not None  # the one limit that shows in segments alone
    segments = _with_segments(run, accounts).segments if by_rate else ()
    return tuple(
        ScreenHold(
            setting=one.setting, limit=one.limit, length_s=to_seconds(one.length), jobs=one.jobs
        )
        for one in holds(run, segments)
    )


def _with_segments(run: Run, accounts: Account) -> Account:
    """Return the accounts with the segments of the makespan, which the recorder has not made."""
    return accounts if accounts.segments else account(run)


def _advice(run: Run, accounts: Account) -> tuple[ScreenAdvice, ...] | None:
    """Return what to change; None if *run* is not simulated, because it is large."""
    if len(run.jobs) > MOST_SIMULATED:
        return None
    from snakemake_logger_plugin_observe.analysis.advice.advice import advise

    return tuple(
        ScreenAdvice(
            kind=one.lever.kind,
            text=one.lever.text,
            why=one.lever.why,
            move=tuple(ScreenMove(name=name, value=value) for name, value in one.lever.move),
            saves_s=to_seconds(one.saves),
            between_s=_pair(one.between),
            at_most=one.lever.at_most,
        )
        for one in advise(run, _with_segments(run, accounts))
    )


def _pair(between: tuple[Micros, Micros] | None) -> tuple[float, float] | None:
    return None if between is None else (to_seconds(between[0]), to_seconds(between[1]))


def _wake(run: Run) -> ScreenWake | None:
    if run.wake is None:
        return None
    checks = run.status_checks
    return ScreenWake(
        on=run.wake.on,
        reason=run.wake.reason,
        own=checks.own if checks is not None else None,
        early=checks.early if checks is not None else 0,
    )
