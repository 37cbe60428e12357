"""The attempts of a run in lanes, as on the page: in each, one after the other without overlaps.

An attempt begins where it was selected: its wait for a slot before that is in no lane. Lanes are
ordered by slot (the first that is free), or in bands of one node or one rule each. A group takes
one slot, so its members are in its own lane; by rule, they are in the lanes of their own rules.
"""

import heapq
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.analysis.phrasing import group_name
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
    members: "Sequence[LaneAttempt]" = ()
    """Of a group: those that are in its lane, in order; each with what of it is seen there."""


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

    run: Run
    lanes: list[list[LaneAttempt]] = field(default_factory=list)
    """In order of their beginnings each."""
    bands: list[Band] = field(default_factory=list)
    lane_of: dict[Key, int] = field(default_factory=dict)
    untimed: int = 0
    """How many attempts have no times, and so no lane."""
    at_once: bool = False
    """Whether members of a group ran at once, so that a lane does not show all of them."""


def lanes_of(run: Run, by: str) -> Lanes:
    """Return the attempts of *run* in lanes.

    Args:
        run: the run.
        by: one of BY.

    """
    found = Lanes(run)
    bands: dict[str, list[LaneAttempt]] = {}
    title = _titles(run, by)
    inside: dict[Key, list[LaneAttempt]] = {}
    for attempt in run.attempts.values():
        timed = _timed(attempt)
        group = _group_of(run, attempt)
        if timed is None:
            found.untimed += 1
        elif group is not None and title(group) == title(attempt):
            inside.setdefault(group.key, []).append(timed)
        else:
            bands.setdefault(title(attempt), []).append(timed)
    for name in sorted(bands, key=_natural):
        first = len(found.lanes)
        for timed, lane in _placed(bands[name]):
            if first + lane == len(found.lanes):
                found.lanes.append([])
            members = inside.get(timed.attempt.key, [])
            seen = list(_seen(members))[::-1]
            found.at_once |= _length(seen) < _length(members)
            found.lanes[first + lane].append(timed._replace(members=seen))
            for one in (timed, *members):
                found.lane_of[one.attempt.key] = first + lane
        found.bands.append(Band(name, first, len(found.lanes) - first))
    return found


def _group_of(run: Run, attempt: Attempt) -> Attempt | None:
    """Return the submission that an attempt is a member of, if that has a lane."""
    if not attempt.is_member:
        return None
    group = run.attempts.get((attempt.group or "", attempt.number))
    return group if group is not None and _timed(group) is not None else None


def _seen(members: Iterable[LaneAttempt]) -> Iterator[LaneAttempt]:
    """Yield what is seen of members in one lane, the last first.

    Of several at once, that is the one that ended last, as in the makespan.
    """
    pieces = [piece for one in members for piece in _in_one_go(one)]
    until: Micros | None = None
    for one in sorted(pieces, key=lambda one: one.end, reverse=True):
        until = one.end if until is None else min(until, one.end)
        own = [
            Segment(start, min(end, until), phase)
            for start, end, phase in one.segments
            if start < until
        ]
        yield one._replace(begin=min(one.begin, until), end=until, segments=own)
        until = min(until, one.begin)


def _in_one_go(one: LaneAttempt) -> Iterator[LaneAttempt]:
    """Yield a member without the time between that is its group's: it may run again."""
    for labelled, found in groupby(one.segments, key=lambda segment: segment.phase is not None):
        if labelled:
            own = list(found)
            yield one._replace(begin=own[0].start, end=own[-1].end, segments=own)


def _length(members: Iterable[LaneAttempt]) -> Micros:
    segments = (segment for one in members for segment in one.segments)
    return sum(segment.length for segment in segments if segment.phase is not None)


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
            return lambda one: job_name(run.rule_of(one), {}, group_name(run, one.group))
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
