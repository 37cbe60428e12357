"""What is left of a run: its submissions in flight and those that wait, with what each waits for.

Snakemake describes a job when it is about to run, so a journal has of the jobs that wait only how
many there are of each rule. Which they are, an earlier run shows that had the same ones. Without
one, what jobs of their rule needed so far is taken as what they need, in the order of the rules.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from statistics import median

from snakemake_logger_plugin_observe.analysis.remaining.so_far import (
    JobName,
    Kind,
    KnownJob,
    SoFar,
    UnitName,
    kind_of,
)
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import SUCCEEDED, Attempt, Key


@dataclass(slots=True)
class Unit:
    """A submission that has not ended."""

    kind: Kind
    shares: tuple[int, ...] = ()
    needs: list[int] = field(default_factory=list)
    """The units that it waits for."""
    elapsed: Micros | None = None
    """Of one in flight, how long it has been since it was selected."""
    key: Key | None = None
    past: Micros | None = None
    """How long the same job took in an earlier run, in all of its attempts."""
    spent: Micros = 0
    """How long its attempts took that failed."""


@dataclass(slots=True)
class Left:
    """Everything that is left: what is in flight first."""

    units: list[Unit]
    exact: bool
    """Whether it is known which jobs wait, and for which: from an earlier run."""
    stops: bool = False
    """Whether a job failed and the run only waits for what is in flight."""
    side_by_side: float | None = None
    """How many were in flight at a time so far, where the order of the rules shows nothing."""


def waiting_by_rule(so_far: SoFar) -> dict[str, int]:
    """Return how many jobs of each rule were planned and have not begun; empty if not known.

    One that failed and is to be tried again waits, too.
    """
    planned = so_far.run.planned
    if planned is None:
        return {}
    in_flight = so_far.in_flight_by_rule()
    return {
        rule: max(0, count - so_far.done[rule] - so_far.failed[rule] - in_flight[rule])
        for rule, count in planned.to_run.items()
    }


def left_of(so_far: SoFar, earlier: Sequence[SoFar], now: Micros) -> Left:
    """Return what is left of a run at the moment *now*.

    Args:
        so_far: the run.
        earlier: earlier runs of the same workflow that ran to their end, the newest first.
        now: the moment, for how long what is in flight has been so.

    """
    units = [
        Unit(
            kind,
            so_far.shares_of(attempt),
            elapsed=max(0, now - _selected(attempt, now)),
            key=attempt.key,
            past=length_in(earlier, so_far.name_of(attempt)),
            spent=so_far.spent.get(so_far.name_of(attempt), 0),
        )
        for attempt in so_far.in_flight()
        if (kind := so_far.kind_of(attempt)) is not None
    ]
    keeps_going = so_far.run.started is not None and bool(
        so_far.run.started.settings.get("keep_going")
    )
    if sum(so_far.failed.values()) and not keeps_going:
        return Left(units, exact=True, stops=True)
    waiting = waiting_by_rule(so_far)
    named = _named(so_far, earlier, waiting, units)
    if named is not None:
        return Left(named, exact=True)
    units, ordered = _by_rule(so_far, earlier, waiting, units)
    side_by_side = None if ordered else _side_by_side(so_far, units, now)
    return Left(units, exact=False, side_by_side=side_by_side)


def _side_by_side(so_far: SoFar, units: Sequence[Unit], now: Micros) -> float | None:
    """Return how many submissions were in flight at a time, on average."""
    began = so_far.run.scheduling_began
    if began is None or now <= began:
        return None
    return (so_far.occupied + sum(one.elapsed or 0 for one in units)) / (now - began)


def _selected(attempt: Attempt, now: Micros) -> Micros:
    stamps = attempt.stamps
    known = (stamps.selected, stamps.submitting, stamps.accepted, attempt.tool_started)
    return next((one for one in known if one is not None), now)


def length_in(earlier: Sequence[SoFar], name: UnitName) -> Micros | None:
    """Return how long a submission of these jobs took in the newest run that had one."""
    return next((one.length_of[name] for one in earlier if name in one.length_of), None)


# -- the jobs of an earlier run --------------------------------------------------------------------


def _named(
    so_far: SoFar, earlier: Sequence[SoFar], waiting: dict[str, int], begun: list[Unit]
) -> list[Unit] | None:
    """Return what is left if the jobs that wait are those that the last run had besides.

    Groups are taken as they were then.
    """
    if not earlier:
        return None
    before = earlier[0]
    index_of = {
        name: index
        for index, unit in enumerate(begun)
        if unit.key is not None
        for name in so_far.name_of(so_far.run.attempts[unit.key])
    }
    gone = {so_far.jobs[one].name for one in so_far.ends if one in so_far.jobs} | index_of.keys()
    left = {job.name for job in before.jobs.values() if job.name not in gone}
    if Counter(rule for rule, _ in left) != +Counter(waiting):
        return None
    units = [*begun]
    lost = _never_run(so_far, before)
    together = [_together(before, members) for members in _submissions(before)]
    for name, jobs in together:
        if not lost.isdisjoint(name):
            left.difference_update(name)
        elif left.issuperset(name):
            shares = tuple(map(max, zip(*(job.shares for job in jobs), strict=True)))
            index_of |= dict.fromkeys(name, len(units))
            units.append(Unit(kind_of(name), shares, past=length_in(earlier, name)))
        elif not left.isdisjoint(name):
            return None  # its jobs are put together otherwise now
    for name, jobs in together:
        if left.issuperset(name):
            own = index_of[name[0]]
            needed = {
                before.jobs[need].name for job in jobs for need in job.needs if need in before.jobs
            }
            units[own].needs = sorted({index_of[one] for one in needed & index_of.keys()} - {own})
    return units if before.limits.keys() == so_far.limits.keys() else _with_shares(so_far, units)


def _never_run(so_far: SoFar, before: SoFar) -> set[JobName]:
    """Return the jobs that need one that failed and is not tried again."""
    lost = {
        so_far.jobs[one].name
        for one, status in so_far.ends.items()
        if status not in SUCCEEDED and one in so_far.jobs
    }
    needed_by: dict[JobName, list[JobName]] = {}
    for job in before.jobs.values() if lost else ():
        for need in job.needs:
            if need in before.jobs:
                needed_by.setdefault(before.jobs[need].name, []).append(job.name)
    found: set[JobName] = set()
    to_see = [*lost]
    while to_see:
        new = [one for one in needed_by.get(to_see.pop(), ()) if one not in found]
        found.update(new)
        to_see += new
    return found


def _submissions(run: SoFar) -> Iterator[tuple[int, ...]]:
    """Yield the jobs of each submission of a run, in the order in which they were described."""
    group_of = {one: group for group, known in run.run.groups.items() for one in known.members}
    seen: set[str] = set()
    for job_id in run.jobs:
        group = group_of.get(job_id)
        if group is None:
            yield (job_id,)
        elif group not in seen:
            seen.add(group)
            yield tuple(one for one in run.run.members(group) if one in run.jobs)


def _together(run: SoFar, members: Sequence[int]) -> tuple[UnitName, list[KnownJob]]:
    jobs = [run.jobs[one] for one in members]
    return tuple(sorted(job.name for job in jobs)), jobs


def _with_shares(so_far: SoFar, units: list[Unit]) -> list[Unit]:
    """Return units of a run that had other limits, with what their rules take of this run's."""
    usual = _usual_shares([so_far])
    for unit in units:
        if unit.key is None:
            unit.shares = usual.get(unit.kind, (1,) * len(so_far.limits))
    return units


# -- by rule -------------------------------------------------------------------------------------


def _by_rule(
    so_far: SoFar, earlier: Sequence[SoFar], waiting: dict[str, int], begun: list[Unit]
) -> tuple[list[Unit], bool]:
    """Return what is left, with dependencies as the jobs of each rule had them so far.

    And whether the rules come one after the other, so that this shows what waits for what.
    """
    kinds = _kinds(so_far, earlier)
    shares = _usual_shares([so_far, *(one for one in earlier if one.limits == so_far.limits)])
    counts: dict[Kind, int] = {}
    for rule, count in waiting.items():
        kind = kinds.get(rule, ((rule, 1),))
        counts[kind] = max(counts.get(kind, 0), -(-count // dict(kind)[rule]))
    counts = {kind: count for kind, count in counts.items() if count}
    open_ones: dict[Kind, list[int]] = {}
    for index, unit in enumerate(begun):
        open_ones.setdefault(unit.kind, []).append(index)
    units = [*begun]
    profile = _needs_by_kind(so_far, earlier, kinds)
    order, ordered = _in_order(counts, profile)
    for kind in order:
        for _ in range(counts[kind]):
            open_ones.setdefault(kind, []).append(len(units))
            units.append(Unit(kind, shares.get(kind, (1,) * len(so_far.limits))))
    for kind, count in counts.items():
        total = _ended(so_far, kind) + len(open_ones[kind])
        for number, index in enumerate(open_ones[kind][-count:], total - count):
            for other, many in profile.get(kind, {}).items():
                others = open_ones.get(other, [])
                gone = _ended(so_far, other)
                for position in _positions(number, total, many, gone + len(others), other == kind):
                    if gone <= position and others[position - gone] < index:
                        units[index].needs.append(others[position - gone])
    return units, ordered


def _ended(so_far: SoFar, kind: Kind) -> int:
    rule, each = kind[0]
    return -(-(so_far.done[rule] + so_far.failed[rule]) // each)


def _positions(number: int, total: int, many: int, others: int, own: bool) -> Iterator[int]:
    """Yield which of *others* the job with a *number* among *total* alike needs, *many* of them."""
    if own:
        yield from range(max(0, number - many), number)
        return
    first = min(number * others // max(1, total), max(0, others - many))
    yield from range(max(0, first), min(others, first + many))


def _kinds(so_far: SoFar, earlier: Sequence[SoFar]) -> dict[str, Kind]:
    """Return by rule what its jobs are submitted with: in groups, or each alone."""
    found: dict[str, Kind] = {}
    for one in (so_far, *earlier):
        for kind in (*one.lengths, *filter(None, map(one.kind_of, one.in_flight()))):
            for rule, _ in kind:
                found.setdefault(rule, kind)
    return found


def _usual_shares(runs: Sequence[SoFar]) -> dict[Kind, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for one in reversed(runs):
        found |= {job.rule: job.shares for job in one.jobs.values()}
    return {((rule, 1),): shares for rule, shares in found.items()}


def _needs_by_kind(
    so_far: SoFar, earlier: Sequence[SoFar], kinds: dict[str, Kind]
) -> dict[Kind, dict[Kind, int]]:
    """Return how many submissions of which kind those of each kind need: medians."""
    seen: dict[Kind, list[Counter[Kind]]] = {}
    for one in (so_far, *earlier[:1]):
        for job in one.jobs.values():
            kind = kinds.get(job.rule, ((job.rule, 1),))
            needed = (one.jobs[need].rule for need in job.needs if need in one.jobs)
            counted = Counter(kinds.get(rule, ((rule, 1),)) for rule in needed)
            if len(kind) > 1 or kind[0][1] > 1:
                counted.pop(kind, None)
            seen.setdefault(kind, []).append(counted)
    return {
        kind: {
            other: many
            for other in {other for one in counts for other in one}
            if (many := round(median(one[other] for one in counts)))
        }
        for kind, counts in seen.items()
    }


def _in_order(
    counts: dict[Kind, int], profile: dict[Kind, dict[Kind, int]]
) -> tuple[list[Kind], bool]:
    """Return the kinds so that each comes after those that it needs, and whether that can be."""
    graph = {kind: {one for one in profile.get(kind, {}) if one != kind} for kind in counts}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError:
        return sorted(counts), False
    return [kind for kind in order if kind in counts], True
