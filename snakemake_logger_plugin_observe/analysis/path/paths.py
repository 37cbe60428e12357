"""The two paths of a run, and the gap between them: the overhead beyond the critical path."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.cost.partition import (
    MakespanSegment,
    partition,
    phase_totals,
)
from snakemake_logger_plugin_observe.analysis.cost.releases import Release
from snakemake_logger_plugin_observe.analysis.path.critical import CriticalPath, critical_path
from snakemake_logger_plugin_observe.analysis.path.utilisation import Utilisation, utilisation
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import UNATTRIBUTED, UNOBSERVED, by_class


@dataclass(frozen=True, slots=True)
class PathStep:
    """Consecutive segments of the actual path with one owner: a job, a group, or Snakemake."""

    start: Micros
    end: Micros
    job_id: int | None
    attempt: int | None
    group: str | None
    rule: str | None
    by_phase: tuple[tuple[str, Micros], ...]
    """Its phases, the longest first."""
    released_by: Release | None
    """What released it, if the walk back jumped from it to another owner."""

    @property
    def length(self) -> Micros:
        """Its length on the path."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Paths:
    """What a run's makespan consists of, and how much of it its work needed; in microseconds."""

    makespan: Micros
    actual: tuple[MakespanSegment, ...]
    steps: tuple[PathStep, ...]
    """The actual path in short: consecutive segments of one owner are one step."""
    by_phase: dict[str, Micros]
    critical: CriticalPath
    utilisation: Utilisation

    @property
    def overhead(self) -> Micros | None:
        """The gap between both paths; None if no tool's time is known."""
        known = self.critical.length or not self.critical.unknown
        return self.makespan - self.critical.length if known else None

    @property
    def overhead_by_class(self) -> dict[str, Micros]:
        """The overhead by cost class; its ``compute`` is that of the actual path less the critical.

        It can be negative: while tools of the critical path ran, others may own the makespan.
        """
        sums = by_class(self.by_phase)
        sums["compute"] -= self.critical.length
        return sums

    @property
    def unexplained(self) -> Micros:
        """The part of the makespan without a breakdown or an explanation."""
        return self.by_phase.get(UNOBSERVED, 0) + self.by_phase.get(UNATTRIBUTED, 0)


def paths(run: Run) -> Paths:
    """Return both paths of *run*, and the use of its slots."""
    actual = tuple(partition(run))
    return Paths(
        makespan=run.makespan,
        actual=actual,
        steps=tuple(steps(actual)),
        by_phase=phase_totals(actual),
        critical=critical_path(run),
        utilisation=utilisation(run),
    )


def steps(actual: Iterable[MakespanSegment]) -> list[PathStep]:
    """Return the *actual* path with consecutive segments of one owner merged."""
    found: list[PathStep] = []
    row: list[MakespanSegment] = []
    for segment in actual:
        if row and _owner(row[-1]) != _owner(segment):
            found.append(_step(row))
            row = []
        row.append(segment)
    if row:
        found.append(_step(row))
    return found


def _owner(segment: MakespanSegment) -> tuple[int | None, int | None, str | None]:
    return segment.job_id, segment.attempt, segment.group


def _step(row: Sequence[MakespanSegment]) -> PathStep:
    first = row[0]
    by_phase = phase_totals(row)
    released = next((one.released_by for one in row if one.released_by is not None), None)
    return PathStep(
        start=first.start,
        end=row[-1].end,
        job_id=first.job_id,
        attempt=first.attempt,
        group=first.group,
        rule=first.rule,
        by_phase=tuple(by_phase.items()),
        released_by=released,
    )
