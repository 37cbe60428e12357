"""When to check before the executor's own time: soon after a submission's end, and not too often.

A scheduler lags behind its nodes: a job whose last process has gone may be reported as running for
some seconds. So checks after an end come at growing steps; the first step is learned from the ends
of the run so far, so that most ends take one check, and ends at about the same time share it. Then
it is the executor's own interval again.

Pure: moments are given, and nothing here waits.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.early_check_steps import (
    FIRST_STEP,
    NEXT_STEPS,
    learned_step,
)

SECOND: Final = 1_000_000
LEAST_APART: Final = SECOND
"""Between the beginnings of two checks, of which the second is early."""
PER_END: Final = 2
"""How many early status commands an end may cost, on average."""
_MOST_UNKNOWN: Final = 1000
_UNNAMED: Final = ""


@dataclass(slots=True)
class _End:
    """An end that was rung and that the executor has not noticed yet."""

    rang: Micros
    due: Micros | None
    planned_last: Micros
    """When the last of its steps is planned."""
    checks: int = 0
    """How many checks there were since it was due first."""
    missed: Micros | None = None
    """How long after the ring the check was that did not find it, the last one if several."""
    last: Micros | None = None
    """How long after the ring the last check was."""


class BegunCheck(NamedTuple):
    """A check that has begun."""

    since: Micros
    """How long after the first ring whose end is not noticed yet."""
    about: frozenset[str] | None
    """The submissions that an early one is about, where each costs a command; None: all."""


@dataclass(slots=True)
class EarlyChecks:
    """The early checks of one executor in one run."""

    started: Micros
    interval: Micros = 0
    """The longest of the executor's own intervals so far."""
    rung: int = 0
    """How many ends were rung, each submission's once."""
    made: int = 0
    """How many early checks were made."""
    asks_per_job: bool = False
    """Whether each job that a check is about costs a status command of its own."""
    first_step: Micros = FIRST_STEP
    """How long after a ring the first check comes."""
    awaited: set[str] = field(default_factory=set)
    """The submissions that go on, as far as is known here."""
    _counted: set[str] = field(default_factory=set)
    """Those that have rung, or have ended."""
    _ends: dict[str, _End] = field(default_factory=dict)
    _unknown: dict[str, Micros] = field(default_factory=dict)
    _accepted: int = 0
    _commands: int = 0
    """How many status commands the early checks took."""
    _last: Micros | None = None

    @property
    def open_ends(self) -> frozenset[str]:
        """The submissions whose ends were rung and that the executor has not noticed yet.

        Empty text for one whose name could not be read.
        """
        return frozenset(self._ends)

    def expect(self, name: str) -> None:
        """Take *name* for a submission that was accepted; it may have rung before."""
        self.awaited.add(name)
        self._accepted += 1
        if (moment := self._unknown.pop(name, None)) is not None:
            self._ring(name, moment)

    def rang(self, name: str, moment: Micros) -> bool:
        """Take note that *name* rang at *moment*; return whether a check may be due earlier now."""
        if name in self.awaited:
            self._ring(name, moment)
            return True
        if name not in self._counted and len(self._unknown) < _MOST_UNKNOWN:
            self._unknown.setdefault(name, moment)
        return False

    def rang_unnamed(self, moment: Micros) -> bool:
        """Take note that a submission rang whose name could not be read."""
        if not self.awaited:
            return False
        self._ring(_UNNAMED, moment)
        return True

    def _ring(self, name: str, moment: Micros) -> None:
        """Plan the checks after a ring; a name that rings again has the steps, not the count."""
        if name not in self._counted and self.rung < self._accepted:
            self.rung += 1
            if name != _UNNAMED:
                self._counted.add(name)
        due = moment + self.first_step
        self._ends[name] = _End(moment, due, planned_last=due + sum(NEXT_STEPS))

    def due(self, moment: Micros) -> Micros | None:
        """Return when the next early check may begin; None if there is no reason, or no budget."""
        left = self._allowed(moment) - self._commands
        planned = [
            end.due
            for name, end in self._ends.items()
            if end.due is not None and self._price({name}) <= left
        ]
        if not planned:
            return None
        soonest = min(planned)
        return soonest if self._last is None else max(soonest, self._last + LEAST_APART)

    def _allowed(self, moment: Micros) -> int:
        """Return how many status commands early checks may have taken by *moment*.

        Twice the ends that were rung, and as many as the executor makes by itself: the first one,
        and one for each interval.
        """
        own = (moment - self.started) // self.interval if self.interval > 0 else 0
        return PER_END * self.rung + max(1, own)

    def begin(self, moment: Micros, *, early: bool) -> BegunCheck:
        """Take note that a check begins; an early one may be about some of the jobs only."""
        self._last = moment
        self.made += early
        asked = {name for name, end in self._ends.items() if end.due is None or moment >= end.due}
        if early and self.asks_per_job:
            asked = self._affordable(asked, moment)
        if early:
            self._commands += self._price(asked)
        for name in asked:
            end = self._ends[name]
            end.missed, end.last = end.last, moment - end.rang
            end.due = self._next(end, moment)
            end.checks += 1
        first = min((end.rang for end in self._ends.values()), default=moment)
        return BegunCheck(max(0, moment - first), None if _UNNAMED in asked else frozenset(asked))

    def _next(self, end: _End, moment: Micros) -> Micros | None:
        """Return when to check again for an end that a check looks for at *moment*; None: no more.

        The last check that the budget allows is the one that the steps end with: a scheduler that
        lags longer than the steps before would otherwise cost the executor's whole interval.
        """
        if end.checks >= len(NEXT_STEPS):
            return None
        share = len(self._ends) if self.asks_per_job else 1
        if self._allowed(moment) - self._commands < 2 * share:
            end.checks = len(NEXT_STEPS)
            return max(moment + LEAST_APART, end.planned_last)
        return moment + NEXT_STEPS[end.checks]

    def _affordable(self, names: set[str], moment: Micros) -> set[str]:
        """Return those of the due ends that the budget allows, the longest due first."""
        left = self._allowed(moment) - self._commands
        planned = ((name, self._ends[name].due) for name in names)
        found: set[str] = set()
        for _, name in sorted((due, name) for name, due in planned if due is not None):
            if self._price({*found, name}) <= left:
                found.add(name)
        return found

    def _price(self, asked: set[str]) -> int:
        """Return how many status commands a check takes that is about these ends."""
        if not self.asks_per_job:
            return 1
        return len(self.awaited) if _UNNAMED in asked else len(asked)

    def ended(self, name: str) -> None:
        """Take note that the executor has noticed the end of *name*, by the check that goes on."""
        self.awaited.discard(name)
        self._counted.add(name)  # a ring that comes late is none
        end = self._ends.pop(name, None)
        if not self.awaited:
            self._ends.clear()
        if end is not None:
            self._learn(end)

    def checked(self) -> None:
        """Take note that a check has ended: an end without a name may have been among its."""
        if (end := self._ends.get(_UNNAMED)) is not None and end.due is None:
            del self._ends[_UNNAMED]

    def _learn(self, end: _End) -> None:
        """Set the first step by what one end needed."""
        self.first_step = learned_step(self.first_step, end.missed, end.last or 0)
