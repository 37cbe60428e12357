"""The stamped work of Snakemake's main thread: who owns it at each moment."""

from collections.abc import Iterator
from heapq import heappop, heappush
from operator import itemgetter
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.analysis.cost.selections import selections
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import UNOBSERVED


class BusyStretch(NamedTuple):
    """A stretch of the main process's time, and whose it is."""

    start: Micros
    end: Micros
    phase: str
    rank: int
    """Of stamped work 0 or more; -1 where there is none."""
    attempt: Attempt | None = None
    line: int | None = None
    """The journal line that records it."""


Work = tuple[Micros, Micros, str, int, Attempt | None, int | None]
"""The same, as a plain tuple: of a large run there are millions, and few are ever asked for."""

# Where stretches overlap, the more specific one counts.
_RANK: Final = {"main_loop": 0, "select": 1, "plan": 2, "deploy": 3, "hooks": 3}
_RANK_OF_A_JOB: Final = 4
_RANK_OF_A_PAUSE: Final = 5
_NO_WORK: Final = -1
_JOB_WORK: Final = frozenset({"submit", "stage_in", "latency_wait", "stage_out"})


class MainThreadWork:
    """The main process's stamped work, from the run's end back.

    At each moment, the stretch of the highest rank counts; among equal ranks the one that began
    first. What is asked for goes back in time, from call to call, so that no stretch is looked at
    more than once.
    """

    def __init__(self, run: Run) -> None:
        """Collect the stamped work of *run*."""
        self._work = sorted(
            (one for one in stamped_work(run) if one[0] < one[1]), key=itemgetter(0)
        )
        ends = [one[1] for one in self._work]
        self._before = sorted(range(len(ends)), key=ends.__getitem__)
        """The stretches that end before what was asked for so far, by their ends."""
        self._around: list[tuple[int, int]] = []
        """A heap of those that do not: the owner of the moment is on top."""

    def owners(self, start: Micros, end: Micros, otherwise: str) -> list[BusyStretch]:
        """Return a tiling of [start, end], the last first: stamped work, and in the gaps none.

        Args:
            start: where it begins.
            end: where it ends: not after the *start* of an earlier call.
            otherwise: the phase of the gaps.

        """
        nothing: Work = (start, end, otherwise, _NO_WORK, None, None)
        tiles: list[BusyStretch] = []
        at = until = end
        owner = nothing
        while until > start:
            one = self._owner_before(until) or nothing
            if not _is_same(one, owner):
                if until < at:
                    tiles.append(BusyStretch(until, at, *owner[2:]))
                owner, at = one, until
            until = max(start, one[0], self._next_end)
        if until < at:
            tiles.append(BusyStretch(until, at, *owner[2:]))
        return tiles

    def _owner_before(self, moment: Micros) -> Work | None:
        """Return the stretch that counts right before *moment*, if there is one."""
        work, before, around = self._work, self._before, self._around
        while before and work[before[-1]][1] >= moment:
            index = before.pop()
            if work[index][0] < moment:
                heappush(around, (-work[index][3], index))
        while around and work[around[0][1]][0] >= moment:
            heappop(around)
        return work[around[0][1]] if around else None

    @property
    def _next_end(self) -> Micros:
        """The last end of a stretch before what was asked for so far; 0 if there is none."""
        return self._work[self._before[-1]][1] if self._before else 0


def _is_same(one: Work, other: Work) -> bool:
    """Whether both have the same owner, so that next to each other they are one stretch."""
    return one is other or (
        one[4] is other[4] and (one[2], one[3], one[5]) == (other[2], other[3], other[5])
    )


def stamped_work(run: Run) -> Iterator[Work]:
    """Yield the stamped work of *run*; stretches may overlap."""
    for phase in run.phases:
        if phase.phase in _RANK:
            yield phase.time, phase.end, phase.phase, _RANK[phase.phase], None, phase.line
    began = run.scheduling_began
    if began is not None and run.iterations:
        first = run.iterations[0]
        yield began, first.time, "main_loop", _RANK["main_loop"], None, first.line
    for iteration in run.iterations:
        line = iteration.line
        yield iteration.time, iteration.idle, "main_loop", _RANK["main_loop"], None, line
        for begin, end in iteration.selections:
            yield begin, end, "select", _RANK["select"], None, line
    for one in [] if run.iterations else selections(run):
        yield one.woke, one.end, "main_loop", _RANK["main_loop"], None, None
        yield one.begin, one.end, "select", _RANK["select"], None, None
    for pause in run.pauses:
        yield pause.time, pause.end, UNOBSERVED, _RANK_OF_A_PAUSE, None, pause.line
    for attempt in run.attempts.values():
        if attempt.is_member:
            continue
        accepted, reported = attempt.stamps.accepted, attempt.stamps.reported
        for start, end, label in attempt.segments.of_phases(_JOB_WORK):
            before = accepted is not None and end <= accepted
            if before or (reported is not None and start >= reported):
                yield start, end, label or "", _RANK_OF_A_JOB, attempt, attempt.line
