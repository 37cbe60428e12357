"""The settings that a run had, as a scenario: to ask for them is to change nothing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from snakemake_logger_plugin_observe.analysis.cost.exit_waits import exits_quickly
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import (
    CORES,
    JOBS,
    limits_in_force,
)
from snakemake_logger_plugin_observe.analysis.cost.waking import was_woken
from snakemake_logger_plugin_observe.analysis.whatif.model import Model
from snakemake_logger_plugin_observe.analysis.whatif.scenario import Scenario
from snakemake_logger_plugin_observe.run.model import Run

_Value = TypeVar("_Value")


def settings_in_force(run: Run, model: Model) -> Scenario:
    """Return the settings of *run* that a scenario can change, as far as they are recorded."""
    limits = limits_in_force(run)
    named = {name: limit for name, limit in limits.items() if name not in (JOBS, CORES)}
    greedy = run.started is not None and run.started.settings.get("scheduler") == "greedy"
    return Scenario(
        jobs=limits.get(JOBS) if model.remote else None,
        cores=None if model.remote else limits.get(CORES),
        resources={name: limit for name, limit in named.items() if any(model.requests[name])},
        max_jobs_per_timespan=model.rate,
        scheduler="greedy" if greedy else None,
        poll_s=model.nominal / 1e6 if model.nominal else None,
        wake=was_woken(run),
        quick_exit=exits_quickly(run),
    )


def changes_in(scenario: Scenario, run: Run, model: Model) -> Scenario:
    """Return *scenario* without what *run* had anyway."""
    known = settings_in_force(run, model)
    slots = known.jobs if model.remote else known.cores
    return replace(
        scenario,
        jobs=_other(scenario.jobs, slots),
        cores=_other(scenario.cores, known.cores),
        resources=_others(scenario.resources, known.resources),
        max_jobs_per_timespan=_other(scenario.max_jobs_per_timespan, known.max_jobs_per_timespan),
        scheduler=_other(scenario.scheduler, known.scheduler),
        poll_s=_other(scenario.poll_s, known.poll_s),
        wake=scenario.wake and not known.wake,
        quick_exit=scenario.quick_exit and not known.quick_exit,
        queue=_other(scenario.queue, 1.0),
        startup=_other(scenario.startup, 1.0),
        groups=_others(scenario.groups, dict.fromkeys(scenario.groups, 1)),
        merge=_others(scenario.merge, dict.fromkeys(scenario.merge, 1)),
        faster=_others(scenario.faster, dict.fromkeys(scenario.faster, 1.0)),
    )


def _other(asked: _Value | None, known: _Value | None) -> _Value | None:
    return None if asked == known else asked


def _others(asked: Mapping[str, _Value], known: Mapping[str, _Value]) -> dict[str, _Value]:
    return {name: value for name, value in asked.items() if known.get(name) != value}
