"""The colours of a picture on a light or a dark ground, from the palette that the page has, too."""

from collections.abc import Iterable
from typing import Any, Final

from snakemake_logger_plugin_observe.reporters.palette import DARK, LIGHT, PALETTE, Ground

_SQUARE: Final = 140
"""The area of a legend's square, in square pixels."""


class Paint:
    """What to paint with."""

    def __init__(self, *, dark: bool = False) -> None:
        """Choose the ground."""
        self.ground: Ground = DARK if dark else LIGHT
        self._dark = dark

    def of(self, cost_class: str) -> str:
        """Return the colour of a cost class."""
        one = PALETTE[cost_class]
        return one.dark if self._dark else one.light

    def on(self, cost_class: str) -> str:
        """Return the colour of text on a cost class."""
        one = PALETTE[cost_class]
        return one.dark_ink if self._dark else one.light_ink

    def by_class(self, present: Iterable[str], left: float = 0) -> dict[str, Any]:
        """Return the encoding of colour by the field ``class``, with its legend.

        Args:
            present: the cost classes that the picture has; they are shown in display order.
            left: where the legend begins, in pixels from the left end of the plot.

        """
        names = set(present)
        own = {name: self.of(name) for name in PALETTE if name in names}
        return colours("class", own, left)


def colours(field: str, own: dict[str, str], left: float = 0, **legend: Any) -> dict[str, Any]:
    """Return an encoding of colour by a field, whose values have their *own*, with a legend."""
    return {
        "field": field,
        "type": "nominal",
        "scale": {"domain": list(own), "range": list(own.values())},
        "legend": {
            "title": None,
            "orient": "none",
            "direction": "horizontal",
            "legendX": left,
            "legendY": -34,
            "symbolType": "square",
            "symbolSize": _SQUARE,
            "symbolOpacity": 1,
            "columnPadding": 18,
            **legend,
        },
    }
