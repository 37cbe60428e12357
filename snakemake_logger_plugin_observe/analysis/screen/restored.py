"""The first screen of a run, from its last line: what the analyses of all lines would return."""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

from snakemake_logger_plugin_observe.analysis.advice.advised import Advice
from snakemake_logger_plugin_observe.analysis.advice.lever import Lever
from snakemake_logger_plugin_observe.analysis.cost.account import Account, RuleShare
from snakemake_logger_plugin_observe.analysis.cost.costliest import CostlyJob
from snakemake_logger_plugin_observe.analysis.cost.given_back import GivenBack
from snakemake_logger_plugin_observe.analysis.cost.node_clocks import NodeClock
from snakemake_logger_plugin_observe.analysis.cost.observed import Observed
from snakemake_logger_plugin_observe.analysis.cost.polling import Polling
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import Reduced
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import RequestMismatch
from snakemake_logger_plugin_observe.analysis.path.holds import Hold
from snakemake_logger_plugin_observe.clock import Micros, from_seconds
from snakemake_logger_plugin_observe.journal.events import (
    FileSystem,
    RunFinished,
    RunStarted,
    StatusCheckCounts,
    Wake,
)
from snakemake_logger_plugin_observe.journal.first_screen import (
    FIRST_SCREEN_VERSION,
    FirstScreen,
    ScreenAdvice,
    ScreenHold,
    ScreenJob,
    ScreenRule,
)
from snakemake_logger_plugin_observe.journal.records import Frozen
from snakemake_logger_plugin_observe.run.ends import run_of_ends
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import PHASES, by_class

_D = TypeVar("_D")


@dataclass(frozen=True, slots=True)
class RestoredScreen:
    """A run by its first and its last line, with what its first screen shows."""

    run: Run
    account: Account
    observed: Observed
    costliest: tuple[CostlyJob, ...]
    polling: Polling | None
    holds: tuple[Hold, ...]
    advice: tuple[Advice, ...] | None
    reduced: tuple[Reduced, ...]
    request_mismatches: tuple[RequestMismatch, ...]
    clocks: tuple[NodeClock, ...]


def restored(started: RunStarted, finished: RunFinished) -> RestoredScreen | None:
    """Return what the last line of a run has of its first screen; None if it has none to use."""
    screen = finished.screen
    if screen is None or not _is_usable(finished, screen):
        return None
    run = _run(started, finished, screen)
    return RestoredScreen(
        run=run,
        account=_account(run, finished, screen),
        observed=_observed(screen),
        costliest=tuple(map(_job, screen.costliest)),
        polling=_same(Polling, screen.polling) if screen.polling is not None else None,
        holds=tuple(map(_hold, screen.holds)),
        advice=tuple(map(_advice, screen.advice)) if screen.advice is not None else None,
        reduced=tuple(_same(Reduced, one) for one in screen.reduced),
        request_mismatches=tuple(_same(RequestMismatch, one) for one in screen.requests),
        clocks=tuple(_same(NodeClock, one) for one in screen.clocks),
    )


def _is_usable(finished: RunFinished, screen: FirstScreen) -> bool:
    """Whether a screen is of this version, and of a run as they are: journals may be tampered."""
    sums = [finished.makespan.by_phase_s, finished.job_account.by_phase_s]
    sums += [one.by_phase_s for one in screen.rules]
    sums += [one.by_phase_s for one in screen.costliest]
    return (
        screen.version == FIRST_SCREEN_VERSION
        and finished.status == "success"
        and finished.jobs is not None
        and all(one.by_phase_s for one in screen.costliest)
        and all(PHASES.keys() >= by_phase.keys() for by_phase in sums)
    )


def _same(into: type[_D], record: Frozen) -> _D:
    """Return a record as what the analysis found, which has fields of the same names."""
    values: dict[str, Any] = {one.name: getattr(record, one.name) for one in fields(into)}  # type: ignore[arg-type]
    return into(**values)


def _run(started: RunStarted, finished: RunFinished, screen: FirstScreen) -> Run:
    run, time = run_of_ends(started, finished), finished.time
    run.file_systems = [
        FileSystem(
            time=time,
            when="end" if one.when == "end" else "start",
            path=one.path,
            create_s=one.create_s,
            stat_s=one.stat_s,
            remove_s=one.remove_s,
        )
        for one in screen.file_systems
    ]
    if (wake := screen.wake) is not None:
        run.wake = Wake(time=time, on=wake.on, reason=wake.reason)
        if wake.own is not None:
            run.status_checks = StatusCheckCounts(time=time, own=wake.own, early=wake.early)
    return run


def _account(run: Run, finished: RunFinished, screen: FirstScreen) -> Account:
    makespan_by_phase = _micros(finished.makespan.by_phase_s)
    jobs_by_phase = _micros(finished.job_account.by_phase_s)
    return Account(
        makespan=run.makespan,
        segments=(),
        makespan_by_phase=makespan_by_phase,
        makespan_by_class=by_class(makespan_by_phase),
        jobs_by_phase=jobs_by_phase,
        jobs_by_class=by_class(jobs_by_phase),
        rules=tuple(map(_rule, screen.rules)),
        job_count=finished.job_count,
        attempt_count=finished.attempt_count,
        failed_attempts=finished.failed_attempts,
        failed=from_seconds(screen.failed_s),
        core_s=screen.core_s,
    )


def _observed(screen: FirstScreen) -> Observed:
    return Observed(
        woken=screen.woken,
        could_be_woken=screen.could_be_woken,
        gave_back=GivenBack(*_pair(screen.gave_back_s)) if screen.gave_back_s else None,
        exit_wait=from_seconds(screen.exit_wait_s),
        held_reasons=screen.held_reasons,
        unobserved=screen.unobserved,
        suspended=(screen.suspended_jobs, screen.suspended_s),
        unsure=(screen.unsure_ends, from_seconds(screen.unsure_s)),
    )


def _micros(seconds: dict[str, float]) -> dict[str, Micros]:
    return {name: from_seconds(value) for name, value in seconds.items()}


def _pair(seconds: tuple[float, float]) -> tuple[Micros, Micros]:
    return from_seconds(seconds[0]), from_seconds(seconds[1])


def _rule(one: ScreenRule) -> RuleShare:
    return RuleShare(one.rule, one.group, one.jobs, one.attempts, _micros(one.by_phase_s))


def _job(one: ScreenJob) -> CostlyJob:
    phases = _micros(one.by_phase_s)
    return CostlyJob(one.rule, one.wildcards, one.group, one.job_id, one.attempts, phases)


def _hold(one: ScreenHold) -> Hold:
    return Hold(one.setting, one.limit, from_seconds(one.length_s), one.jobs)


def _advice(one: ScreenAdvice) -> Advice:
    move = tuple((each.name, each.value) for each in one.move)
    lever = Lever(one.kind, one.text, one.why, move, at_most=one.at_most)
    between = _pair(one.between_s) if one.between_s is not None else None
    return Advice(lever, from_seconds(one.saves_s), between)
