"""How well a run's slots were used over time, and where they idled with work ready.

At each moment a submission is *ready* (it could be chosen, and is not), *queued* (chosen, and not
on its way to a tool yet: handed on, waiting in the cluster's queue) or *running* (from its first
sign of life to the report of its end). A slot is a place among ``--jobs``, or without that a core.
A *stall* is a stretch with at least one job ready that would have fitted into what was free.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.analysis.limits import Limits
from snakemake_logger_plugin_observe.attempt import Attempt
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run import Run

_BEFORE_RUNNING: Final = frozenset({"dispatch", "submit", "queue_wait"})
_LONGEST: Final = 5
_EXACT: Final = 64  # up to here an amount is its own kind


class Step(NamedTuple):
    """How many submissions were in which state from ``moment`` on."""

    moment: Micros
    ready: int = 0
    queued: int = 0
    running: int = 0


@dataclass(frozen=True, slots=True)
class Stall:
    """A stretch in which a slot idled though work was ready."""

    start: Micros
    end: Micros
    ready: int
    """The most jobs that were ready in it and would have fitted."""
    job_id: int | None
    group: str | None
    """One of them: the first that was ready."""
    attempt: int
    line: int | None
    """The journal's line that tells when it was ready and when it was chosen."""

    @property
    def length(self) -> Micros:
        """How long it lasted."""
        return self.end - self.start


class Held(NamedTuple):
    """How long ready work did not fit under a limit."""

    length: Micros = 0
    idle: Micros = 0
    """How long of that at least half of the slots were free: another limit than theirs held it."""


@dataclass(frozen=True, slots=True)
class Utilisation:
    """The states of submissions over time, and the stalls of the scheduler."""

    steps: tuple[Step, ...]
    slots: int | None
    """Places among ``--jobs``, or cores; None where no limit is known."""
    slot_kind: str | None
    ready_s: float
    queued_s: float
    running_s: float
    """Sums over submissions, in seconds."""
    stalled: Micros
    """How long any slot idled though work was ready."""
    stalls: tuple[Stall, ...]
    """The longest stretches of it, the longest first."""


def utilisation(run: Run) -> Utilisation:
    """Return the use of *run*'s slots over time."""
    submissions = sorted(
        (one for one in run.attempts.values() if not one.is_member and one.segments),
        key=lambda one: one.end or 0,
    )
    limits = Limits(run, submissions)
    steps = _steps(submissions)
    ends = [step.moment for step in steps[1:]]
    sums = [0, 0, 0]
    for step, until in zip(steps, ends, strict=False):
        length = until - step.moment
        for index, count in enumerate((step.ready, step.queued, step.running)):
            sums[index] += length * count
    stalled, stalls = _stalls(submissions, limits)
    name = limits.names[0] if limits.names else None
    return Utilisation(
        steps=tuple(steps),
        slots=limits.limit(name) if name is not None else None,
        slot_kind=name,
        ready_s=sums[0] / 1e6,
        queued_s=sums[1] / 1e6,
        running_s=sums[2] / 1e6,
        stalled=stalled,
        stalls=stalls,
    )


def _steps(submissions: Iterable[Attempt]) -> list[Step]:
    """Return the states of *submissions* from each moment on at which one of them changes."""
    changes: list[tuple[Micros, int, int]] = []  # when, which state, one more or one less
    for attempt in submissions:
        reported = attempt.stamps.reported
        state = at = None
        for segment in attempt.segments:
            now = _state(segment.phase)
            if reported is not None and segment.start >= reported and now == 2:
                now = None
            if now != state:
                if state is not None:
                    changes.append((segment.start, state, -1))
                if now is not None:
                    changes.append((segment.start, now, 1))
                state = now
            at = segment.end
        if state is not None and at is not None:
            changes.append((at, state, -1))
    changes.sort()
    steps: list[Step] = []
    counts = [0, 0, 0]
    for moment, state, change in changes:
        counts[state] += change
        if steps and steps[-1].moment == moment:
            steps[-1] = Step(moment, *counts)
        else:
            steps.append(Step(moment, *counts))
    return steps


def _state(phase: str | None) -> int | None:
    if phase == "slot_wait":
        return 0
    return 1 if phase in _BEFORE_RUNNING else 2


_Shares = tuple[int, ...]


def _stalls(submissions: Sequence[Attempt], limits: Limits) -> tuple[Micros, tuple[Stall, ...]]:
    """Return how long work that would have fitted waited, together and the longest stretches."""
    found: list[tuple[Micros, Micros, int, _Shares]] = []
    for start, end, ready, shares in _idle_with_work(submissions, limits):
        last = found[-1] if found else None
        if last is not None and last[1] == start:
            found[-1] = (last[0], end, max(last[2], ready), last[3])
        else:
            found.append((start, end, ready, shares))
    total = sum(end - start for start, end, _, _ in found)
    found.sort(key=lambda one: (one[0] - one[1], one[0]))
    told = (
        (start, end, ready, _first_of(submissions, start, shares, limits))
        for start, end, ready, shares in found[:_LONGEST]
    )
    return total, tuple(
        Stall(start, end, ready, first.job_id, first.group, first.number, first.line)
        for start, end, ready, first in told
        if first is not None
    )


def _first_of(
    submissions: Iterable[Attempt], moment: Micros, shares: _Shares, limits: Limits
) -> Attempt | None:
    """Return which of those that need *shares* and waited at *moment* had been ready first."""
    waited = [
        (ready, one)
        for one in submissions
        if (ready := one.stamps.ready) is not None
        and ready <= moment < (one.stamps.selected or 0)
        and _shares(one, limits) == shares
    ]
    return min(waited, key=lambda one: one[0])[1] if waited else None


def _shares(attempt: Attempt, limits: Limits) -> _Shares:
    """Return what *attempt* needs of each limit; amounts in coarse steps, rounded up.

    So jobs that ask for nearly the same are one kind, and none is said to fit that would not.
    """
    found = []
    for name in limits.names:
        share = limits.share(attempt, name)
        coarse = share > _EXACT
        found.append(min(1 << (share - 1).bit_length(), limits.limit(name)) if coarse else share)
    return tuple(found)


def _idle_with_work(
    submissions: Iterable[Attempt], limits: Limits
) -> Iterator[tuple[Micros, Micros, int, _Shares]]:
    """Yield each stretch in which ready work would have fitted: from, to, how many, what kind."""
    for stretch in _waiting(submissions, limits):
        fitting = [
            (count, kind)
            for kind, count in stretch.waiting.items()
            if all(share <= left for share, left in zip(kind, stretch.free, strict=True))
        ]
        if fitting:
            count = sum(count for count, _ in fitting)
            yield stretch.start, stretch.end, count, fitting[0][1]


def held(run: Run) -> dict[str, Held]:
    """Return, by each limit of *run* under which ready work did not fit, for how long it was so."""
    submissions = [one for one in run.attempts.values() if not one.is_member and one.segments]
    limits = Limits(run, submissions)
    names, found = limits.names, dict[str, Held]()
    for stretch in _waiting(submissions, limits):
        length = stretch.end - stretch.start
        for index, name in enumerate(names):
            if any(kind[index] > stretch.free[index] for kind in stretch.waiting):
                one = found.get(name, Held())
                slots = stretch.free[0] * 2 >= limits.limit(names[0])
                idle = one.idle + (length if index and slots else 0)
                found[name] = Held(one.length + length, idle)
    return found


class _Stretch(NamedTuple):
    """A stretch in which work was ready: of which kinds, and what was free of each limit."""

    start: Micros
    end: Micros
    waiting: dict[_Shares, int]
    free: list[int]


def _waiting(submissions: Iterable[Attempt], limits: Limits) -> Iterator[_Stretch]:
    """Yield each stretch in which work was ready.

    One sweep over all moments at which something came to be ready, was chosen or was finished.
    """
    if not limits.names:
        return
    changes: list[tuple[Micros, int, _Shares, tuple[int, ...] | None]] = []
    for attempt in submissions:
        ready, selected = attempt.stamps.ready, attempt.stamps.selected
        if selected is None:
            continue
        shares = _shares(attempt, limits)
        exact = tuple(limits.share(attempt, name) for name in limits.names)
        changes.append((selected, 0, shares, exact))
        changes.append((max(selected, attempt.end or 0), 0, shares, tuple(-one for one in exact)))
        if ready is not None and ready < selected:
            changes.append((ready, 1, shares, None))
            changes.append((selected, -1, shares, None))
    changes.sort(key=lambda change: change[0])
    free = [limits.limit(name) for name in limits.names]
    waiting: dict[_Shares, int] = {}
    since: Micros = 0
    for moment, ready_change, shares, taken in changes:
        if moment > since and waiting:
            yield _Stretch(since, moment, waiting, free)
        since = moment
        if taken is not None:
            free = [left - one for left, one in zip(free, taken, strict=True)]
        count = waiting.get(shares, 0) + ready_change
        if count:
            waiting[shares] = count
        else:
            waiting.pop(shares, None)
