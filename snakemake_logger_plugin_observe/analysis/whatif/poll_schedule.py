"""When the executor checks the status of its jobs: as in a run, or at another interval."""

from bisect import bisect_left
from dataclasses import dataclass, replace

from snakemake_logger_plugin_observe.clock import Micros


@dataclass(frozen=True, slots=True)
class PollSchedule:
    """The status checks of an executor; moments and lengths in microseconds."""

    every: Micros
    """From one check to the next, including the time that a check takes unless it grows."""
    checks: tuple[Micros, ...] = ()
    """The checks of the run, including those that found nothing."""
    growth: Micros = 0
    """By how much the interval grows after each check that finds nothing."""
    longest: Micros = 0
    """The longest interval it grows to."""
    first: Micros = 0
    """The first check, if the run's are not known."""
    took: Micros = 0
    """How long a check takes, where that is not part of the interval."""
    recorded: bool = False
    """Whether the run's checks are recorded, and not inferred from the ends that they found."""

    def at_interval(self, interval: Micros, nominal: Micros, began: Micros) -> "PollSchedule":
        """Return the schedule at another *interval*; the run's own was set to *nominal*."""
        took = max(0, self.every - nominal) if not self.growth else 0
        first = self.checks[0] if self.checks and not self.growth else self.first
        if self.growth or first - began > self.every // 2:
            first = began + interval if self.growth else began
        longest = max(self.longest, interval)
        return replace(self, every=max(1, interval + took), checks=(), first=first, longest=longest)


class StatusChecks:
    """An executor's status checks, one after the other, during a simulation."""

    def __init__(self, schedule: PollSchedule, shift: Micros = 0) -> None:
        """Begin with the first check of *schedule*; all its checks are *shift* later."""
        self._schedule = schedule
        known = schedule.checks
        self._known = tuple(check + shift for check in known) if shift else known
        self._last = self._known[-1] if self._known else schedule.first + shift
        self._interval = self._grown = schedule.every
        self._begun = bool(known)

    def after(self, moment: Micros) -> Micros:
        """Return the first check at or after *moment*, if those before it find nothing."""
        if self._known and moment <= self._known[-1]:
            return self._known[bisect_left(self._known, moment)]
        at, interval, schedule = self._last, self._interval, self._schedule
        took = schedule.took
        self._grown = min(interval + schedule.growth, max(schedule.longest, interval))
        if at >= moment:
            return at if not self._begun or at == moment else at + interval + took
        longest = max(schedule.longest, schedule.every)
        while schedule.growth and interval < longest and at < moment:
            at += interval + took
            interval = min(interval + schedule.growth, longest)
        self._grown = interval
        return (
            at if at >= moment else at + -(-(moment - at) // (interval + took)) * (interval + took)
        )

    def idle_until(self, moment: Micros) -> None:
        """Note that there was no job to check before *moment*: an interval does not grow then."""
        step = self._schedule.every + self._schedule.took
        if self._schedule.growth and moment - self._last >= step:
            self._last += (moment - self._last) // step * step
            self._interval = self._schedule.every
            self._begun = True

    def found(self, check: Micros, *, well: bool = True) -> None:
        """Note that *check* found a job that had ended, and *well*: the interval falls back."""
        self._begun = True
        if not self._known or check > self._known[-1]:
            self._last, self._interval = check, self._schedule.every if well else self._grown


def near_miss(every: Micros) -> Micros:
    """Return how shortly before a check a job may end and still be missed by it."""
    return every // 20
