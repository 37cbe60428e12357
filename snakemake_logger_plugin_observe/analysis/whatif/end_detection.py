"""How the executor noticed the ends of a run's jobs: its status checks, inferred from the journal.

The journal records when each end was reported, not the checks themselves.
"""

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.analysis.cost.polling import polling
from snakemake_logger_plugin_observe.analysis.whatif.model import Column, Moments
from snakemake_logger_plugin_observe.analysis.whatif.poll_schedule import PollSchedule, near_miss
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt
from snakemake_logger_plugin_observe.run.model import Run

_SLURM_GROWTH: Final = 10_000_000
_SLURM_LONGEST: Final = 180_000_000
_MAX_CHECKS: Final = 100_000


@dataclass(frozen=True, slots=True)
class EndDetection:
    """The executor's status checks, and how they found each submission's end; see ``Model``."""

    schedule: PollSchedule | None
    every: Micros
    polled: list[bool]
    unseen: Column
    check_delay: Column


class NoticedEnd(NamedTuple):
    """An end that the executor noticed."""

    reported: Micros
    ended: Micros
    """When the job had ended; 0 if not known."""
    interval: Micros
    """The executor's sleep between checks at that time."""


def infer_end_detection(
    run: Run, attempts: Sequence[Attempt], began: Micros, moments: Moments
) -> EndDetection:
    """Return how the ends of *attempts*, with their *moments*, were noticed."""
    count = len(attempts)
    ended, reported = moments.ended, moments.reported
    unseen, check_delay = [0] * count, [0] * count
    polled = [attempt.status in FINAL and was_polled(attempt) for attempt in attempts]
    intervals = polling(run)
    sleeps = [p for p in run.phases if p.phase == "shutdown" and p.poll_interval_s]
    if intervals is None or not (any(polled) or sleeps):
        return EndDetection(None, 0, [False] * count, unseen, check_delay)
    every = max(1, round(intervals.shortest_s * 1e6))
    noticed = [
        NoticedEnd(reported[i], ended[i] if polled[i] else 0, round(attempt.poll_interval_s * 1e6))
        for i, attempt in enumerate(attempts)
        if attempt.poll_interval_s is not None and attempt.status in FINAL
    ]
    last = [NoticedEnd(p.end, 0, round((p.poll_interval_s or 0) * 1e6)) for p in sleeps]
    adaptive = run.started is not None and run.started.wraps == "slurm"
    schedule = infer_poll_schedule(
        sorted(noticed), every, began, max(last, default=None), adaptive=adaptive
    )
    checks = schedule.checks
    for i in range(count):
        if polled[i]:
            at = bisect_right(checks, reported[i]) - 1
            check_delay[i] = reported[i] - checks[at]
            if at > 0 and ended[i] <= checks[at - 1]:
                unseen[i] = checks[at - 1] - ended[i] + 1
    if any(unseen):
        soonest = _soonest(polled, moments, check_delay, every)
        unseen = [max(length, soonest) if polled[i] else length for i, length in enumerate(unseen)]
    return EndDetection(schedule, every, polled, unseen, check_delay)


def _soonest(
    polled: Sequence[bool], moments: Moments, check_delay: Column, every: Micros
) -> Micros:
    """Return how soon after its end a job can be seen, in a run in which checks missed ends.

    Jobs that take about as long as the executor sleeps end just before or just after its checks.
    If the run has no job that was seen so soon after its end, neither has a simulation.
    """
    lags = (
        reported - delay - ended
        for reported, delay, ended, known in zip(
            moments.reported, check_delay, moments.ended, polled, strict=True
        )
        if known
    )
    return max(0, min(min(lags, default=0), near_miss(every)))


def was_polled(attempt: Attempt) -> bool:
    """Whether it is known how long *attempt* waited for a status check."""
    stamps = attempt.stamps
    return (
        attempt.poll_interval_s is not None
        and stamps.accepted is not None
        and stamps.reported is not None
        and any(segment.phase == "poll_wait" for segment in attempt.segments)
    )


class _Check(NamedTuple):
    """A status check that found something: its begin, its end, and the sleep before it."""

    begin: Micros
    end: Micros
    interval: Micros


def infer_poll_schedule(
    noticed: Sequence[NoticedEnd],
    every: Micros,
    began: Micros,
    last: NoticedEnd | None,
    *,
    adaptive: bool,
) -> PollSchedule:
    """Return the status checks that explain when ends were *noticed*.

    Args:
        noticed: in the order in which they were reported.
        every: the executor's interval, the shortest if it varied.
        began: when scheduling began; the executor was created just before.
        last: when the executor's last sleep ended, if known.
        adaptive: whether the interval grows while nothing is found, as the Slurm plugin's does.

    """
    growth = _SLURM_GROWTH if adaptive else 0
    checks: list[Micros] = []
    previous = began
    for number, (begin, end, interval) in enumerate(_successful(noticed, last)):
        backs = _between(begin - previous, interval, growth, every)
        if number and not growth and backs:
            steps = len(backs) + 1
            checks += [previous + (begin - previous) * k // steps for k in range(1, steps)]
        else:  # nothing is known of the time before the first check
            checks += [begin - back for back in reversed(backs)]
        checks.append(begin)
        previous = end
    spacing = _usual_gap(checks, every) if not growth else every
    start = checks[0] if checks else began + (every if adaptive else 0)
    return PollSchedule(spacing, tuple(checks), growth, max(every, _SLURM_LONGEST), start)


def _successful(noticed: Sequence[NoticedEnd], last: NoticedEnd | None) -> list[_Check]:
    """Return the checks that found an end: those reported close together had the same check."""
    found: list[_Check] = []
    for reported, ended, interval in noticed:
        if not found or reported - found[-1].end >= interval * 9 // 10 or ended > found[-1].begin:
            found.append(_Check(reported, reported, interval))
        else:
            found[-1] = _Check(found[-1].begin, reported, interval)
    if last is not None and (not found or last.reported > found[-1].end):
        found.append(_Check(last.reported, last.reported, last.interval))
    return found


def _between(gap: Micros, interval: Micros, growth: Micros, every: Micros) -> list[Micros]:
    """Return how long before the end of a *gap* there were checks that found nothing."""
    backs: list[Micros] = []
    back = 0
    while interval > 0 and gap - back - interval >= interval // 2 and len(backs) < _MAX_CHECKS:
        back += interval
        backs.append(back)
        interval = max(every, interval - growth)
    return backs


def _usual_gap(checks: Sequence[Micros], every: Micros) -> Micros:
    """Return the median time between two checks, including the time that a check takes."""
    gaps = sorted(
        later - earlier
        for earlier, later in itertools.pairwise(checks)
        if every <= later - earlier < every * 3 // 2
    )
    return gaps[len(gaps) // 2] if gaps else every
