"""What is left, simulated many times with lengths that are drawn anew each time."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.remaining.basis import Basis
from snakemake_logger_plugin_observe.analysis.remaining.left import Left
from snakemake_logger_plugin_observe.analysis.remaining.so_far import Kind, SoFar, selection_length
from snakemake_logger_plugin_observe.analysis.remaining.units import Unit
from snakemake_logger_plugin_observe.analysis.whatif.engine import simulate
from snakemake_logger_plugin_observe.analysis.whatif.model import Column, Model, Moments, Rest
from snakemake_logger_plugin_observe.clock import Micros

_DRAWINGS: Final = 25
_FEWEST: Final = 5
_SIMULATED: Final = 60_000
"""So many submissions are simulated, in all drawings together, where there are many."""


class Drawings:
    """What is left, ready to be simulated: it reads nothing of the run any more."""

    def __init__(self, so_far: SoFar, left: Left, basis: Basis, now: Micros) -> None:
        """Read of the run what is needed, at the moment *now*."""
        self._left, self._basis = left, basis
        self._choosing = selection_length(so_far.run)
        self._limits = dict(so_far.limits)
        self._ends_in = basis.after_the_last
        if so_far.last_ended:  # where no job is left, it is on its way out since the last one
            self._ends_in = max(0, self._ends_in - max(0, now - so_far.last_ended))
        self._begun = sum(unit.elapsed is not None for unit in left.units)

    def drawn(self, *, borrow: bool) -> list[Micros]:
        """Return how long what is left takes, once for each drawing, in order.

        Args:
            borrow: whether a kind of which no length is known is taken to be like another one,
                drawn anew each time; else its submissions take no time, which gives a lower bound.

        """
        left, after = self._left, self._basis.after_the_last
        if not left.units:
            return [self._ends_in]
        count = min(_DRAWINGS, max(_FEWEST, _SIMULATED // len(left.units)))
        rng = random.Random(len(left.units))  # noqa: S311 - the same run has the same answer
        found = []
        for _ in range(count):
            units = left.units if left.exact else _in_any_order(left, self._begun, rng)
            model = self._model(units, _lengths(units, self._basis, rng, borrow=borrow))
            found.append(after + simulate(model).makespan(model))
        return sorted(found)

    def _model(self, units: Sequence[Unit], lengths: list[Micros]) -> Model:
        """Return the units as a model: it begins now, with what is in flight selected at once."""
        count = len(units)
        dependents: list[list[int]] = [[] for _ in units]
        for index, unit in enumerate(units):
            for need in dict.fromkeys(unit.needs):
                dependents[need].append(index)
        requests, limits = self._requests(units)
        zero = [0] * count
        return Model(
            start=0,
            began=0,
            end=0,
            head=(),
            rest=Rest((), None, ()),
            keys=[(index, 1) for index in range(count)],
            rules=[None] * count,
            dependents=dependents,
            dependency_counts=[len(set(unit.needs)) for unit in units],
            previous=[-1] * count,
            requests=requests,
            asked={},
            limits=limits,
            before={},
            background={"compute": lengths},
            after={},
            solver=[0 if unit.elapsed is not None else self._choosing for unit in units],
            loop=zero,
            wakeup=zero,
            replan=zero,
            replannings={},
            held_back=zero,
            unfinished=[False] * count,
            local=[False] * count,
            polled=[False] * count,
            unseen=zero,
            check_delay=zero,
            poll_schedule=None,
            nominal=0,
            group_parts={},
            measured=Moments([], [], [], [], []),
        )

    def _requests(self, units: Sequence[Unit]) -> tuple[dict[str, Column], dict[str, int]]:
        """Return what each takes of each limit, and the limits: what is in flight fits them."""
        requests: dict[str, Column] = {}
        limits: dict[str, int] = {}
        for position, (name, limit) in enumerate(self._limits.items()):
            shares = [unit.shares[position] for unit in units]
            requests[name] = shares
            limits[name] = max([limit, sum(shares[: self._begun]), *shares])
        return requests, limits


def _in_any_order(left: Left, begun: int, rng: random.Random) -> list[Unit]:
    """Return the units with those that wait in another order: Snakemake selects any that is ready.

    The order decides which are the last ones, and these run alone. Where it is not known what they
    need, each needs what is as far before it as it was of one that began so far.
    """
    order = list(range(begun, len(left.units)))
    rng.shuffle(order)
    order = [*range(begun), *order]
    place = {old: new for new, old in enumerate(order)}
    found = []
    for new, old in enumerate(order):
        needs = [place[one] for one in left.units[old].needs]
        if left.reaches and new >= begun:
            needs = [new - far for far in rng.choice(left.reaches) if far <= new]
        found.append(replace(left.units[old], needs=needs))
    return found


def _lengths(
    units: Sequence[Unit], basis: Basis, rng: random.Random, *, borrow: bool
) -> list[Micros]:
    """Return a length for each unit, of those in flight what is left of it."""
    pools: dict[Kind, list[Micros]] = {}
    ratios: dict[Kind, list[float]] = {}
    for kind in dict.fromkeys(unit.kind for unit in units):
        known, ratio = basis.lengths(kind), basis.ratios_of(kind)
        if not known and borrow:
            known = basis.lengths(rng.choice(basis.kinds))
        pools[kind] = rng.choices(known, k=len(known)) if known else [0]
        ratios[kind] = rng.choices(ratio, k=len(ratio))
    found = []
    for unit in units:
        if unit.elapsed is None:
            if unit.past is not None:
                found.append(round(unit.past * rng.choice(ratios[unit.kind])))
            else:
                in_vain = _in_vain(unit.kind, basis, rng) if borrow else 0
                found.append(rng.choice(pools[unit.kind]) + in_vain)
            continue
        # One in flight takes longer than it has; those that wait may be like it.
        pool: Sequence[Micros] = pools[unit.kind]
        if unit.past is not None:
            pool = [round(unit.past * ratio) for ratio in ratios[unit.kind]]
        so_long = unit.elapsed + (unit.spent if unit.past is not None else 0)
        longer = [length for length in pool if length > so_long]
        whole = rng.choice(longer) if longer else so_long
        if unit.past is None:
            pools[unit.kind].append(whole)
        found.append(whole - so_long)
    return found


def _in_vain(kind: Kind, basis: Basis, rng: random.Random) -> Micros:
    """Return how long the attempts of a job take that fail, as many as did so far."""
    share, lengths, most = basis.in_vain(kind)
    whole = 0
    for _ in range(most):
        if rng.random() >= share:
            break
        whole += rng.choice(lengths)
    return whole
