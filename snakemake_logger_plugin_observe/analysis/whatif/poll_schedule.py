"""When the executor checks the status of its jobs: as in a run, or at another interval."""

from bisect import bisect_left
from dataclasses import dataclass, replace

from snakemake_logger_plugin_observe.clock import Micros


@dataclass(frozen=True, slots=True)
class PollSchedule:
    """The status checks of an executor; moments and lengths in microseconds."""

    every: Micros
    """From one check to the next, including the time that a check takes."""
    checks: tuple[Micros, ...] = ()
    """The checks of the run, including those that found nothing."""
    growth: Micros = 0
    """By how much the interval grows after each check that finds nothing."""
    longest: Micros = 0
    """The longest interval it grows to."""
    first: Micros = 0
    """The first check, if the run's are not known."""

    def at_interval(self, interval: Micros, nominal: Micros, began: Micros) -> "PollSchedule":
        """Return the schedule at another *interval*; the run's own was set to *nominal*."""
        took = max(0, self.every - nominal) if not self.growth else 0
        first = self.checks[0] if self.checks and not self.growth else self.first
        if self.growth or first - began > self.every // 2:
            first = began + interval if self.growth else began
        return replace(self, every=max(1, interval + took), checks=(), first=first)


class StatusChecks:
    """An executor's status checks, one after the other, during a simulation."""

    def __init__(self, schedule: PollSchedule, shift: Micros = 0) -> None:
        """Begin with the first check of *schedule*; all its checks are *shift* later."""
        self._schedule = schedule
        known = schedule.checks
        self._known = tuple(check + shift for check in known) if shift else known
        self._last = self._known[-1] if self._known else schedule.first + shift
        self._interval = schedule.every
        self._begun = bool(known)

    def after(self, moment: Micros) -> Micros:
        """Return the first check at or after *moment*, if those before it find nothing."""
        if self._known and moment <= self._known[-1]:
            return self._known[bisect_left(self._known, moment)]
        at, interval, schedule = self._last, self._interval, self._schedule
        if at >= moment:
            return at if not self._begun or at == moment else at + interval
        longest = max(schedule.longest, schedule.every)
        while schedule.growth and interval < longest and at < moment:
            at += interval
            interval = min(interval + schedule.growth, longest)
        return at if at >= moment else at + -(-(moment - at) // interval) * interval

    def found(self, check: Micros) -> None:
        """Note that *check* found a job that had ended."""
        self._begun = True
        if not self._known or check > self._known[-1]:
            self._last, self._interval = check, self._schedule.every


def near_miss(every: Micros) -> Micros:
    """Return how shortly before a check a job may end and still be missed by it."""
    return every // 20
