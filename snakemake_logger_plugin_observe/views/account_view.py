"""Where the time of a run went, its two paths, and what it would have taken otherwise."""

from dataclasses import dataclass
from typing import Any

from snakemake_logger_plugin_observe.analysis.cost.account import Account
from snakemake_logger_plugin_observe.analysis.cost.partition import MakespanSegment
from snakemake_logger_plugin_observe.analysis.path.paths import Paths, PathStep
from snakemake_logger_plugin_observe.analysis.whatif.whatif import Prediction, WhatIf
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.run.phases import in_seconds
from snakemake_logger_plugin_observe.views.attempt_view import PhaseView, phase_view


@dataclass(frozen=True, slots=True)
class PartView:
    """A stretch of the makespan, with its owner: a job, a group, or Snakemake itself."""

    phase: PhaseView
    job_id: int | None
    attempt: int | None
    group: str | None
    rule: str | None


@dataclass(frozen=True, slots=True)
class AccountView:
    """Both accounts of a run, in seconds; each adds up to its total."""

    makespan_s: float
    """The sum of its parts; of a run whose length is not known, up to its last sign of life."""
    by_class_s: dict[str, float]
    """The makespan by cost class."""
    by_phase_s: dict[str, float]
    """The makespan by phase."""
    parts: tuple[PartView, ...]
    """The makespan's stretches, one after the other, without a gap."""
    jobs_by_class_s: dict[str, float]
    """The phases of all attempts, summed by cost class: side by side, they exceed the makespan."""
    jobs_by_phase_s: dict[str, float]
    core_s: float | None
    """Seconds of tools times their threads; None if no attempt has both."""


@dataclass(frozen=True, slots=True)
class StepView:
    """Consecutive stretches of the actual path with one owner."""

    start_s: float
    """Seconds since the run began."""
    seconds: float
    job_id: int | None
    group: str | None
    rule: str | None
    by_phase_s: dict[str, float]
    """Its phases, the longest first."""


@dataclass(frozen=True, slots=True)
class PathView:
    """The actual path, which is the whole makespan, and the critical one."""

    makespan_s: float
    """The sum of its steps; of a run whose length is not known, up to its last sign of life."""
    steps: tuple[StepView, ...]
    critical_jobs: tuple[int, ...]
    """The jobs of the longest chain of tools, in order."""
    critical_s: float | None
    """How long their tools took; None if no tool's time is known."""
    overhead_s: float | None
    """The makespan without that."""
    overhead_by_class_s: dict[str, float] | None


@dataclass(frozen=True, slots=True)
class PredictionView:
    """How long a run would have taken under other settings, by simulation."""

    settings: dict[str, Any]
    measured_s: float
    unchanged_s: float
    """The run simulated as it was: its distance from the measured length is the simulation's."""
    predicted_s: float
    interval_s: tuple[float, float] | None
    """The middle eight of ten random draws, if anything was drawn."""
    bound: str | None
    """``lower`` if it takes at least as long, ``upper`` if at most."""
    by_class_s: dict[str, float]
    assumptions: tuple[str, ...]
    unknown: tuple[str, ...]
    """What is not known about the run, and was kept as it was."""
    faithful: bool
    """Whether the simulation of the unchanged run is close enough to build on."""


def account_view(found: Account) -> AccountView:
    """Return both accounts."""
    return AccountView(
        makespan_s=to_seconds(found.makespan),
        by_class_s=in_seconds(found.makespan_by_class),
        by_phase_s=in_seconds(found.makespan_by_phase),
        parts=tuple(map(_part, found.segments)),
        jobs_by_class_s=in_seconds(found.jobs_by_class),
        jobs_by_phase_s=in_seconds(found.jobs_by_phase),
        core_s=found.core_s,
    )


def _part(one: MakespanSegment) -> PartView:
    phase = phase_view(one.start, one.end, one.phase)
    return PartView(phase, one.job_id, one.attempt, one.group, one.rule)


def path_view(found: Paths, start: int) -> PathView:
    """Return both paths of a run that began at *start*."""
    known = found.overhead is not None
    return PathView(
        makespan_s=to_seconds(found.makespan),
        steps=tuple(_step(one, start) for one in found.steps),
        critical_jobs=tuple(one.job_id for one in found.critical.chain),
        critical_s=to_seconds(found.critical.length) if known else None,
        overhead_s=to_seconds(found.overhead) if found.overhead is not None else None,
        overhead_by_class_s=in_seconds(found.overhead_by_class) if known else None,
    )


def _step(one: PathStep, start: int) -> StepView:
    return StepView(
        start_s=to_seconds(one.start - start),
        seconds=to_seconds(one.length),
        job_id=one.job_id,
        group=one.group,
        rule=one.rule,
        by_phase_s=in_seconds(dict(one.by_phase)),
    )


def prediction_view(found: WhatIf, one: Prediction) -> PredictionView:
    """Return one prediction of a what-if."""
    low, high = one.interval or (0, 0)
    return PredictionView(
        settings=one.scenario.as_values(),
        measured_s=to_seconds(found.measured),
        unchanged_s=to_seconds(found.unchanged.predicted),
        predicted_s=to_seconds(one.predicted),
        interval_s=(to_seconds(low), to_seconds(high)) if one.interval else None,
        bound=one.bound,
        by_class_s=in_seconds(one.by_class),
        assumptions=one.assumptions,
        unknown=found.gaps,
        faithful=found.is_like_the_run,
    )
