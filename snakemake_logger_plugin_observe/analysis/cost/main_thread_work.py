"""The stamped work of Snakemake's main thread, as one sequence of stretches without overlaps."""

from bisect import bisect_right
from heapq import heappop, heappush
from operator import attrgetter
from typing import NamedTuple

from snakemake_logger_plugin_observe.analysis.cost.selections import selections
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import UNOBSERVED
from snakemake_logger_plugin_observe.run.segments import Segment


class BusyStretch(NamedTuple):
    """A stamped stretch of the main process's work."""

    start: Micros
    end: Micros
    phase: str
    rank: int
    attempt: Attempt | None = None
    line: int | None = None
    """The journal line that records it."""


# Where stretches overlap, the more specific one counts.
_RANK = {"main_loop": 0, "select": 1, "plan": 2, "deploy": 3, "hooks": 3}
_RANK_OF_A_JOB = 4
_RANK_OF_A_PAUSE = 5
_BY_START = attrgetter("start")
_JOB_WORK = frozenset({"submit", "stage_in", "latency_wait", "stage_out"})


class MainThreadWork:
    """The main process's stamped work as stretches that do not overlap."""

    def __init__(self, run: Run) -> None:
        """Collect the stamped work of *run*."""
        self.stretches = _flatten(_stamped(run))
        self._starts = [work.start for work in self.stretches]

    def owners(self, start: Micros, end: Micros, otherwise: str) -> list[BusyStretch]:
        """Return a tiling of [start, end]: stamped work, with the phase *otherwise* in the gaps."""
        tiles: list[BusyStretch] = []
        at = start
        first = max(0, bisect_right(self._starts, start) - 1)
        for work in self.stretches[first:]:
            if work.start >= end:
                break
            if work.end <= at:
                continue
            if work.start > at:
                tiles.append(BusyStretch(at, work.start, otherwise, -1))
            begin = max(work.start, at)
            at = min(work.end, end)
            tiles.append(work._replace(start=begin, end=at))
        if at < end:
            tiles.append(BusyStretch(at, end, otherwise, -1))
        return tiles


def _stamped(run: Run) -> list[BusyStretch]:
    work = [
        BusyStretch(phase.time, phase.end, phase.phase, _RANK.get(phase.phase, 0), line=phase.line)
        for phase in run.phases
        if phase.phase in _RANK
    ]
    began = run.scheduling_began
    if began is not None and run.iterations and run.iterations[0].time > began:
        first = run.iterations[0].line
        work.append(
            BusyStretch(began, run.iterations[0].time, "main_loop", _RANK["main_loop"], line=first)
        )
    for iteration in run.iterations:
        line = iteration.line
        work.append(
            BusyStretch(iteration.time, iteration.idle, "main_loop", _RANK["main_loop"], line=line)
        )
        work.extend(
            BusyStretch(begin, end, "select", _RANK["select"], line=line)
            for begin, end in iteration.selections
        )
    for one in [] if run.iterations else selections(run):
        work.append(BusyStretch(one.woke, one.end, "main_loop", _RANK["main_loop"]))
        work.append(BusyStretch(one.begin, one.end, "select", _RANK["select"]))
    for attempt in run.attempts.values():
        if attempt.is_member:
            continue
        work.extend(
            BusyStretch(
                *(segment.start, segment.end, segment.phase or "", _RANK_OF_A_JOB),
                *(attempt, attempt.line),
            )
            for segment in _in_main_thread(attempt)
        )
    work.extend(
        BusyStretch(pause.time, pause.end, UNOBSERVED, _RANK_OF_A_PAUSE, line=pause.line)
        for pause in run.pauses
    )
    return work


def _in_main_thread(attempt: Attempt) -> list[Segment]:
    """Return the segments of *attempt* during which the main thread works on it."""
    accepted, reported = attempt.stamps.accepted, attempt.stamps.reported
    return [
        segment
        for segment in attempt.segments
        if segment.phase in _JOB_WORK
        and (
            (accepted is not None and segment.end <= accepted)
            or (reported is not None and segment.start >= reported)
        )
    ]


def _flatten(work: list[BusyStretch]) -> list[BusyStretch]:
    """Return *work* without overlaps: at each moment, the stretch of the highest rank.

    Among equal ranks, the one that began first.
    """
    flat: list[BusyStretch] = []
    active: list[tuple[int, int, BusyStretch]] = []  # a heap: the owner is on top
    at: Micros = 0

    def advance_to(moment: Micros) -> None:
        nonlocal at
        while active and at < moment:
            top = active[0][2]
            if top.end <= at:
                heappop(active)
                continue
            until = min(top.end, moment)
            last = flat[-1] if flat else None
            if last is not None and last.end == at and last[2:] == top[2:]:
                flat[-1] = last._replace(end=until)
            else:
                flat.append(top if top[:2] == (at, until) else top._replace(start=at, end=until))
            at = until
        at = moment

    for number, one in enumerate(sorted(work, key=_BY_START)):
        advance_to(one.start)
        heappush(active, (-one.rank, number, one))
    advance_to(max((one.end for one in work), default=0))
    return flat
