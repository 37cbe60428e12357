"""A scenario checked against a run, and applied to its model."""

import random
from collections.abc import Iterator
from itertools import chain
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.exit_waits import QUICK_EXIT, exits_quickly
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import (
    CORES,
    local_workers,
)
from snakemake_logger_plugin_observe.analysis.cost.waking import SETTING, was_woken, why_not_woken
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.analysis.whatif import draws, grouping, transforms
from snakemake_logger_plugin_observe.analysis.whatif.early_checks import woken
from snakemake_logger_plugin_observe.analysis.whatif.end_lags import usual_lags
from snakemake_logger_plugin_observe.analysis.whatif.in_force import changes_in
from snakemake_logger_plugin_observe.analysis.whatif.limit_changes import limited
from snakemake_logger_plugin_observe.analysis.whatif.model import Lag, Model
from snakemake_logger_plugin_observe.analysis.whatif.quick_exits import exiting_quickly
from snakemake_logger_plugin_observe.analysis.whatif.scenario import Scenario, ScenarioError
from snakemake_logger_plugin_observe.run.model import Run

SAME: Final = "these are the settings that the run had: nothing changes"


def is_random(model: Model, run: Run, scenario: Scenario) -> bool:
    """Whether something about *scenario* is drawn at random, so that its simulations differ."""
    if scenario.is_random:
        return True
    changes = changes_in(scenario, run, model)
    return changes.wake or checks_decide(model, changes)


def checks_decide(model: Model, changes: Scenario) -> bool:
    """Whether small differences between ends decide over much of what a run takes with *changes*.

    Where the interval between checks does not grow, they matter for new groups, for jobs that begin
    one after the other, and if it is not known when jobs ended.
    """
    schedule = model.poll_schedule
    if changes == Scenario() or schedule is None or not (schedule.recorded and any(model.polled)):
        return False
    unsure = model.lag is not None and model.lag.unsure
    polled_otherwise = (changes.poll_s is not None or changes.wake) and unsure
    grouped = any(size > 1 for size in changes.groups.values())
    rated = changes.max_jobs_per_timespan is not None
    return interval_grows(model) or polled_otherwise or grouped or rated


def interval_grows(model: Model) -> bool:
    """Whether the interval between status checks grew in the run.

    Then jobs that end at other moments may meet a check, or just miss it: that decides over a whole
    interval, so whatever changes when jobs end is simulated with differences between them.
    """
    schedule = model.poll_schedule
    return schedule is not None and schedule.growth > 0 and schedule.recorded and any(model.polled)


def apply_scenario(
    model: Model, run: Run, scenario: Scenario, rng: random.Random
) -> tuple[Model, list[str]]:
    """Return *model* as it would be under *scenario*, and what that assumes.

    Raises:
        ScenarioError: if the run has no such rule, or nothing that the scenario changes.

    """
    _check_rules(model, scenario)
    wanted, scenario = scenario, changes_in(scenario, run, model)
    if wanted != scenario == Scenario():
        return model, [SAME]
    assumptions: list[str] = []
    if scenario.no_retries:
        model = _without_retries(model, assumptions)
    model = _lengths(model, scenario, rng, assumptions)
    for rule in dict.fromkeys(scenario.local):
        model = _made_local(model, run, rule, assumptions)
    for rule, threads in scenario.set_threads.items():
        model = _with_threads(model, rule, threads, assumptions)
    for rule, size in scenario.merge.items():
        model = _in_one_job(model, rule, size, assumptions)
    for rule, size in scenario.groups.items():
        together = _groupable(model, rule, size)
        assumptions.append(
            f"any {size} jobs of {rule} share a submission and run side by side on a node"
        )
        model = grouping.in_groups(model, rule, together, size, rng)
    if scenario.quick_exit:
        model = _exiting_quickly(model, run, assumptions)
    model = _checked(model, run, scenario, rng, assumptions)
    if scenario.scheduler is not None:
        assumptions.append("choosing jobs takes no time: at most so much is saved")
        model = transforms.without_phases(model, ("select",))
    if scenario.max_jobs_per_timespan is not None:
        if model.rate is None:
            raise ScenarioError("max-jobs-per-timespan: the journal does not record this run's")
        model = transforms.at_rate(model, scenario.max_jobs_per_timespan)
    if scenario.quick_exit or exits_quickly(run):
        model = model.changed(rest_waits_for_rate=False)
    return limited(model, run, scenario, assumptions), assumptions


def _check_rules(model: Model, scenario: Scenario) -> None:
    """Raise ``ScenarioError`` if *scenario* names a rule of which no job ran."""
    rules = {rule for rule in model.rules if rule is not None}
    rules |= {part.rule for parts in model.group_parts.values() for part in parts if part.rule}
    rules |= set(chain.from_iterable(model.piped.values()))
    named = (scenario.groups, scenario.merge, scenario.local, scenario.faster, scenario.set_threads)
    for rule in chain.from_iterable(named):
        if rule not in rules:
            raise ScenarioError(f"no job of a rule named {rule} ran")


# -- the jobs, and how long they take -------------------------------------------------------------


def _without_retries(model: Model, assumptions: list[str]) -> Model:
    retried = any(before >= 0 for before in model.previous)
    assumptions.append(
        "no job fails: each job's last attempt is its only one"
        if retried
        else "no job was retried: without retries, nothing changes"
    )
    return grouping.without_retries(model)


def _lengths(model: Model, scenario: Scenario, rng: random.Random, assumptions: list[str]) -> Model:
    for rule, times in scenario.faster.items():
        assumptions.append(f"the tools of {rule} are {times:g} times as fast, with the same output")
        if others := sorted(partners(model, rule)):
            assumptions.append(
                f"{rule} is joined by a pipe to {' and '.join(others)}: at most so much is saved, "
                f"if that waits for {rule}"
            )
        model = transforms.faster(model, rule, times)
    for phase, factor in (("node_startup", scenario.startup), ("queue_wait", scenario.queue)):
        if factor is not None:
            if not any(model.background.get(phase, ())):
                raise ScenarioError(f"no {phase} was measured in this run: none can be scaled")
            assumptions.append(f"each job's {phase} is {factor:g} times as long")
            model = transforms.scaled(model, phase, factor)
    if scenario.queue_drawn:
        if not any(model.background.get("queue_wait", ())):
            raise ScenarioError("no queue_wait was measured in this run: none can be drawn")
        assumptions.append("each wait in the queue is drawn at random from those of this run")
        model = draws.queue_drawn(model, rng)
    if scenario.overlap_staging:
        fetched = any(model.background.get("stage_in", ()))
        assumptions.append(
            "inputs can be fetched as soon as a job is ready, while it waits"
            if fetched
            else "no job fetched inputs in the background: nothing changes"
        )
        model = transforms.staging_overlapped(model)
    return model


def partners(model: Model, rule: str) -> frozenset[str]:
    """Return the rules whose jobs a pipe joins to those of *rule*."""
    joined = (rules for rules in model.piped.values() if rule in rules)
    return frozenset(chain.from_iterable(joined)) - {rule}


def _with_threads(model: Model, rule: str, threads: int, assumptions: list[str]) -> Model:
    if CORES not in model.limits or rule not in model.rules:
        raise ScenarioError(f"set-threads {rule}: its jobs wait for no cores of this run")
    assumptions.append(f"a job of {rule} has {plural(threads, 'thread')}, and takes as long")
    return transforms.with_threads(model, rule, threads)


def _in_one_job(model: Model, rule: str, size: int, assumptions: list[str]) -> Model:
    together = grouping.mergeable(model, rule)
    if not together:
        raise ScenarioError(f"merge {rule}: its jobs ran in groups, or were retried")
    most = max(len(found) for found in together)
    whose = f"{size}" if size < most else f"all {most}"
    assumptions.append(
        f"one job of {rule} makes the outputs of {whose}: its tool takes as long as theirs "
        "did, one after the other"
        if most > 1
        else f"no two jobs of {rule} could be one: nothing changes"
    )
    return grouping.in_one_job(model, rule, together, size)


def _groupable(model: Model, rule: str, size: int) -> list[list[int]]:
    """Return the submissions of *rule* that could share one.

    Raises:
        ScenarioError: if there are none.

    """
    if not model.remote:
        raise ScenarioError(f"group {rule}: Snakemake groups jobs only where it submits them")
    if rule not in model.rules:
        raise ScenarioError(f"group {rule}: its jobs already ran in groups")
    found = grouping.groupable(model, rule)
    if not found and not any(_elsewhere(model, rule)):
        raise ScenarioError(f"group {rule}: its jobs run on the main machine")
    if not found:
        raise ScenarioError(f"group {rule}: its jobs were retried or have no end (see no-retries)")
    if size > 1 and all(len(together) == 1 for together in found):
        raise ScenarioError(f"group {rule}: no two of its jobs could run at the same time")
    return found


def _elsewhere(model: Model, rule: str) -> Iterator[bool]:
    """Yield, for each submission of *rule*, whether it runs on a node."""
    return (not here for name, here in zip(model.rules, model.local, strict=True) if name == rule)


def _made_local(model: Model, run: Run, rule: str, assumptions: list[str]) -> Model:
    if not model.remote:
        raise ScenarioError(f"local {rule}: all jobs of this run ran on the main machine")
    if rule not in model.rules:
        raise ScenarioError(f"local {rule}: its jobs ran in groups, which cannot be moved in part")
    if not any(_elsewhere(model, rule)):
        raise ScenarioError(f"local {rule}: its jobs already ran on the main machine")
    workers = local_workers(run)
    assumptions.append(
        f"the main machine runs the tools of {rule} as fast as a node, {workers} at a time"
    )
    return transforms.made_local(model, rule, workers)


# -- status checks --------------------------------------------------------------------------------


def _checked(
    model: Model, run: Run, scenario: Scenario, rng: random.Random, assumptions: list[str]
) -> Model:
    asleep = model.rest.asleep is not None
    if scenario.poll_s is not None:
        if was_woken(run):
            raise ScenarioError(
                f"poll: with {SETTING} this run checked its jobs as they ended; what another "
                "interval would change is not known"
            )
        if model.poll_schedule is None:
            raise ScenarioError("poll: this run's executor did not check its jobs at intervals")
        assumptions.append(
            f"the executor checks its jobs every {scenario.poll_s:g} s once scheduling begins, "
            "and a check takes as long as it did"
        )
        model = transforms.polled_every(model, round(scenario.poll_s * 1e6))
    if checks_decide(model, scenario):
        assumptions.append(
            "starts on a node are drawn from those of this run next to about as many others, and "
            "the cluster ends jobs up to a second sooner or later: whether a check just misses an "
            "end decides over an interval"
        )
        if interval_grows(model):
            assumptions.append("what Snakemake takes on nodes is up to a third longer or shorter")
        if model.lag is not None and model.lag.unsure:
            assumptions.append(_unknown_ends(model.lag))
        model = draws.ends_drawn(model, rng)
    return _woken(model, run, rng, assumptions, asleep=asleep) if scenario.wake else model


def _exiting_quickly(model: Model, run: Run, assumptions: list[str]) -> Model:
    if not run.wrapped:
        raise ScenarioError("quick-exit: the executor of this run was not wrapped")
    changed = exiting_quickly(model)
    recorded = any(one.exit_wait is not None for one in run.attempts.values())
    if not recorded and changed.rest == model.rest:
        raise ScenarioError(
            "quick-exit: the journal does not record that processes waited at their ends"
        )
    assumptions.append(
        f"{QUICK_EXIT}: each process ends without the wait for a timer that it recorded"
    )
    return changed


def _woken(
    model: Model, run: Run, rng: random.Random, assumptions: list[str], *, asleep: bool
) -> Model:
    why_not = why_not_woken(run)
    if why_not is not None:
        raise ScenarioError(f"wake: it would not change this run: {why_not}")
    ends = [rung for rung, polled in zip(model.rings, model.polled, strict=True) if polled]
    if not (any(ends) or asleep):
        raise ScenarioError("wake: this run's executor did not sleep between status checks")
    assumptions.append(
        f"{SETTING}: an end is seen within a second, checks follow at 0.5, 1.5, 3.5 and 7.5 s "
        "(the first step is learned), the cluster lags behind its nodes as its records and checks "
        "show, else as is usual for it, and the executor's last sleep ends at once"
    )
    if silent := len(ends) - sum(ends):
        assumptions.append(
            f"{plural(silent, 'submission')} whose end no process on a node reports "
            f"{'waits' if silent == 1 else 'wait'} as long as in this run"
        )
    schedule = model.poll_schedule
    interval = schedule.every if schedule is not None else model.nominal
    return woken(model, interval, usual_lags(run), rng)


def _unknown_ends(lag: Lag) -> str:
    """Return what is assumed of when the cluster ended its jobs."""
    return (
        f"the cluster ends a job {lag.low / 1e6:.1f} to {lag.high / 1e6:.1f} s after its last "
        "process has gone: more is not known of it"
    )
