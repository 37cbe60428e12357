"""What ``watch`` prints where there is no screen: a line for each thing that happens."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.reporters.screen.head import triage
from snakemake_logger_plugin_observe.reporters.screen.left import remaining_line
from snakemake_logger_plugin_observe.reporters.screen.view import WatchView
from snakemake_logger_plugin_observe.reporters.words import clock_time, harmless

_EVERY: Final[Micros] = 10_000_000


class PlainLines:
    """The lines of one run, one look after the other."""

    def __init__(self, name: str = "") -> None:
        """Begin; *name* stands before each line where several runs are watched."""
        self._name = f"{name}: " if name else ""
        self._failures: set[tuple[str, int]] = set()
        self._counts = ""
        self._at: Micros | None = None
        self._still: frozenset[tuple[str, int, str]] | None = None
        """What stood still when that was printed last: how long it has is no news."""
        self._still_at: Micros | None = None

    def lines(self, view: WatchView) -> Iterator[str]:
        """Yield what is new: failures at once, counts once in 10 s, and what stands still."""
        for one in reversed(view.failures):
            if (one.name, one.number) not in self._failures:
                self._failures.add((one.name, one.number))
                code = f" ({one.code})" if one.code else ""
                text = f": {one.text}" if one.text else ""
                yield self._line(one.moment, f"failed: {one.name} attempt {one.number}{code}{text}")
        still = frozenset((one.name, one.number, one.state) for one in view.flights)
        if not view.still:
            self._still = None
        elif still != self._still and self._is_due(view.now, self._still_at):
            self._still, self._still_at = still, view.now
            ask = f"; {triage(view)}" if view.for_triage else ""
            yield self._line(view.now, f"{view.why_still}{ask}")
        counts = self._counted(view)
        if (view.ended or self._is_due(view.now, self._at)) and counts != self._counts:
            self._counts, self._at = counts, view.now
            left = remaining_line(view) if not view.ended else ""
            yield self._line(view.now, f"{counts}{f'. {left}' if left else ''}")

    def _is_due(self, now: Micros, last: Micros | None) -> bool:
        return last is None or now - last >= _EVERY

    def _counted(self, view: WatchView) -> str:
        planned, done = view.planned, view.count("done")
        of = f" of {plural(planned, 'job')}" if planned is not None else ""
        return ", ".join([f"{done:,}{of} done", *view.other_counts()])

    def _line(self, moment: Micros, text: str) -> str:
        return harmless(f"{clock_time(moment)[11:19]} {self._name}{text}")
