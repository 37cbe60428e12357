"""The lengths that are known of each kind of submission: this run's, and earlier runs'."""

from collections.abc import Sequence
from statistics import median
from typing import Final

from snakemake_logger_plugin_observe.analysis.remaining.so_far import Kind, SoFar, kind_of
from snakemake_logger_plugin_observe.analysis.remaining.units import Unit, length_in
from snakemake_logger_plugin_observe.clock import Micros

_FOR_A_SPREAD: Final = 3
_OVERDUE: Final = 1.05
"""Jobs of one length differ by a little: what is longer by less is not overdue."""
_OWN: Final = 5
"""From so many lengths of a rule's jobs in this run on, those of earlier runs do not count."""


class Basis:
    """The lengths that are known of each kind of submission."""

    def __init__(self, so_far: SoFar, earlier: Sequence[SoFar]) -> None:
        self._own = {kind: list(lengths) for kind, lengths in so_far.lengths.items()}
        self._least = {kind: list(lengths) for kind, lengths in so_far.least_lengths.items()}
        self._earlier: dict[Kind, list[Micros]] = {}
        for one in earlier:
            for kind, lengths in one.lengths.items():
                if len(self._own.get(kind, ())) < _OWN:
                    self._earlier.setdefault(kind, []).extend(lengths)
        self._failed = {kind: list(lengths) for kind, lengths in so_far.failed_lengths.items()}
        self._retries = dict(so_far.retries)
        self.ratios = _ratios(so_far, earlier)
        """How much longer jobs take than the same ones did before, by kind and over all."""
        self.after_the_last = _after_the_last(so_far, earlier)
        planned = so_far.run.planned
        self._idle = frozenset((planned.without_command if planned is not None else None) or ())

    def lengths(self, kind: Kind) -> list[Micros]:
        """Return the known lengths of a kind: none if no submission of it has succeeded.

        Those that are only known to be at least so long count if there are no others.
        """
        known = [*self._own.get(kind, ()), *self._earlier.get(kind, ())]
        if known or not self._is_idle(kind):
            return known or [*self._least.get(kind, ())]
        return [0]

    def _is_idle(self, kind: Kind) -> bool:
        """Whether its jobs run nothing, so that they take no time."""
        return all(rule in self._idle for rule, _ in kind)

    def knows(self, kind: Kind) -> bool:
        """Whether any length of a kind is known."""
        return kind in self._own or kind in self._earlier or self._is_idle(kind)

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of which lengths are known."""
        known = {*self._own, *self._earlier}
        return sorted(kind for kind in known if not self._is_idle(kind))

    def here(self, kind: Kind) -> int:
        """Return how many lengths are from this run."""
        own = self._own.get(kind, ())
        return len(own or (() if kind in self._earlier else self._least.get(kind, ())))

    def before(self, kind: Kind) -> int:
        """Return how many are from earlier runs."""
        return len(self._earlier.get(kind, ()))

    def is_thin(self, kind: Kind) -> bool:
        """Whether too few lengths are known to show how they vary."""
        known = len(self._own.get(kind, ())) + self.before(kind)
        return not self._is_idle(kind) and known < _FOR_A_SPREAD

    def expected(self, kind: Kind) -> float:
        """Return the median length of a kind, or else of all others that are known."""
        known = self.lengths(kind) or [one for other in self.kinds for one in self.lengths(other)]
        return median(known) if known else 0

    def in_vain(self, kind: Kind) -> tuple[float, list[Micros], int]:
        """Return which share of a kind's attempts failed, their lengths, and how many may.

        None while none has succeeded: that all fail is no more likely than that the next do not.
        """
        failed, succeeded = self._failed.get(kind, []), len(self._own.get(kind, ()))
        if not failed or not succeeded:
            return 0.0, [], 0
        retries = max(self._retries.get(rule, 0) for rule, _ in kind)
        return len(failed) / (len(failed) + succeeded), failed, retries

    def ratios_of(self, kind: Kind) -> list[float]:
        """Return how much longer jobs of a kind take than before, or else all jobs do."""
        known = self.ratios.get(kind, [])
        return known if len(known) >= _FOR_A_SPREAD else self.ratios.get((), []) or [1.0]

    def is_overdue(self, unit: Unit) -> bool:
        """Whether it is in flight for longer than all that is known of its kind, or else of any."""
        if unit.kind in self._least and not self.knows(unit.kind):
            return False
        known = [*self.lengths(unit.kind), *self._failed.get(unit.kind, ())]
        so_long = unit.elapsed or 0
        if not known:
            known = [one for kind in self.kinds for one in self.lengths(kind)]
        if unit.past is not None:
            known.append(round(unit.past * max(self.ratios_of(unit.kind))))
            so_long += unit.spent
        return bool(known) and so_long > _OVERDUE * max(known)


def _after_the_last(so_far: SoFar, earlier: Sequence[SoFar]) -> Micros:
    """Return how long the run goes on after its last job.

    An executor that checks the status of its jobs sleeps until its next check once more.
    """
    ends = [
        max(0, (one.run.end or 0) - one.last_ended)
        for one in earlier
        if one.run.finished is not None and one.last_ended
    ]
    if ends:
        return round(median(ends))
    woken = so_far.run.wake is not None and so_far.run.wake.on
    return 0 if woken else so_far.between_checks


def _ratios(so_far: SoFar, earlier: Sequence[SoFar]) -> dict[Kind, list[float]]:
    """Return how much longer each job took than in the run before: by kind, and under () all."""
    found: dict[Kind, list[float]] = {}
    for name, length in so_far.length_of.items():
        past = length_in(earlier, name)
        if past:
            for kind in (kind_of(name), ()):
                found.setdefault(kind, []).append(length / past)
    return found
