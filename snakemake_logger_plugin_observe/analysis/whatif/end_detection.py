"""How a run's ends were noticed: by which of the executor's looks, and how long after."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.cost.polling import polling
from snakemake_logger_plugin_observe.analysis.whatif.model import Column, Moments
from snakemake_logger_plugin_observe.analysis.whatif.poll_schedule import (
    NoticedEnd,
    PollSchedule,
    infer_poll_schedule,
    near_miss,
)
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt
from snakemake_logger_plugin_observe.run.model import Run


@dataclass(frozen=True, slots=True)
class EndDetection:
    """The executor's looks, and what each submission had of them; see ``Model``."""

    polls: PollSchedule | None
    every: Micros
    polled: list[bool]
    blind: Column
    late: Column


def infer_end_detection(
    run: Run, attempts: Sequence[Attempt], began: Micros, moments: Moments
) -> EndDetection:
    """Return how the ends of *attempts* were noticed, of which *moments* are known."""
    count = len(attempts)
    ended, reported = moments.ended, moments.reported
    blind, late = [0] * count, [0] * count
    polled = [attempt.status in FINAL and was_polled(attempt) for attempt in attempts]
    governed = polling(run)
    sleeps = [p for p in run.phases if p.phase == "shutdown" and p.poll_interval_s]
    if governed is None or not (any(polled) or sleeps):
        return EndDetection(None, 0, [False] * count, blind, late)
    every = max(1, round(governed.shortest_s * 1e6))
    noticed = [
        NoticedEnd(reported[i], ended[i] if polled[i] else 0, round(attempt.poll_interval_s * 1e6))
        for i, attempt in enumerate(attempts)
        if attempt.poll_interval_s is not None and attempt.status in FINAL
    ]
    last = [NoticedEnd(p.end, 0, round((p.poll_interval_s or 0) * 1e6)) for p in sleeps]
    adaptive = run.started is not None and run.started.wraps == "slurm"
    polls = infer_poll_schedule(
        sorted(noticed), every, began, max(last, default=None), adaptive=adaptive
    )
    for i in range(count):
        if polled[i]:
            at = bisect_right(polls.seen, reported[i]) - 1
            late[i] = reported[i] - polls.seen[at]
            if at > 0 and ended[i] <= polls.seen[at - 1]:
                blind[i] = polls.seen[at - 1] - ended[i] + 1
    if any(blind):
        soonest = _soonest(polled, moments, late, every)
        blind = [max(length, soonest) if polled[i] else length for i, length in enumerate(blind)]
    return EndDetection(polls, every, polled, blind, late)


def _soonest(polled: Sequence[bool], moments: Moments, late: Column, every: Micros) -> Micros:
    """Return how long after its end a job is seen at the soonest, where some were not at once.

    Jobs that take nearly as long as the executor sleeps end with its looks, just before or just
    after: where none was seen so soon after its end, none is taken to be in a replay.
    """
    lags = (
        reported - lag - ended
        for reported, lag, ended, known in zip(
            moments.reported, late, moments.ended, polled, strict=True
        )
        if known
    )
    return max(0, min(min(lags, default=0), near_miss(every)))


def was_polled(attempt: Attempt) -> bool:
    """Whether it is known how long *attempt* waited for one of the executor's looks."""
    stamps = attempt.stamps
    return (
        attempt.poll_interval_s is not None
        and stamps.accepted is not None
        and stamps.reported is not None
        and any(segment.phase == "poll_wait" for segment in attempt.segments)
    )
