"""Stretches of time painted into rows of pixels, so that a picture's size does not grow with a run.

What is narrower than a pixel shows what lies at the pixel's middle, as on the page. A row is then
read back as runs of pixels of one colour, which become one line each in the picture.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.reporters.plots.lanes import LaneAttempt
from snakemake_logger_plugin_observe.run.phases import CLASSES, PHASES

FAILED_MARK: Final = "failed"
"""What the end of a failed attempt is painted as: next to the cost classes, and no one of them."""
OPEN_MARK: Final = "in flight"
"""What the last moment of an attempt without an end is painted as."""
_EMPTY: Final = 0
_NAME: Final = dict(enumerate((*CLASSES, FAILED_MARK, OPEN_MARK), 1))
_NUMBER: Final = {name: number for number, name in _NAME.items()}
_MARK: Final = 4
"""How wide the mark of a failure is."""
_OPEN_END: Final = 9
"""How wide the pale end of an attempt in flight is, if that is twice as wide at least."""
_ROOM_FOR_A_GAP: Final = 6


class PixelRun(NamedTuple):
    """Pixels of one row and one colour: the first, and the one behind the last."""

    first: int
    behind: int
    cost_class: str
    """Or FAILED_MARK, or OPEN_MARK."""


class PixelRow:
    """A row of pixels, each of which shows one cost class or nothing."""

    def __init__(self, start: Micros, end: Micros, width: int) -> None:
        """Begin with an empty row for the time from *start* to *end*."""
        self._start, self._length = start, max(1, end - start)
        self._cells = bytearray(width)

    def pixel(self, moment: Micros) -> int:
        """Return the pixel whose left edge is nearest to a moment, within the row."""
        width = len(self._cells)
        nearest = (2 * (moment - self._start) * width + self._length) // (2 * self._length)
        return min(width, max(0, nearest))

    def paint(self, start: Micros, end: Micros, cost_class: str, *, gap: bool = False) -> None:
        """Paint a stretch of time, with one empty pixel at its end if there is room for a *gap*."""
        first, behind = self.pixel(start), self.pixel(end)
        if gap and behind - first > _ROOM_FOR_A_GAP:
            behind -= 1
        self._cells[first:behind] = bytes([_NUMBER[cost_class]]) * (behind - first)

    def paint_attempt(self, one: LaneAttempt, *, gap: bool) -> None:
        """Paint an attempt's phases; one that is narrower than a pixel has its longest phase.

        A group's members are painted over it: its own time is next to theirs.
        """
        self._paint_one(one, gap=gap)
        for member in one.members:
            self._paint_one(member, gap=gap)

    def _paint_one(self, one: LaneAttempt, *, gap: bool) -> None:
        if not one.segments:
            return
        first = self.pixel(one.begin)
        if self.pixel(one.end) > first:
            for start, end, phase in one.segments:
                if phase is not None:
                    self.paint(start, end, PHASES[phase].cost_class, gap=gap)
            return
        longest = max(one.segments, key=lambda segment: segment.length)
        if longest.phase is not None:
            at = min(first, len(self._cells) - 1)
            self._cells[at] = _NUMBER[PHASES[longest.phase].cost_class]

    def mark_failure(self, end: Micros) -> None:
        """Mark the last pixels of an attempt that failed."""
        behind = max(1, self.pixel(end))
        first = max(0, behind - _MARK)
        self._cells[first:behind] = bytes([_NUMBER[FAILED_MARK]]) * (behind - first)

    def mark_open(self, begin: Micros, end: Micros) -> None:
        """Make the end of an attempt pale that was in flight then; its beginning is still seen."""
        first, behind = self.pixel(begin), max(1, self.pixel(end))
        wide = min(_OPEN_END, max(1, (behind - first) // 2))
        self._cells[behind - wide : behind] = bytes([_NUMBER[OPEN_MARK]]) * wide

    def runs(self) -> Iterator[PixelRun]:
        """Yield the pixels that are not empty, as runs of one colour."""
        cells, first = self._cells, 0
        for behind in range(1, len(cells) + 1):
            if behind == len(cells) or cells[behind] != cells[first]:
                if cells[first] != _EMPTY:
                    yield PixelRun(first, behind, _NAME[cells[first]])
                first = behind
