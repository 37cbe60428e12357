"""The sizes of a picture, units of time for its axes, and about how wide a text is."""

import textwrap
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from snakemake_logger_plugin_observe.clock import Micros

WIDTH: Final = 1200
"""A whole picture's, in pixels; a PNG has twice as many."""
MARGIN: Final = 28
INNER: Final = WIDTH - 2 * MARGIN
TEXT: Final = 14
SMALL: Final = 12
_MEAN: Final = 0.54
"""The width of a character, of its size: the mean of prose in Liberation Sans, and some more."""


class TimeUnit(NamedTuple):
    """A unit of time."""

    name: str
    micros: Micros


_UNITS: Final = (
    TimeUnit("seconds", 1_000_000),
    TimeUnit("minutes", 60_000_000),
    TimeUnit("hours", 3_600_000_000),
    TimeUnit("days", 86_400_000_000),
)
_MOST: Final = 150
"""An axis with a longer end has the next unit."""


def unit_for(longest: Micros) -> TimeUnit:
    """Return the unit of an axis that ends at *longest*."""
    return next((one for one in _UNITS if longest <= _MOST * one.micros), _UNITS[-1])


@dataclass(frozen=True, slots=True)
class TimeScale:
    """An axis of time from 0 on: lengths in its unit, and in pixels."""

    unit: TimeUnit
    longest: Micros
    """Where it ends."""
    width: float
    """In pixels; of an upright axis, how high it is."""
    title: str

    @property
    def x(self) -> dict[str, Any]:
        """The encoding of the field ``x`` on this axis."""
        return {
            "field": "x",
            "type": "quantitative",
            "scale": {"domain": [0, self.at(self.longest)], "nice": False, "zero": True},
            "axis": {"title": self.title, "grid": False, "tickCount": 10},
        }

    @property
    def y(self) -> dict[str, Any]:
        """The encoding of the field ``y`` on this axis, which then is upright."""
        axis = {"title": self.title, "grid": True, "tickCount": 6, "domain": False, "ticks": False}
        return {**self.x, "field": "y", "axis": axis}

    def at(self, moment: Micros) -> float:
        """Return a moment in the unit of the axis, exact to far less than a pixel."""
        return float(f"{moment / self.unit.micros:.7g}")

    def pixels(self, length: Micros) -> float:
        """Return a length in pixels."""
        return self.width * length / self.longest

    def length(self, pixels: float) -> Micros:
        """Return how long so many pixels are."""
        return round(pixels * self.longest / self.width)


def text_width(text: str, size: float = TEXT) -> float:
    """Return about how wide a text is, in pixels: seldom less than it is."""
    wide = sum(1 for character in text if ord(character) > 0x2E80)  # ideographs are square
    return size * (_MEAN * (len(text) - wide) + wide)


def wrapped(text: str, width: float, size: float = SMALL) -> list[str]:
    """Return a text in lines that are not wider than *width* pixels."""
    return textwrap.wrap(text, max(20, int(width / (size * _MEAN))))
