"""How many jobs Snakemake may select in a stretch of time: ``--max-jobs-per-timespan``."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run

_LONGEST_S: Final = 1e9
_SECOND: Final = 1_000_000
FLAG: Final = "--max-jobs-per-timespan"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many submissions are selected within a timespan."""

    most: int
    timespan: Micros

    def __str__(self) -> str:
        """Return it as an argument of Snakemake's flag."""
        seconds, rest = divmod(self.timespan, 1_000_000)
        return f"{self.most}/{seconds}s" if not rest else f"{self.most}/{self.timespan // 1000}ms"


_PER_SECOND: Final = "--max-jobs-per-second"


def rate_as_set(run: Run) -> str | None:
    """Return the limit in force in *run* as it was set: flag and value; None if there was none."""
    rate = selection_rate(run)
    if rate is None:
        return None
    words = [word.partition("=")[0] for word in run.started.command] if run.started else []
    if _PER_SECOND in words and FLAG not in words and rate.timespan == _SECOND:
        return f"{_PER_SECOND} {rate.most}"
    return f"{FLAG} {rate}"


def selection_rate(run: Run) -> Rate | None:
    """Return the limit in force in *run*; None if there was none, or if it is not recorded."""
    recorded = run.started.settings.get("max_jobs_per_timespan") if run.started else None
    if not isinstance(recorded, dict):
        return None
    most, timespan_s = recorded.get("max_jobs"), recorded.get("timespan")
    if not isinstance(most, int) or not isinstance(timespan_s, int | float):
        return None
    timespan = round(min(timespan_s, _LONGEST_S) * 1e6)
    return Rate(most, timespan) if most >= 1 and timespan >= 1 else None


@dataclass(slots=True)
class RateWindow:
    """The submissions that count for a rate at a moment, in the order of their selection."""

    rate: Rate
    _selections: deque[tuple[Micros, Micros, int]] = field(default_factory=deque)
    """Of each selection: its moment, when the scheduler was idle, and how many it selected."""
    _counted: int = 0

    def room(self, moment: Micros) -> int:
        """Return how many may be selected at *moment*, which never goes back."""
        found = self._selections
        while found and found[0][0] <= moment - self.rate.timespan:
            self._counted -= found.popleft()[2]
        return max(0, self.rate.most - self._counted)

    def add(self, selected: Micros, idle: Micros, count: int) -> None:
        """Count a selection."""
        self._selections.append((selected, idle, count))
        self._counted += count

    def since(self, moment: Micros) -> Micros:
        """Return when, from *moment* on, something can be selected."""
        return moment if self.room(moment) else self.next_room or moment

    @property
    def next_room(self) -> Micros | None:
        """When Snakemake, which waits for a timespan since it was idle, selects again.

        None if nothing counts for the rate. It is later than the last moment asked about.
        """
        return self._selections[0][1] + self.rate.timespan if self._selections else None
