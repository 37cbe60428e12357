"""What ``watch`` prints where there is no screen: a line for each thing that happens."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.clock import Micros
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
        self._still = ""

    def lines(self, view: WatchView) -> Iterator[str]:
        """Yield what is new: failures at once, counts once in 10 s, and what stands still."""
        for one in reversed(view.failures):
            if (one.name, one.number) not in self._failures:
                self._failures.add((one.name, one.number))
                how = f" ({one.how})" if one.how else ""
                yield self._line(
                    one.moment, f"failed: {one.name} attempt {one.number}{how}: {one.last_line}"
                )
        still = view.why_still if view.still else ""
        if still and still != self._still:
            yield self._line(view.now, still)
        self._still = still
        counts = self._counted(view)
        due = self._at is None or view.now - self._at >= _EVERY or view.ended
        if due and counts != self._counts:
            self._counts, self._at = counts, view.now
            left = remaining_line(view) if not view.ended else ""
            yield self._line(view.now, f"{counts}{f'. {left}' if left else ''}")

    def _counted(self, view: WatchView) -> str:
        planned, done = view.planned, view.count("done")
        of = f" of {plural(planned, 'job')}" if planned is not None else ""
        return ", ".join([f"{done:,}{of} done", *view.other_counts()])

    def _line(self, moment: Micros, text: str) -> str:
        return harmless(f"{clock_time(moment)[11:19]} {self._name}{text}")
