"""What kept ready work back: each limit by its flag, for how long, and how many jobs.

Only what the journal shows to have been short counts: a limit that was in force, and had room, kept
nothing back.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.cost.partition import MakespanSegment
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import (
    CORES,
    JOBS,
    limits_in_force,
)
from snakemake_logger_plugin_observe.analysis.cost.selection_rate import (
    rate_as_set,
    selection_rate,
)
from snakemake_logger_plugin_observe.analysis.path.utilisation import HeldBack, held_back_by_limit
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run

RATE = "rate"
_WHEN_READY = ("dependency", "previous_attempt", "replanning", "scheduling")

_Stretches = Sequence[tuple[Micros, Micros]]


@dataclass(frozen=True, slots=True)
class Hold:
    """A limit that kept ready work back."""

    setting: str
    """The flag and its value, as they were set: ``--jobs 4``, ``--resources mem_mb=8000``."""
    limit: str
    """The name of the limit, or ``rate``."""
    length: Micros
    """How long work was ready that it did not let begin."""
    jobs: int
    """How many submissions were ready meanwhile."""

    @property
    def in_words(self) -> str:
        """A clause: how many jobs were kept back, by what, and for how long."""
        jobs = plural(self.jobs, "ready job")
        return f"{self.setting} kept {jobs} back for {self.length / 1e6:.1f} s"


def holds(
    run: Run,
    segments: Sequence[MakespanSegment],
    held_back: Mapping[str, HeldBack] | None = None,
) -> tuple[Hold, ...]:
    """Return what kept ready work of *run* back, the longest first.

    Args:
        run: the run.
        segments: its makespan partition, in order.
        held_back: for how long each of its limits did, if that is known already.

    """
    limits = limits_in_force(run)
    by_limit = held_back_by_limit(run) if held_back is None else held_back
    found = [
        Hold(_as_set(name, limits[name]), name, one.length, _waiting(run, one.stretches))
        for name, one in by_limit.items()
    ]
    if (by_rate := held_by_rate(run, segments)) is not None:
        found.append(by_rate)
    return tuple(sorted(found, key=lambda one: -one.length))


def held_by_rate(run: Run, segments: Sequence[MakespanSegment]) -> Hold | None:
    """Return how the rate of selections kept ready work of *run* back; None if it did not."""
    rate, stretches = rate_as_set(run), list(_for_the_rate(run, segments))[::-1]
    if rate is None or not stretches:
        return None
    length = sum(end - start for start, end in stretches)
    return Hold(rate, RATE, length, _waiting(run, stretches))


def _as_set(name: str, limit: int) -> str:
    return f"--{name} {limit}" if name in (JOBS, CORES) else f"--resources {name}={limit}"


def _for_the_rate(run: Run, segments: Sequence[MakespanSegment]) -> Iterator[tuple[Micros, Micros]]:
    """Yield, the last first, when a job of the actual path waited for the rate of selections.

    A job that became ready while the rate was reached was released by what it depended on.
    """
    rate, reason = selection_rate(run), None
    if rate is None:
        return
    submissions = [one for one in run.attempts.values() if not one.is_member]
    selected = sorted(one.stamps.selected or 0 for one in submissions)
    for one in reversed(segments):  # a job's release is at its selection, after its wait
        if one.phase == "slot_wait":
            since = bisect_right(selected, one.start - rate.timespan)
            reached = bisect_right(selected, one.start) - since >= rate.most
            if reason == RATE or (reached and reason in _WHEN_READY):
                yield one.start, one.end
        reason = one.released_by.reason if one.released_by is not None else reason


def _waiting(run: Run, stretches: _Stretches) -> int:
    """Return how many submissions of *run* were ready and not selected in any of *stretches*."""
    starts = [start for start, _ in stretches]
    count = 0
    for one in run.attempts.values():
        ready, selected = one.stamps.ready, one.stamps.selected
        if ready is None or selected is None or ready >= selected:
            continue
        at = bisect_left(starts, selected) - 1  # the last that began before it was selected
        count += at >= 0 and stretches[at][1] > ready
    return count
