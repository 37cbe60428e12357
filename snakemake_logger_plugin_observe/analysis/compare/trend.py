"""How a workflow's full runs developed: their lengths, and since which run they are slower.

A change needs several runs before it and after it: two points show no trend. It is reported where
Student's t, over all runs, would find it by chance in fewer than 3 of 100 such folders, though
every run is tried as the first of the slower ones, and every cost class and rule beside the
makespan. As lengths of runs are not normally distributed, the runs before and after also must not
overlap, but for one in ten; the least chance that is claimed is that of drawing them in this order.
What is not explained: a machine or a cluster that was busier from then on looks the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import atan, comb, cos, inf, pi, sin, sqrt
from statistics import mean, median, variance
from typing import Final, Literal

from snakemake_logger_plugin_observe.journal.events import RunFinished
from snakemake_logger_plugin_observe.run.phases import CLASSES

FEWEST_BEFORE: Final = 4
FEWEST_AFTER: Final = 3
FEWEST: Final = FEWEST_BEFORE + FEWEST_AFTER
"""So many full runs of the same work are needed to see since when they are slower."""
_MOST_CHANCE: Final = 0.03
_LEAST_SHARE: Final = 0.05
_LEAST_S: Final = 0.5
"""Smaller changes are not worth a line, as in ``speed``."""
_ODD_ONES: Final = 10
"""One run in so many may lie among those of the other side."""

Kind = Literal["makespan", "class", "rule"]


@dataclass(frozen=True, slots=True)
class Shift:
    """A change that lasts: from one run on, something takes longer, or less long.

    Times are medians in seconds: of a rule, what the tools of one of its jobs take; of a cost
    class, its part of the makespan.
    """

    kind: Kind
    name: str
    """The class or the rule; empty for the makespan."""
    first: int
    """The number of the first run after it, counted from 0."""
    before: int
    """How many runs there are before it."""
    after: int
    """How many there are from it on."""
    before_s: float
    after_s: float
    chance: float
    """The most with which runs that did not change would look so."""
    spread_before: tuple[float, float] | None = None
    """The least and the most before it, in seconds."""
    spread_after: tuple[float, float] | None = None

    @property
    def is_slower(self) -> bool:
        """Whether it takes longer since."""
        return self.after_s > self.before_s


@dataclass(frozen=True, slots=True)
class Trend:
    """The lengths of full runs that did the same work, in seconds, and what changed in them."""

    runs: int
    median_s: float
    least_s: float
    most_s: float
    shifts: tuple[Shift, ...] = ()
    """The makespan's first, then the largest."""

    @property
    def missing(self) -> int:
        """How many more runs it takes to see since when something is slower."""
        return max(0, FEWEST - self.runs)


def trend(ended: Sequence[RunFinished]) -> Trend | None:
    """Return how runs that did the same work developed; None if no length is known.

    Args:
        ended: the last events of the runs, the newest last.

    """
    lengths = [one.makespan_s for one in ended if one.makespan_s is not None]
    if not lengths or len(lengths) < len(ended):
        return None
    shifts = list(_shifts(ended)) if len(ended) >= FEWEST else []
    shifts.sort(key=lambda one: (one.kind != "makespan", -abs(one.after_s - one.before_s)))
    return Trend(len(lengths), median(lengths), min(lengths), max(lengths), tuple(shifts))


@dataclass(frozen=True, slots=True)
class _Series:
    kind: Kind
    name: str
    values: list[float]
    times: int = 1
    """How many jobs it is a mean of."""


def _shifts(ended: Sequence[RunFinished]) -> Iterator[Shift]:
    series = list(_all_series(ended))
    imports = [one.makespan.by_phase_s.get("import", 0.0) for one in ended]
    tried = len(series) * (len(ended) - FEWEST + 1)
    for one in series:
        first = max(
            range(FEWEST_BEFORE, len(ended) - FEWEST_AFTER + 1),
            key=lambda at, values=one.values: _t(values[:at], values[at:]),  # type: ignore[misc]
        )
        found = _shift(one, first, tried, imports)
        if found is not None:
            yield found


def _all_series(ended: Sequence[RunFinished]) -> Iterator[_Series]:
    """Yield the makespans, and what every run knows of its cost classes and its rules."""
    yield _Series("makespan", "", [one.makespan_s or 0.0 for one in ended])
    for name in CLASSES:
        spent = [one.makespan.by_class_s.get(name, 0.0) for one in ended]
        if max(spent) >= _LEAST_S:
            yield _Series("class", name, spent)
    for rule, newest in ended[-1].rules.items():
        known = [one.rules.get(rule) for one in ended]
        tools = [
            one.compute_s / one.jobs
            for one in known
            if one is not None and one.jobs == newest.jobs > 0 and one.compute_s is not None
        ]
        if len(tools) == len(ended):
            yield _Series("rule", rule, tools, newest.jobs)


def _shift(one: _Series, first: int, tried: int, imports: Sequence[float]) -> Shift | None:
    """Return the change at *first*, unless it may be chance, noise of the machine, or small."""
    before, after = one.values[:first], one.values[first:]
    old, new = median(before), median(after)
    load = 2 * abs(median(imports[first:]) - median(imports[:first]))
    least = max(_LEAST_SHARE * old, (_LEAST_S + load) / one.times)
    if abs(new - old) <= least or not _are_apart(before, after):
        return None
    freedoms = len(one.values) - 2
    chance = max(
        tried * two_sided(_t(before, after), freedoms), 1 / comb(len(one.values), len(before))
    )
    if chance > _MOST_CHANCE:
        return None
    spreads = (min(before), max(before)), (min(after), max(after))
    return Shift(one.kind, one.name, first, len(before), len(after), old, new, chance, *spreads)


def _are_apart(before: Sequence[float], after: Sequence[float]) -> bool:
    """Whether the runs before lie on one side of those after, but for one in ten of each."""
    low, high = sorted((sorted(before), sorted(after)), key=median)
    return low[-1 - len(low) // _ODD_ONES] < high[len(high) // _ODD_ONES]


def _t(before: Sequence[float], after: Sequence[float]) -> float:
    """Return Student's t of two samples, without its sign."""
    difference = abs(mean(after) - mean(before))
    squares = variance(before) * (len(before) - 1) + variance(after) * (len(after) - 1)
    freedoms = len(before) + len(after) - 2
    error = sqrt(squares / freedoms * (1 / len(before) + 1 / len(after)))
    if not error:
        return inf if difference else 0.0
    return difference / error


def two_sided(t: float, freedoms: int) -> float:
    """Return the probability of a Student's t as far from 0 as *t*, on either side.

    The sums for whole degrees of freedom: Abramowitz and Stegun, 26.7.3 and 26.7.4.
    """
    angle = atan(t / sqrt(freedoms))
    square = cos(angle) ** 2
    odd = freedoms % 2
    term, total = (cos(angle), 0.0) if odd else (1.0, 0.0)
    for number in range(odd, freedoms - 1, 2):
        total += term
        term *= square * _ratio(number)
    inside = (angle + sin(angle) * total) * 2 / pi if odd else sin(angle) * total
    return min(1.0, max(0.0, 1.0 - inside))


def _ratio(number: int) -> float:
    return (number + 1) / (number + 2)
