"""What is left of a run by the numbers of its plan: jobs of each rule, and which they need.

Snakemake describes a job when it is about to run, so a journal has of those that wait only these.
"""

from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter

from snakemake_logger_plugin_observe.analysis.remaining.so_far import Kind, SoFar
from snakemake_logger_plugin_observe.analysis.remaining.units import Unit, usual_shares


def by_rule(
    so_far: SoFar, earlier: Sequence[SoFar], waiting: dict[str, int], begun: list[Unit]
) -> tuple[list[Unit], bool]:
    """Return what is left, where jobs need each other as the numbers of the plan show it.

    And whether the rules come one after the other, so that this shows what waits for what: not in
    older journals, nor if jobs of two rules need each other in turns.
    """
    kinds = _kinds(so_far, earlier)
    plan = _Plan(so_far, kinds)
    shares = usual_shares([so_far, *(one for one in earlier if one.limits == so_far.limits)])
    counts: dict[Kind, int] = {}
    for rule, count in waiting.items():
        kind = kinds.get(rule, ((rule, 1),))
        counts[kind] = max(counts.get(kind, 0), -(-count // dict(kind)[rule]))
    open_ones: dict[Kind, list[int]] = {}
    for index, unit in enumerate(begun):
        open_ones.setdefault(unit.kind, []).append(index)
    units = [*begun]
    for kind in plan.order or counts:
        for _ in range(counts.get(kind, 0)):
            open_ones.setdefault(kind, []).append(len(units))
            units.append(Unit(kind, shares.get(kind, (1,) * len(so_far.limits))))
    for kind in plan.order:
        mine = open_ones.get(kind, [])
        for place, index in enumerate(mine):
            if units[index].key is None:
                units[index].needs = list(plan.needs(kind, place - len(mine), open_ones))
    return units, bool(plan.order)


class _Plan:
    """The plan by kind of submission: how many there are, and how many of which those need."""

    def __init__(self, so_far: SoFar, kinds: dict[str, Kind]) -> None:
        planned = so_far.run.planned
        to_run = planned.to_run if planned is not None else {}
        self._totals: dict[Kind, int] = {}
        for rule, count in to_run.items():
            kind = kinds.get(rule, ((rule, 1),))
            self._totals[kind] = max(self._totals.get(kind, 0), -(-count // dict(kind)[rule]))
        self._pairs: dict[Kind, dict[Kind, int]] = {kind: {} for kind in self._totals}
        for rule, needs in (planned.needs if planned is not None else {}).items():
            kind = kinds.get(rule, ((rule, 1),))
            for needed, pairs in needs.items():
                other = kinds.get(needed, ((needed, 1),))
                known = self._pairs.setdefault(kind, {})
                known[other] = max(known.get(other, 0), -(-pairs // dict(other)[needed]))
        old = planned is None or planned.without_command is None
        self.order: tuple[Kind, ...] = () if old else self._in_order()
        """The kinds so that each comes after those that it needs; empty if that cannot be."""

    def _in_order(self) -> tuple[Kind, ...]:
        graph = {kind: needs.keys() - {kind} for kind, needs in self._pairs.items()}
        try:
            return tuple(TopologicalSorter(graph).static_order())
        except CycleError:
            return ()

    def needs(self, kind: Kind, place: int, open_ones: dict[Kind, list[int]]) -> Iterator[int]:
        """Yield which of the open ones that of a kind needs that is at *place* from their end.

        Those that have ended are taken to be the first ones, and each needs as many as the next.
        """
        total = self._totals.get(kind, 0)
        number = max(0, total + place)
        for other, pairs in self._pairs.get(kind, {}).items():
            others = open_ones.get(other, [])
            gone = self._totals.get(other, 0) - len(others)
            if other == kind:
                if len(kind) > 1 or kind[0][1] > 1:
                    continue  # inside a group
                chains = max(1, total - pairs)
                needed = range(number - chains, number - chains + 1)
            else:
                many = (number + 1) * pairs // max(1, total) - number * pairs // max(1, total)
                count = self._totals.get(other, 0)
                begin = max(0, min(number * count // max(1, total), count - many))
                needed = range(begin, begin + many)
            first, stop = max(gone, needed.start), min(needed.stop, gone + len(others))
            yield from (others[position - gone] for position in range(first, stop))


def _kinds(so_far: SoFar, earlier: Sequence[SoFar]) -> dict[str, Kind]:
    """Return by rule what its jobs are submitted with: in groups, or each alone."""
    found: dict[str, Kind] = {}
    for one in (so_far, *earlier):
        for kind in (*one.lengths, *filter(None, map(one.kind_of, one.in_flight()))):
            for rule, _ in kind:
                found.setdefault(rule, kind)
    return found
