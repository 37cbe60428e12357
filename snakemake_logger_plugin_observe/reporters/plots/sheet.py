"""A drawing as a whole picture: its title, which run it is of, the plot, and its captions.

All of it is a specification in Vega-Lite. Names from a journal are only ever values of fields whose
names are ours, or texts of titles: Vega reads neither as an expression, nor as a path to a field.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from snakemake_logger_plugin_observe.reporters.plots.measures import (
    INNER,
    MARGIN,
    SMALL,
    TEXT,
    wrapped,
)
from snakemake_logger_plugin_observe.reporters.plots.paint import Paint
from snakemake_logger_plugin_observe.reporters.words import harmless

_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v6.json"  # a name: nobody reads it
_FONT: Final = "Liberation Sans, Arial, Helvetica, sans-serif"
"""vl-convert has the first one in it, and the others are as wide."""
_LINE: Final = 17
_LEGEND: Final = 24
"""Between the subtitle and the plot: room for the legend."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a picture shows."""

    title: str
    which: str
    """Which run it is of, in one line."""
    facts: str
    """What it shows in words, for those who do not see it."""
    layers: list[dict[str, Any]]
    """Of Vega-Lite, the lowest first."""
    height: float
    """Of the plot, in pixels."""
    left: float = 0
    """The room for names left of the plot."""
    right: float = 0
    """The room for figures right of the plot."""
    below: float = 68
    """The room for the axis below the plot."""
    notes: tuple[str, ...] = field(default=())
    """Captions: what the picture leaves out, merges or assumes."""

    @property
    def width(self) -> float:
        """The width of the plot."""
        return INNER - self.left - self.right

    @property
    def alt(self) -> str:
        """Return the whole picture in words."""
        parts = [self.title, self.which, self.facts, *self.notes]
        return harmless(" ".join(f"{one.rstrip('.')}." for one in parts if one))


def pixels(channel: str) -> dict[str, Any]:
    """Return the encoding of a channel by the field of its name, in pixels of the plot."""
    return {"field": channel, "type": "quantitative", "scale": None, "axis": None}


def texts(
    values: list[dict[str, Any]], x: dict[str, Any] | None = None, **mark: Any
) -> dict[str, Any]:
    """Return a layer of texts, each with its own ink if the values have the field ``ink``.

    Args:
        values: with ``text``, ``x`` and ``y``; the latter in pixels.
        x: how ``x`` is encoded (default: in pixels, too).
        **mark: what all of them have.

    """
    inked = {"color": {"field": "ink", "type": "nominal", "scale": None}}
    return {
        "data": {"values": values},
        "mark": {"type": "text", "baseline": "middle", "align": "left", **mark},
        "encoding": {
            "x": x or pixels("x"),
            "y": pixels("y"),
            "text": {"field": "text", "type": "nominal"},
            **(inked if any("ink" in one for one in values) else {}),
        },
    }


def sheet(drawing: Drawing, paint: Paint) -> dict[str, Any]:
    """Return the specification of a whole picture."""
    return {
        "$schema": _SCHEMA,
        "background": paint.ground.ground,
        "padding": MARGIN,
        "width": drawing.width,
        "height": drawing.height,
        "title": {
            "text": harmless(drawing.title),
            "subtitle": harmless(drawing.which),
            "dx": -drawing.left,
        },
        "layer": [_paper(drawing), *drawing.layers, _captions(drawing, paint)],
        "config": _config(paint),
    }


def _paper(drawing: Drawing) -> dict[str, Any]:
    """Return the layer of an unseen box from edge to edge: so every picture is as wide."""
    corners = {"x": -drawing.left, "x2": drawing.width + drawing.right, "y": 0, "y2": 1}
    return {
        "data": {"values": [corners]},
        "mark": {"type": "rect", "opacity": 0},
        "encoding": {
            "x": pixels("x"),
            "x2": {"field": "x2"},
            "y": pixels("y"),
            "y2": {"field": "y2"},
        },
    }


def _captions(drawing: Drawing, paint: Paint) -> dict[str, Any]:
    lines = [line for note in drawing.notes for line in wrapped(harmless(note), INNER)]
    values = [
        {"x": -drawing.left, "y": drawing.height + drawing.below + _LINE * n, "text": line}
        for n, line in enumerate(lines)
    ]
    return texts(values, color=paint.ground.faint, fontSize=SMALL)


def _config(paint: Paint) -> dict[str, Any]:
    ground = paint.ground
    label = {"labelColor": ground.faint, "labelFontSize": 13, "titleColor": ground.faint}
    return {
        "aria": False,  # a text for each mark would be most of the file; the whole has one
        "font": _FONT,
        "view": {"stroke": None},
        "text": {"color": ground.ink, "fontSize": TEXT},
        "axis": {
            **label,
            "titleFontSize": 13,
            "titleFontWeight": "normal",
            "titlePadding": 10,
            "gridColor": ground.line,
            "domainColor": ground.line,
            "tickColor": ground.line,
            "labelPadding": 6,
        },
        "legend": {"labelColor": ground.ink, "labelFontSize": TEXT, "labelLimit": 400},
        "title": {
            "anchor": "start",
            "frame": "group",
            "color": ground.ink,
            "fontSize": 24,
            "fontWeight": "bold",
            "subtitleColor": ground.faint,
            "subtitleFontSize": TEXT,
            "subtitlePadding": 8,
            "offset": _LEGEND,
            "limit": INNER,
        },
    }
