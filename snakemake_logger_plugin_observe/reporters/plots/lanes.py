"""The attempts of a run in lanes, as on the page: in each, one after the other without overlaps.

An attempt begins where it was selected: its wait for a slot before that is in no lane. Lanes are
ordered by slot (the first that is free), or in bands of one node or one rule each.
"""

import heapq
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.reporters.words import harmless, job_name
from snakemake_logger_plugin_observe.run.attempt import Attempt, Key
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.segments import Segment

BY: Final = ("slot", "node", "rule")
"""What lanes can be ordered by."""


class LaneAttempt(NamedTuple):
    """An attempt in a lane: its segments since it was selected."""

    begin: Micros
    end: Micros
    attempt: Attempt
    segments: Sequence[Segment]


@dataclass(frozen=True, slots=True)
class Band:
    """The lanes that belong together."""

    title: str
    """Empty for slots, which have numbers."""
    first: int
    count: int


@dataclass(slots=True)
class Lanes:
    """All lanes of a run."""

    lanes: list[list[LaneAttempt]] = field(default_factory=list)
    """In order of their beginnings each."""
    bands: list[Band] = field(default_factory=list)
    lane_of: dict[Key, int] = field(default_factory=dict)
    untimed: int = 0
    """How many attempts have no times, and so no lane."""


def lanes_of(run: Run, by: str) -> Lanes:
    """Return the attempts of *run* in lanes.

    Args:
        run: the run.
        by: one of BY.

    """
    found = Lanes()
    bands: dict[str, list[LaneAttempt]] = {}
    title = _titles(run, by)
    for attempt in run.attempts.values():
        timed = _timed(attempt)
        if timed is None:
            found.untimed += 1
        else:
            bands.setdefault(title(attempt), []).append(timed)
    for name in sorted(bands, key=_natural):
        first = len(found.lanes)
        for timed, lane in _placed(bands[name]):
            if first + lane == len(found.lanes):
                found.lanes.append([])
            found.lanes[first + lane].append(timed)
            found.lane_of[timed.attempt.key] = first + lane
        found.bands.append(Band(name, first, len(found.lanes) - first))
    return found


def _timed(attempt: Attempt) -> LaneAttempt | None:
    segments: Sequence[Segment] = attempt.segments
    if segments and segments[0].phase == "slot_wait":
        segments = segments[1:]
    if not segments:
        return None
    return LaneAttempt(segments[0].start, segments[-1].end, attempt, segments)


def _titles(run: Run, by: str) -> Callable[[Attempt], str]:
    """Return the function that names the band of an attempt."""
    match by:
        case "node":
            return lambda one: harmless(one.node) if one.node is not None else "no node known"
        case "rule":
            return lambda one: job_name(run.rule_of(one), {}, one.group)
        case _:
            return lambda _: ""


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key by which node10 comes after node9."""
    parts = re.findall(r"\d{1,18}|\D+", name.casefold())
    return [(int(one), "") if one.isdecimal() else (-1, one) for one in parts]


def _placed(attempts: Iterable[LaneAttempt]) -> Iterable[tuple[LaneAttempt, int]]:
    """Yield attempts by their beginnings, each with the first lane that is free then."""
    free: list[int] = []
    busy: list[tuple[Micros, int]] = []
    for one in sorted(attempts, key=lambda timed: (timed.begin, timed.end)):
        while busy and busy[0][0] <= one.begin:
            heapq.heappush(free, heapq.heappop(busy)[1])
        lane = heapq.heappop(free) if free else len(busy)
        heapq.heappush(busy, (one.end, lane))
        yield one, lane
