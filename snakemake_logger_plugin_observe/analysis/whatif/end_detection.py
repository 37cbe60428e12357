"""How the executor noticed the ends of a run's jobs: its status checks, recorded or inferred.

Older journals record when each end was reported, not the checks themselves.
"""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.analysis.cost.polling import polling
from snakemake_logger_plugin_observe.analysis.cost.waking import was_woken
from snakemake_logger_plugin_observe.analysis.whatif.end_lags import CheckedEnd, cluster_lag
from snakemake_logger_plugin_observe.analysis.whatif.model import Column, Lag, Moments
from snakemake_logger_plugin_observe.analysis.whatif.poll_schedule import PollSchedule, near_miss
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt
from snakemake_logger_plugin_observe.run.model import Run

_MAX_CHECKS: Final = 100_000


@dataclass(frozen=True, slots=True)
class EndDetection:
    """The executor's status checks, and how they found each submission's end; see ``Model``."""

    schedule: PollSchedule | None
    every: Micros
    polled: list[bool]
    unseen: Column
    check_delay: Column
    behind: Column
    lingered: Column
    lag: Lag | None = None


class NoticedEnd(NamedTuple):
    """An end that the executor noticed."""

    reported: Micros
    """When it was reported; of a recorded check, when that began."""
    ended: Micros
    """When the job had ended; 0 if not known."""
    interval: Micros
    """The executor's sleep between checks at that time."""
    previous: Micros | None = None
    """When the check before it began, if that is recorded."""
    previous_ended: Micros | None = None


def infer_end_detection(
    run: Run, attempts: Sequence[Attempt], began: Micros, moments: Moments
) -> EndDetection:
    """Return how the ends of *attempts*, with their *moments*, were noticed."""
    count = len(attempts)
    ended, reported = moments.ended, moments.reported
    unseen, check_delay, behind = [0] * count, [0] * count, [0] * count
    polled = [attempt.status in FINAL and was_polled(attempt) for attempt in attempts]
    intervals = polling(run)
    sleeps = [p for p in run.phases if p.phase == "shutdown" and p.poll_interval_s]
    lingered = [ended[i] - _node_end(attempt, ended[i]) for i, attempt in enumerate(attempts)]
    if intervals is None or not (any(polled) or sleeps):
        return EndDetection(None, 0, [False] * count, unseen, check_delay, behind, lingered)
    every = max(1, round(intervals.shortest_s * 1e6))
    if was_woken(run):  # each end had checks of its own: it is found as long after it as it was
        return EndDetection(None, every, [False] * count, unseen, check_delay, behind, lingered)
    noticed = [
        _noticed(attempt, reported[i], ended[i] if polled[i] else 0)
        for i, attempt in enumerate(attempts)
        if attempt.poll_interval_s is not None and attempt.status in FINAL
    ]
    last = [NoticedEnd(p.end, 0, round((p.poll_interval_s or 0) * 1e6)) for p in sleeps]
    schedule = infer_poll_schedule(
        sorted(noticed, key=lambda one: one.reported),
        every,
        began,
        max(last, default=None),
        growth=round(intervals.growth_s * 1e6),
        longest=round(intervals.most_s * 1e6),
    )
    checked: dict[int, CheckedEnd] = {}
    checks = schedule.checks
    for i, attempt in enumerate(attempts):
        if not polled[i]:
            continue
        at = bisect_right(checks, reported[i]) - 1
        check_delay[i] = reported[i] - checks[at]
        if (check := attempt.status_check) is not None:
            check_delay[i] = max(0, reported[i] - check.begun)
            missed = checks[index - 1] + 1 if (index := bisect_left(checks, check.begun)) else 0
            checked[i] = CheckedEnd(ended[i], lingered[i], missed, check.begun)
            behind[i] = max(0, min(check.slept or 0, check.begun) - ended[i])
        elif at > 0 and ended[i] <= checks[at - 1]:
            unseen[i] = checks[at - 1] - ended[i] + 1
    lag = None
    if checked:
        lag, shown = cluster_lag(run, attempts, checked)
        for i, length in shown.items():
            unseen[i] = length
    elif any(unseen):
        soonest = _soonest(polled, moments, check_delay, every)
        unseen = [max(length, soonest) if polled[i] else length for i, length in enumerate(unseen)]
    return EndDetection(schedule, every, polled, unseen, check_delay, behind, lingered, lag)


def _noticed(attempt: Attempt, reported: Micros, ended: Micros) -> NoticedEnd:
    interval = round((attempt.poll_interval_s or 0) * 1e6)
    check = attempt.status_check
    if check is None:
        return NoticedEnd(reported, ended, interval)
    return NoticedEnd(check.begun, ended, interval, check.previous, check.slept)


def _node_end(attempt: Attempt, ended: Micros) -> Micros:
    """Return when the last process of *attempt* on its node had gone, by the main clock."""
    return ended if attempt.node_ended is None else min(ended, attempt.node_ended)


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
    behind = ("poll_wait", "postprocess") if attempt.status_check is not None else ("poll_wait",)
    return (
        attempt.poll_interval_s is not None
        and stamps.accepted is not None
        and stamps.reported is not None
        and any(s.phase in behind and s.start < stamps.reported for s in attempt.segments)
    )


class _Check(NamedTuple):
    """A status check: its begin, its end, and the sleep before it."""

    begin: Micros
    end: Micros
    interval: Micros
    follows: Micros | None = None
    """The check before it, if that is recorded."""


def infer_poll_schedule(
    noticed: Sequence[NoticedEnd],
    every: Micros,
    began: Micros,
    last: NoticedEnd | None,
    *,
    growth: Micros = 0,
    longest: Micros = 0,
) -> PollSchedule:
    """Return the status checks that explain when ends were *noticed*.

    Args:
        noticed: in the order in which they were reported.
        every: the executor's interval, the shortest if it varied.
        began: when scheduling began; the executor was created just before.
        last: when the executor's last sleep ended, if known.
        growth: by how much the interval grows while nothing is found, as the Slurm plugin's does.
        longest: the longest interval that it grows to.

    """
    recorded = [one for one in noticed if one.previous is not None]
    checks: list[Micros] = []
    previous = began
    for number, check in enumerate(_known_checks(noticed, last, every, growth)):
        backs: list[Micros] = []
        if not checks or check.follows != checks[-1]:
            backs = _between(check.begin - previous, check.interval, growth, every)
        if number and not growth and backs:
            steps = len(backs) + 1
            gap = check.begin - previous
            checks += [previous + gap * k // steps for k in range(1, steps)]
        else:  # nothing is known of the time before the first check
            checks += [check.begin - back for back in reversed(backs)]
        checks.append(check.begin)
        previous = check.end
    took = sorted((one.previous_ended or 0) - (one.previous or 0) for one in recorded)
    return PollSchedule(
        every=every if growth else _usual_gap(checks, every),
        checks=tuple(checks),
        growth=growth,
        longest=max(every, longest),
        first=checks[0] if checks else began + (every if growth else 0),
        took=max(0, took[len(took) // 2]) if growth and took else 0,
        recorded=bool(recorded),
    )


def _known_checks(
    noticed: Sequence[NoticedEnd], last: NoticedEnd | None, every: Micros, growth: Micros
) -> list[_Check]:
    """Return the checks that found an end, and those before them that are recorded, in order.

    Ends reported close together had the same check, where checks are not recorded.
    """
    found: dict[Micros, _Check] = {}
    at: Micros | None = None
    for reported, ended, interval, previous, previous_ended in noticed:
        if previous is not None:
            found[reported] = _Check(reported, reported, interval, previous)
            shorter = max(every, interval - growth)
            found.setdefault(previous, _Check(previous, previous_ended or previous, shorter))
            at = None
            continue
        known = found[at] if at is not None else None
        if known and reported - known.end < interval * 9 // 10 and ended <= known.begin:
            found[known.begin] = known._replace(end=reported)
        else:
            at = reported
            found.setdefault(at, _Check(reported, reported, interval))
    in_order = [found[moment] for moment in sorted(found)]
    if last is not None and (not in_order or last.reported > in_order[-1].end):
        in_order.append(_Check(last.reported, last.reported, last.interval))
    return in_order


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
