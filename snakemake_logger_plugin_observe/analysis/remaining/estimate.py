"""How long a run still takes, with its basis and its spread, or why that is not known.

What is left is simulated many times, each time with lengths drawn from those that jobs of the same
rule had. A drawing also draws which of the known lengths it draws from, so that few of them give a
wide spread. What is in flight takes longer than it has taken already.

Of rules none of whose jobs has succeeded nothing is known. While they are the smaller part of the
jobs that are left, they are taken to be like other rules; else what is known gives a lower bound.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from snakemake_logger_plugin_observe.analysis.remaining.basis import Basis
from snakemake_logger_plugin_observe.analysis.remaining.left import Left, left_of
from snakemake_logger_plugin_observe.analysis.remaining.simulation import Drawings
from snakemake_logger_plugin_observe.analysis.remaining.so_far import SoFar
from snakemake_logger_plugin_observe.analysis.remaining.units import Unit, waiting_by_rule
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Key

_MOST: Final = 200_000
_MOST_PAIRS: Final = 1_000_000
"""More jobs, or pairs of jobs of which one needs the other, are not simulated."""
_NO_MATTER: Final = 0.1
_OFF: Final = 0.05
"""How far off the simulation itself may be."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """How long a run still takes; moments and lengths in microseconds."""

    middle: Micros | None = None
    """The median of the drawings; None if too little is known."""
    low: Micros | None = None
    high: Micros | None = None
    """Nine in ten drawings are above ``low``, and nine in ten below ``high``; None if too few
    lengths are known for a spread."""
    without_basis: tuple[str, ...] = ()
    """The rules of which no job has succeeded, here or before, in a length that is known, and that
    run something."""
    at_least: Micros | None = None
    """Nine in ten drawings are above it. Where these rules are most of what is left, it is how long
    the others take, and all that is known."""
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
    """Whether more jobs wait, or wait for each other, than are simulated."""
    planned: bool = True
    """Whether it is known what was planned."""
    behind: Micros = 0
    """How long ago it was computed, if what it rests on has changed since; else 0."""

    @property
    def is_bound(self) -> bool:
        """Whether it may well take longer, so that only ``at_least`` is to be said."""
        return self.middle is None or bool(self.overdue or self.checkpoints)


def counted_down(known: Remaining, passed: Micros, so_far: SoFar, *, changed: bool) -> Remaining:
    """Return an estimate some time after it was computed, without what the run refutes since.

    Where nothing of a figure is left and the run has changed since, there is none.

    Args:
        known: the estimate.
        passed: how long ago it was computed.
        so_far: the run, as it is now.
        changed: whether what it rests on has changed since.

    """

    def less(length: Micros | None) -> Micros | None:
        return None if length is None else max(0, length - passed)

    figure = known.middle if known.middle is not None else known.at_least
    if changed and figure is not None and figure <= passed:
        known = replace(known, middle=None, low=None, high=None, at_least=None)
    ended = {rule for kind in so_far.lengths for rule, _ in kind}
    return replace(
        known,
        middle=less(known.middle),
        low=less(known.low),
        high=less(known.high),
        at_least=less(known.at_least),
        without_basis=tuple(rule for rule in known.without_basis if rule not in ended),
        overdue=tuple(key for key in known.overdue if key in so_far.run.attempts),
        behind=passed if changed else 0,
    )


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
    planned = so_far.run.planned
    if planned is None:
        return partial(Remaining, planned=False)
    pairs = sum(count for needs in planned.needs.values() for count in needs.values())
    if sum(waiting_by_rule(so_far).values()) > _MOST or pairs > _MOST_PAIRS:
        return partial(Remaining, too_many=True)
    left = left_of(so_far, earlier, now)
    basis = Basis(so_far, earlier)
    unknown = [unit.kind for unit in left.units if not basis.knows(unit.kind)]
    is_bound = bool(unknown) and (2 * len(unknown) >= len(left.units) or not basis.kinds)
    if is_bound:  # a bound does not take them to need what others did
        left.reaches = ()
    waiting = {rule for unit in left.units for rule, _ in unit.kind}
    known = so_far.checkpoints.union(*(one.checkpoints for one in earlier))
    used = {unit.kind for unit in left.units}
    plain = Remaining(
        without_basis=tuple(sorted({rule for kind in unknown for rule, _ in kind})),
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
    return partial(
        _simulated, plain, left, basis, Drawings(so_far, left, basis, now), is_bound=is_bound
    )


def _simulated(
    plain: Remaining, left: Left, basis: Basis, drawings: Drawings, *, is_bound: bool
) -> Remaining:
    """Return an estimate with its figures."""
    if is_bound and not any(any(basis.lengths(unit.kind)) for unit in left.units):
        return plain
    drawn = drawings.drawn(borrow=not is_bound)
    tenth = len(drawn) // 10
    known = replace(plain, at_least=drawn[tenth])
    if is_bound:
        return known
    middle = drawn[len(drawn) // 2]
    if _thin(left.units, basis) > _NO_MATTER:
        return replace(known, middle=middle)
    return replace(
        known,
        middle=middle,
        low=min(drawn[tenth], round(middle * (1 - _OFF))),
        high=max(drawn[-1 - tenth], round(middle * (1 + _OFF))),
    )


def _thin(units: Sequence[Unit], basis: Basis) -> float:
    """Return the share of the work that is left of which too few lengths are known."""
    work: dict[bool, float] = {True: 0, False: 0}
    for unit in units:
        work[basis.is_thin(unit.kind)] += basis.expected(unit.kind)
    return work[True] / (sum(work.values()) or 1)
