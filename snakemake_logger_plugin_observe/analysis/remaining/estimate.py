"""How long a run still takes, with its basis and its spread, or why that is not known.

What is left is simulated many times, each time with lengths drawn from those that jobs of the same
rule had. A drawing also draws which of the known lengths it draws from, so that few of them give a
wide spread. What is in flight takes longer than it has taken already.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Final

from snakemake_logger_plugin_observe.analysis.remaining.left import (
    Left,
    Unit,
    left_of,
    length_in,
    waiting_by_rule,
)
from snakemake_logger_plugin_observe.analysis.remaining.so_far import (
    Kind,
    SoFar,
    kind_of,
    selection_length,
)
from snakemake_logger_plugin_observe.analysis.whatif.engine import simulate
from snakemake_logger_plugin_observe.analysis.whatif.model import Model, Moments, Rest
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Key

_DRAWINGS: Final = 25
_FEWEST: Final = 5
_MOST: Final = 200_000
_SIMULATED: Final = 60_000
"""So many submissions are simulated, in all drawings together, where there are many."""
_OWN: Final = 5
"""From so many lengths of a rule's jobs in this run on, those of earlier runs do not count."""
_FOR_A_SPREAD: Final = 3
_NO_MATTER: Final = 0.1
_OFF: Final = 0.05
"""How far off the simulation itself may be."""
_RETRIES: Final = 5
_HUNDREDTHS: Final = 100
_TOGETHER: Final = "in flight"
"""The name of a limit that no run has: no resource's name has a blank."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """How long a run still takes; moments and lengths in microseconds."""

    middle: Micros | None = None
    """The median of the drawings; None if a rule's jobs have no basis, or nothing is known."""
    low: Micros | None = None
    high: Micros | None = None
    """Nine in ten drawings are above ``low``, and nine in ten below ``high``; None if too few
    lengths are known for a spread."""
    without_basis: tuple[str, ...] = ()
    """The rules of which no job's length is known."""
    others: Micros | None = None
    """How long what has a basis takes, if something has none."""
    jobs_here: int = 0
    """From how many jobs of this run the lengths are."""
    jobs_before: int = 0
    """And of earlier runs."""
    runs_before: int = 0
    exact: bool = False
    """Whether an earlier run shows which jobs wait for which."""
    overdue: tuple[Key, ...] = ()
    """What is in flight for longer than any job like it took: then it is a lower bound."""
    stops: bool = False
    """Whether the run only waits for what is in flight, since a job failed."""
    checkpoints: tuple[str, ...] = ()
    """Rules whose jobs, once they have ended, may add jobs that are not planned yet."""
    too_many: bool = False
    """Whether more jobs wait than are simulated."""
    planned: bool = True
    """Whether it is known what was planned."""


def remaining(so_far: SoFar, earlier: Sequence[SoFar], now: Micros) -> Remaining:
    """Return how long a run still takes from *now* on.

    Args:
        so_far: the run.
        earlier: earlier runs of the same workflow that succeeded, the newest first.
        now: the moment.

    """
    return prepare(so_far, earlier, now)()


def prepare(so_far: SoFar, earlier: Sequence[SoFar], now: Micros) -> Callable[[], Remaining]:
    """Return what computes ``remaining``; it reads nothing of the run any more, which may go on."""
    if so_far.run.planned is None:
        return partial(Remaining, planned=False)
    if sum(waiting_by_rule(so_far).values()) > _MOST:
        return partial(Remaining, too_many=True)
    left = left_of(so_far, earlier, now)
    basis = _Basis(so_far, earlier)
    model = _model(so_far, left)
    waiting = {rule for unit in left.units for rule, _ in unit.kind}
    known = so_far.checkpoints.union(*(one.checkpoints for one in earlier))
    used = {unit.kind for unit in left.units}
    plain = Remaining(
        without_basis=tuple(
            sorted({rule for kind in used if not basis.knows(kind) for rule, _ in kind})
        ),
        jobs_here=sum(basis.here(kind) for kind in used),
        jobs_before=sum(basis.before(kind) for kind in used),
        runs_before=len(earlier) if any(basis.before(kind) for kind in used) else 0,
        exact=left.exact,
        overdue=tuple(
            one.key for one in left.units if one.key is not None and basis.is_overdue(one)
        ),
        stops=left.stops,
        checkpoints=tuple(sorted(waiting & known)),
    )
    return partial(_simulated, plain, left, basis, model)


class _Basis:
    """The lengths that are known of each kind of submission."""

    def __init__(self, so_far: SoFar, earlier: Sequence[SoFar]) -> None:
        self._own = {kind: list(lengths) for kind, lengths in so_far.lengths.items()}
        self._earlier: dict[Kind, list[Micros]] = {}
        for one in earlier:
            for kind, lengths in one.lengths.items():
                if len(self._own.get(kind, ())) < _OWN:
                    self._earlier.setdefault(kind, []).extend(lengths)
        self.failing = {
            kind: (len(lengths) / (len(lengths) + len(self._own.get(kind, ()))), list(lengths))
            for kind, lengths in so_far.failed_lengths.items()
        }
        """Which share of the attempts of each kind failed, and their lengths."""
        self.ratios = _ratios(so_far, earlier)
        """How much longer jobs take than the same ones did before, by kind and over all."""
        ends = (
            max(0, (one.run.end or 0) - one.last_ended)
            for one in earlier
            if one.run.finished is not None and one.last_ended
        )
        self.after_the_last: Micros = round(median([*ends] or [0]))

    def lengths(self, kind: Kind) -> list[Micros]:
        return [*self._own.get(kind, ()), *self._earlier.get(kind, ())]

    def knows(self, kind: Kind) -> bool:
        return bool(self._own.get(kind) or self._earlier.get(kind))

    def here(self, kind: Kind) -> int:
        return len(self._own.get(kind, ()))

    def before(self, kind: Kind) -> int:
        return len(self._earlier.get(kind, ()))

    def size(self, kind: Kind) -> int:
        return self.here(kind) + self.before(kind)

    def ratios_of(self, kind: Kind) -> list[float]:
        known = self.ratios.get(kind, [])
        return known if len(known) >= _FOR_A_SPREAD else self.ratios.get((), []) or [1.0]

    def is_overdue(self, unit: Unit) -> bool:
        """Whether it is in flight for longer than all that is known of its kind."""
        known, so_long = self.lengths(unit.kind), unit.elapsed or 0
        if unit.past is not None:
            known.append(round(unit.past * max(self.ratios_of(unit.kind))))
            so_long += unit.spent
        return bool(known) and so_long > max(known)


def _simulated(plain: Remaining, left: Left, basis: _Basis, model: Model) -> Remaining:
    """Return an estimate with its figures."""
    drawn = [basis.after_the_last]
    if left.units:
        drawn = sorted(basis.after_the_last + one for one in _drawings(model, left, basis))
    middle = drawn[len(drawn) // 2]
    if plain.without_basis:
        some = any(basis.knows(unit.kind) for unit in left.units)
        return replace(plain, others=middle if some else None)
    if left.side_by_side is not None or _few(left.units, basis) > _NO_MATTER:
        return replace(plain, middle=middle)
    tenth = len(drawn) // 10
    return replace(
        plain,
        middle=middle,
        low=min(drawn[tenth], round(middle * (1 - _OFF))),
        high=max(drawn[-1 - tenth], round(middle * (1 + _OFF))),
    )


def _few(units: Sequence[Unit], basis: _Basis) -> float:
    """Return the share of the work that is left of which too few lengths are known."""
    work: dict[bool, float] = {True: 0, False: 0}
    for unit in units:
        known = basis.lengths(unit.kind)
        work[basis.size(unit.kind) < _FOR_A_SPREAD] += median(known) if known else 0
    return work[True] / (sum(work.values()) or 1)


def _ratios(so_far: SoFar, earlier: Sequence[SoFar]) -> dict[Kind, list[float]]:
    """Return how much longer each job took than in the run before: by kind, and under () all."""
    found: dict[Kind, list[float]] = {}
    for name, length in so_far.length_of.items():
        past = length_in(earlier, name)
        if past:
            for kind in (kind_of(name), ()):
                found.setdefault(kind, []).append(length / past)
    return found


def _drawings(model: Model, left: Left, basis: _Basis) -> list[Micros]:
    """Return how long what is left takes, once for each drawing."""
    column = model.background["compute"]
    count = min(_DRAWINGS, max(_FEWEST, _SIMULATED // len(left.units)))
    rng = random.Random(len(left.units))  # noqa: S311 - not for keys: the same run, the same answer
    found = []
    for _ in range(count):
        column[:] = _lengths(left.units, basis, rng)
        found.append(simulate(model).makespan(model))
    return found


def _lengths(units: Sequence[Unit], basis: _Basis, rng: random.Random) -> list[Micros]:
    """Return a length for each unit, of those in flight what is left of it."""
    pools: dict[Kind, list[Micros]] = {}
    ratios: dict[Kind, list[float]] = {}
    for kind in dict.fromkeys(unit.kind for unit in units):
        known, ratio = basis.lengths(kind), basis.ratios_of(kind)
        pools[kind] = rng.choices(known, k=len(known)) if known else [0]
        ratios[kind] = rng.choices(ratio, k=len(ratio))
    found = []
    for unit in units:
        if unit.elapsed is None:
            if unit.past is not None:
                found.append(round(unit.past * rng.choice(ratios[unit.kind])))
            else:
                found.append(rng.choice(pools[unit.kind]) + _in_vain(unit.kind, basis, rng))
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


def _in_vain(kind: Kind, basis: _Basis, rng: random.Random) -> Micros:
    """Return how long the attempts of a job take that fail, as many as did so far."""
    share, lengths = basis.failing.get(kind, (0.0, []))
    whole = 0
    for _ in range(_RETRIES):
        if rng.random() >= share:
            break
        whole += rng.choice(lengths)
    return whole


def _model(so_far: SoFar, left: Left) -> Model:
    """Return what is left as a model: it begins now, with what is in flight selected at once."""
    units, count = left.units, len(left.units)
    dependents: list[list[int]] = [[] for _ in units]
    for index, unit in enumerate(units):
        for need in dict.fromkeys(unit.needs):
            dependents[need].append(index)
    names = list(so_far.limits)
    requests = {
        name: [unit.shares[position] for unit in units] for position, name in enumerate(names)
    }
    limits = {}
    for name, limit in so_far.limits.items():
        taken = sum(
            share
            for unit, share in zip(units, requests[name], strict=True)
            if unit.elapsed is not None
        )
        limits[name] = max(limit, taken, *requests[name])
    if left.side_by_side is not None:
        requests[_TOGETHER] = [_HUNDREDTHS] * count
        in_flight = sum(unit.elapsed is not None for unit in units)
        limits[_TOGETHER] = _HUNDREDTHS * max(1, in_flight, round(left.side_by_side))
    zero = [0] * count
    choosing = selection_length(so_far.run)
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
        background={"compute": [0] * count},
        after={},
        solver=[0 if unit.elapsed is not None else choosing for unit in units],
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
