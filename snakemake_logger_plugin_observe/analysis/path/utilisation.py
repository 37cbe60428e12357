"""How well a run's slots were used over time, and when they idled while work was ready.

At each moment a submission is *ready* (not selected yet), *queued* (selected, submitted, waiting in
the cluster's queue) or *running* (from its first sign of life until its end was reported). A slot
is one of ``--jobs``, or a core if that is not set. A *stall* is a stretch in which at least one
ready job would have fitted into what was free.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import (
    CORES,
    Limits,
    Submissions,
)
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run

# The counts of all three states are kept in one number, with this many bits for each.
_BITS: Final = 64
_READY, _QUEUED, _RUNNING = 1, 1 << _BITS, 1 << 2 * _BITS
_COUNT: Final = (1 << _BITS) - 1
_STATE: Final[dict[str | None, int]] = {
    "slot_wait": _READY,
    **dict.fromkeys(("dispatch", "submit", "held", "queue_wait"), _QUEUED),
}
_LONGEST: Final = 5
_EXACT: Final = 64  # larger amounts are rounded up, so similar jobs are one kind


class UsageStep(NamedTuple):
    """How many submissions were in which state from ``moment`` on."""

    moment: Micros
    ready: int = 0
    queued: int = 0
    running: int = 0


@dataclass(frozen=True, slots=True)
class Stall:
    """A stretch in which a slot idled while work was ready."""

    start: Micros
    end: Micros
    ready: int
    """The largest number of jobs that were ready and would have fitted."""
    job_id: int | None
    group: str | None
    """The one of them that was ready first."""
    attempt: int
    line: int | None
    """The journal line that shows when it was ready and when it was selected."""

    @property
    def length(self) -> Micros:
        """How long it lasted."""
        return self.end - self.start


class HeldBack(NamedTuple):
    """How long a limit held ready work back."""

    length: Micros = 0
    idle: Micros = 0
    """How much of that time at least half of the slots were free, so another limit was short."""
    stretches: tuple[tuple[Micros, Micros], ...] = ()
    """When it did, in order."""


@dataclass(frozen=True, slots=True)
class Utilisation:
    """The states of submissions over time, and the stalls of the scheduler."""

    steps: tuple[UsageStep, ...]
    slots: int | None
    """``--jobs``, or cores; None if neither is known."""
    slot_kind: str | None
    ready_s: float
    queued_s: float
    running_s: float
    """Sums over submissions, in seconds."""
    stalled: Micros
    """How long any slot idled while work was ready."""
    stalls: tuple[Stall, ...]
    """The longest of these stretches, longest first."""
    held_back: Mapping[str, HeldBack] = field(default_factory=dict)
    """For how long each limit held ready work back, by its name."""
    in_cores: tuple[UsageStep, ...] | None = None
    """The steps in cores: the limit's share of each submission. None where no cores limit jobs."""

    @property
    def in_slots(self) -> tuple[UsageStep, ...]:
        """The steps in what the slots are counted in, so that they can be compared with these."""
        return self.steps if self.in_cores is None else self.in_cores

    @property
    def kept_back(self) -> tuple[tuple[str, Micros], ...]:
        """For how long other limits kept ready work back while at least half of the slots idled."""
        return tuple((name, one.idle) for name, one in self.held_back.items() if one.idle)


def utilisation(run: Run) -> Utilisation:
    """Return the use of *run*'s slots over time."""
    submissions = Submissions(run)
    limits = Limits(run)
    steps = _steps(submissions.attempts)
    ends = [step.moment for step in steps[1:]]
    sums = [0, 0, 0]
    for step, until in zip(steps, ends, strict=False):
        length = until - step.moment
        for index, count in enumerate((step.ready, step.queued, step.running)):
            sums[index] += length * count
    stalls, held_back = _Stalls(), _HeldBackWork(limits)
    for stretch in _waiting(submissions.attempts, limits):
        stalls.add(stretch)
        held_back.add(stretch)
    name = limits.names[0] if limits.names else None
    return Utilisation(
        steps=tuple(steps),
        slots=limits.limit(name) if name is not None else None,
        slot_kind=name,
        ready_s=sums[0] / 1e6,
        queued_s=sums[1] / 1e6,
        running_s=sums[2] / 1e6,
        stalled=stalls.total(),
        stalls=stalls.longest(submissions.attempts, limits),
        held_back=held_back.by_limit(),
        in_cores=tuple(_in_cores(submissions.attempts, limits)) if name == CORES else None,
    )


def _in_cores(submissions: Iterable[Attempt], limits: Limits) -> list[UsageStep]:
    """Return the cores of *submissions* in each state; no job has more than there are."""
    most = limits.limit(CORES)
    return _steps(submissions, lambda one: min(most, limits.share(one, CORES)))


def _steps(
    submissions: Iterable[Attempt], amount: Callable[[Attempt], int] = lambda _: 1
) -> list[UsageStep]:
    """Return how many *submissions* are in each state, at each moment a state changes.

    Args:
        submissions: jobs and groups.
        amount: what each counts as.

    """
    changes: dict[Micros, int] = {}
    for attempt in submissions:
        counted = amount(attempt)
        reported = attempt.stamps.reported
        state = at = 0
        for start, end, phase in attempt.segments.plain():
            now = _STATE.get(phase, _RUNNING)
            if now is _RUNNING and reported is not None and start >= reported:
                now = 0
            if now != state:
                changes[start] = changes.get(start, 0) + counted * (now - state)
                state = now
            at = end
        if state:
            changes[at] = changes.get(at, 0) - counted * state
    steps: list[UsageStep] = []
    counts = 0
    for moment in sorted(changes):
        counts += changes[moment]
        steps.append(
            UsageStep(
                *(moment, counts & _COUNT, counts >> _BITS & _COUNT),
                counts >> 2 * _BITS,
            )
        )
    return steps


_Shares = tuple[int, ...]


class _Stalls:
    """The stretches in which work waited that would have fitted, joined where they meet."""

    def __init__(self) -> None:
        self._found: list[tuple[Micros, Micros, int, _Shares]] = []

    def add(self, stretch: "_Stretch") -> None:
        """Take the next stretch in which work was ready."""
        fitting = [
            (count, kind)
            for kind, count in stretch.waiting.items()
            if all(share <= left for share, left in zip(kind, stretch.free, strict=True))
        ]
        if not fitting:
            return
        ready, shares = sum(count for count, _ in fitting), fitting[0][1]
        last = self._found[-1] if self._found else None
        if last is not None and last[1] == stretch.start:
            self._found[-1] = (last[0], stretch.end, max(last[2], ready), last[3])
        else:
            self._found.append((stretch.start, stretch.end, ready, shares))

    def total(self) -> Micros:
        """Return how long they are together."""
        return sum(end - start for start, end, _, _ in self._found)

    def longest(self, submissions: Sequence[Attempt], limits: Limits) -> tuple[Stall, ...]:
        """Return the longest, longest first, each with the job that was ready first in it."""
        longest = sorted(self._found, key=lambda one: (one[0] - one[1], one[0]))[:_LONGEST]
        firsts = _firsts(submissions, [(start, shares) for start, _, _, shares in longest], limits)
        return tuple(
            Stall(start, end, ready, first.job_id, first.group, first.number, first.line)
            for (start, end, ready, _), first in zip(longest, firsts, strict=True)
            if first is not None
        )


def _firsts(
    submissions: Iterable[Attempt], stalls: Sequence[tuple[Micros, _Shares]], limits: Limits
) -> list[Attempt | None]:
    """Return, for each moment and kind of *stalls*, the waiting job of that kind that was first."""
    firsts: list[Attempt | None] = [None] * len(stalls)
    since = [1 << 62] * len(stalls)
    for one in submissions:
        ready, selected = one.stamps.ready, one.stamps.selected
        if ready is None or selected is None:
            continue
        for index, (moment, shares) in enumerate(stalls):
            waited = ready <= moment < selected and ready < since[index]
            if waited and _shares(one, limits) == shares:
                firsts[index], since[index] = one, ready
    return firsts


def _shares(attempt: Attempt, limits: Limits) -> _Shares:
    """Return what *attempt* needs of each limit, large amounts rounded up to coarse steps.

    So jobs with similar requests are one kind, and no job is reported as fitting that would not.
    """
    found = []
    for name in limits.names:
        share = limits.share(attempt, name)
        coarse = share > _EXACT
        found.append(min(1 << (share - 1).bit_length(), limits.limit(name)) if coarse else share)
    return tuple(found)


def held_back_by_limit(run: Run) -> dict[str, HeldBack]:
    """Return, for each limit of *run* that held ready work back, for how long it did."""
    limits = Limits(run)
    held_back = _HeldBackWork(limits)
    for stretch in _waiting(Submissions(run).attempts, limits):
        held_back.add(stretch)
    return held_back.by_limit()


class _HeldBackWork:
    """For how long each limit held ready work back, and when."""

    def __init__(self, limits: Limits) -> None:
        self._names = limits.names
        self._half = limits.limit(limits.names[0]) / 2 if limits.names else 0
        self._idle: dict[str, Micros] = {}
        self._stretches: dict[str, list[tuple[Micros, Micros]]] = {}

    def add(self, stretch: "_Stretch") -> None:
        """Take the next stretch in which work was ready."""
        slots_idled = stretch.free[0] >= self._half
        for index, (name, left) in enumerate(zip(self._names, stretch.free, strict=True)):
            if not any(kind[index] > left for kind in stretch.waiting):
                continue
            if index and slots_idled:
                self._idle[name] = self._idle.get(name, 0) + stretch.end - stretch.start
            own = self._stretches.setdefault(name, [])
            if own and own[-1][1] == stretch.start:
                own[-1] = own[-1][0], stretch.end
            else:
                own.append((stretch.start, stretch.end))

    def by_limit(self) -> dict[str, HeldBack]:
        """Return what was found, by the limit's name."""
        return {
            name: HeldBack(
                sum(end - start for start, end in own), self._idle.get(name, 0), tuple(own)
            )
            for name, own in self._stretches.items()
        }


class _Stretch(NamedTuple):
    """A stretch in which work was ready: how many of each kind, and what each limit had left.

    Only until the next one is asked for.
    """

    start: Micros
    end: Micros
    waiting: dict[_Shares, int]
    free: list[int]


def _waiting(submissions: Iterable[Attempt], limits: Limits) -> Iterator[_Stretch]:
    """Yield each stretch in which work was ready.

    This is one sweep over the moments at which a submission became ready, was selected or finished.
    """
    if not limits.names:
        return
    changes: list[tuple[Micros, int, _Shares, _Shares | None]] = []
    for attempt in submissions:
        ready, selected = attempt.stamps.ready, attempt.stamps.selected
        if selected is None:
            continue
        shares = _shares(attempt, limits)
        exact = tuple(limits.share(attempt, name) for name in limits.names)
        waited = ready is not None and ready < selected
        if ready is not None and waited:
            changes.append((ready, 1, shares, None))
        changes.append((selected, -1 if waited else 0, shares, exact))
        changes.append((max(selected, attempt.end or 0), 0, shares, tuple(-one for one in exact)))
    changes.sort(key=itemgetter(0))
    free = [limits.limit(name) for name in limits.names]
    waiting: dict[_Shares, int] = {}
    since: Micros = 0
    for moment, ready_change, shares, taken in changes:
        if moment > since and waiting:
            yield _Stretch(since, moment, waiting, free)
        since = moment
        if taken is not None:
            free = [left - one for left, one in zip(free, taken, strict=True)]
        if ready_change:
            count = waiting.get(shares, 0) + ready_change
            if count:
                waiting[shares] = count
            else:
                del waiting[shares]
