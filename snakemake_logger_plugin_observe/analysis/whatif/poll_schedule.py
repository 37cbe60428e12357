"""When the executor looks at its jobs: as it did in a run, or as it would at another interval."""

import itertools
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.clock import Micros

_SLURM_GROWTH: Final = 10_000_000
_SLURM_LONGEST: Final = 180_000_000
_MOST: Final = 100_000


@dataclass(frozen=True, slots=True)
class PollSchedule:
    """The looks of an executor; moments and lengths in microseconds."""

    every: Micros
    """From one look to the next, the time that a look takes included."""
    seen: tuple[Micros, ...] = ()
    """The looks of the run as it was, those that found nothing among them."""
    growth: Micros = 0
    """By how much the interval grows with each look that finds nothing."""
    longest: Micros = 0
    """What it grows to."""
    first: Micros = 0
    """The first look, where none was seen."""

    def at_every(self, interval: Micros, nominal: Micros, began: Micros) -> "PollSchedule":
        """Return the looks at another *interval*; the one of the run was set to *nominal*."""
        took = max(0, self.every - nominal) if not self.growth else 0
        first = self.seen[0] if self.seen and not self.growth else self.first
        if self.growth or first - began > self.every // 2:
            first = began + interval if self.growth else began
        return replace(self, every=max(1, interval + took), seen=(), first=first)


class StatusChecks:
    """An executor's looks, one after the other, while a replay goes on."""

    def __init__(self, polls: PollSchedule, shift: Micros = 0) -> None:
        """Begin with the first look of *polls*, all of which come by *shift* later."""
        self._polls = polls
        self._seen = tuple(look + shift for look in polls.seen) if shift else polls.seen
        self._last = self._seen[-1] if self._seen else polls.first + shift
        self._interval = polls.every
        self._looked = bool(polls.seen)

    def after(self, moment: Micros) -> Micros:
        """Return the first look at or after *moment*, if those before it find nothing."""
        if self._seen and moment <= self._seen[-1]:
            return self._seen[bisect_left(self._seen, moment)]
        at, interval, polls = self._last, self._interval, self._polls
        if at >= moment:
            return at if not self._looked or at == moment else at + interval
        if not polls.growth:
            return at + -(-(moment - at) // interval) * interval
        while at < moment:
            at += interval
            interval = min(interval + polls.growth, max(polls.longest, polls.every))
        return at

    def found(self, look: Micros) -> None:
        """Note that a *look* found a job that had ended."""
        self._looked = True
        if not self._seen or look > self._seen[-1]:
            self._last, self._interval = look, self._polls.every


class NoticedEnd(NamedTuple):
    """An end that the executor noticed."""

    reported: Micros
    ended: Micros
    """When the job had ended; 0 where that is not known."""
    interval: Micros
    """How long the executor slept between looks by then."""


def near_miss(every: Micros) -> Micros:
    """Return how shortly before a look an end is that may be missed by it."""
    return every // 20


def infer_poll_schedule(
    noticed: Sequence[NoticedEnd],
    every: Micros,
    began: Micros,
    last: NoticedEnd | None,
    *,
    adaptive: bool,
) -> PollSchedule:
    """Return the looks that explain when ends were *noticed*.

    Args:
        noticed: in the order in which they were reported.
        every: the interval at which the executor looked, its shortest.
        began: when scheduling began; the executor was made just before.
        last: when the executor's last sleep was over, where that is known.
        adaptive: whether the interval grows while nothing is found, as the Slurm plugin's does.

    """
    growth = _SLURM_GROWTH if adaptive else 0
    looks: list[tuple[Micros, Micros, Micros]] = []  # begin, end, interval before
    for reported, ended, interval in noticed:
        begun, until, _ = looks[-1] if looks else (0, 0, 0)
        if not looks or reported - until >= interval * 9 // 10 or ended > begun:
            looks.append((reported, reported, interval))
        else:
            looks[-1] = (begun, reported, interval)
    if last is not None and (not looks or last.reported > looks[-1][1]):
        looks.append((last.reported, last.reported, last.interval))
    seen: list[Micros] = []
    before = began
    for number, (begun, until, interval) in enumerate(looks):
        backs = _between(begun - before, interval, growth, every)
        if number and not growth and backs:
            steps = len(backs) + 1
            seen += [before + (begun - before) * k // steps for k in range(1, steps)]
        else:  # before the first, what the executor did at first is its own
            seen += [begun - back for back in reversed(backs)]
        seen.append(begun)
        before = until
    spacing = _usual(seen, every) if not growth else every
    start = seen[0] if seen else began + (every if adaptive else 0)
    return PollSchedule(spacing, tuple(seen), growth, max(every, _SLURM_LONGEST), start)


def _between(gap: Micros, interval: Micros, growth: Micros, every: Micros) -> list[Micros]:
    """Return how long before the end of a *gap* there were looks that found nothing."""
    backs: list[Micros] = []
    back = 0
    while interval > 0 and gap - back - interval >= interval // 2 and len(backs) < _MOST:
        back += interval
        backs.append(back)
        interval = max(every, interval - growth)
    return backs


def _usual(seen: Sequence[Micros], every: Micros) -> Micros:
    """Return the usual time between two looks, a look's own length included."""
    gaps = sorted(
        later - earlier
        for earlier, later in itertools.pairwise(seen)
        if every <= later - earlier < every * 3 // 2
    )
    return gaps[len(gaps) // 2] if gaps else every
