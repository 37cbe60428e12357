"""A run's makespan cut into cost classes and their phases, one after the other, and as boxes."""

from dataclasses import dataclass
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.cost.account import Account
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.reporters.as_text import cost as cost_text
from snakemake_logger_plugin_observe.reporters.plots.measures import TimeScale
from snakemake_logger_plugin_observe.reporters.plots.paint import Paint
from snakemake_logger_plugin_observe.reporters.plots.sheet import pixels
from snakemake_logger_plugin_observe.run.phases import CLASSES

_LEAST: Final = 1.0
"""A shorter box is still so many pixels wide, so that it is seen."""
_ROOM_FOR_A_GAP: Final = 4.0


@dataclass(frozen=True, slots=True)
class BarPart:
    """A stretch of a bar: a class, or one of its phases."""

    name: str
    cost_class: str
    start: Micros
    length: Micros

    @property
    def end(self) -> Micros:
        """Where the next one begins."""
        return self.start + self.length


def classes_of(found: Account) -> list[BarPart]:
    """Return the classes that took time, in display order, one after the other."""
    parts, start = [], 0
    for name in CLASSES:
        length = found.makespan_by_class[name]
        if length:
            parts.append(BarPart(name, name, start, length))
            start += length
    return parts


def phases_of(found: Account) -> list[BarPart]:
    """Return the phases that matter, where they are in the bar: the longest of a class first.

    A class that is a single phase, or whose phases are all short, is a part of its own.
    """
    parts = []
    for one in classes_of(found):
        start = one.start
        own = list(cost_text.phases_of(one.name, found.makespan_by_phase, found.makespan))
        for name, length in own or [(one.name, one.length)]:
            parts.append(BarPart(name, one.name, start, length))
            start += length
    return parts


def box(one: BarPart, scale: TimeScale, top: float, bottom: float) -> dict[str, Any]:
    """Return a part as a box, *top* and *bottom* in pixels, with a gap behind it."""
    wide = scale.pixels(one.length)
    shown = wide - 1 if wide >= _ROOM_FOR_A_GAP else max(wide, _LEAST)
    return {
        "x": scale.at(one.start),
        "x2": scale.at(one.start + scale.length(shown)),
        "y": top,
        "y2": bottom,
        "class": one.cost_class,
    }


def boxes(
    values: list[dict[str, Any]], scale: TimeScale, paint: Paint, left: float = 0
) -> dict[str, Any]:
    """Return the layer of boxes in the colours of their classes, with the legend."""
    return {
        "data": {"values": values},
        "mark": "rect",
        "encoding": {
            "x": scale.x,
            "x2": {"field": "x2"},
            "y": pixels("y"),
            "y2": {"field": "y2"},
            "color": paint.by_class((one["class"] for one in values), -left),
        },
    }
