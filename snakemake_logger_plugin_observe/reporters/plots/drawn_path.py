"""The actual path of a run through its lanes: frames with links, or lines where it is dense."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from snakemake_logger_plugin_observe.reporters.plots.paint import Paint
from snakemake_logger_plugin_observe.reporters.plots.sheet import pixels

_LINKED: Final = 10.0
"""Stretches that are so many pixels long, on average, have a frame and a link each."""
_FRAMED: Final = 5.0
"""The height of a row in which there is room for a frame."""


class Stretch(NamedTuple):
    """A part of the path in one lane, in pixels; ``y`` is the middle of the lane's row."""

    x: int
    x2: int
    y: float


def layers(stretches: Sequence[Stretch], high: float, paint: Paint) -> Iterator[dict[str, Any]]:
    """Yield the layers of the path.

    Args:
        stretches: its parts that an attempt owns, in order of time.
        high: how high a row is, in pixels.
        paint: what to paint with.

    """
    if not stretches:
        return
    mean = sum(one.x2 - one.x for one in stretches) / len(stretches)
    if mean < _LINKED:
        points = _along(_joined(stretches), min(2.0, high / 2))
        yield _line(points, paint.ground.ink, min(2.5, high))
        return
    framed = high >= _FRAMED
    links = [*_links(stretches), *(() if framed else _along(_joined(stretches), 0))]
    for color, wide in ((paint.ground.ground, 4.0), (paint.ground.ink, 1.5)):
        if links:
            yield _line(links, color, wide)
        if framed:
            yield _frames(stretches, high, color, wide)


def room(
    stretches: Sequence[Stretch], high: float, block: tuple[int, int], y: float
) -> tuple[int, int]:
    """Return the widest piece of a *block* in the row at *y* that no line of the path crosses.

    Args:
        stretches: as for ``layers``.
        high: how high a row is, in pixels.
        block: where it begins and ends, in pixels.
        y: the middle of its row.

    """
    cuts = {x for one in stretches if one.y == y for x in (one.x, one.x2)}
    cuts |= {
        one.x
        for before, one in pairwise(stretches)
        if min(before.y, one.y) - high / 2 < y < max(before.y, one.y) + high / 2
    }
    edges = [block[0], *sorted(x for x in cuts if block[0] < x < block[1]), block[1]]
    return max(pairwise(edges), key=lambda piece: piece[1] - piece[0])


def _joined(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Yield the stretches with those of one row joined that touch: at most one for each pixel."""
    before: Stretch | None = None
    for one in stretches:
        if before is not None and one.y == before.y and one.x <= before.x2:
            before = before._replace(x2=max(before.x2, one.x2))
            continue
        if before is not None and before.x2 > before.x:
            yield before
        before = one
    if before is not None:
        yield before


_Point = tuple[float | None, float]


def _along(stretches: Iterable[Stretch], below: float) -> list[_Point]:
    """Return a line along the middle of each stretch."""
    points: list[_Point] = []
    for one in stretches:
        points += [(one.x, one.y - below), (max(one.x2, one.x + 1), one.y - below), (None, one.y)]
    return points


def _links(stretches: Sequence[Stretch]) -> Iterator[_Point]:
    """Yield the lines from each stretch to the next, if that is in another lane."""
    for before, one in pairwise(stretches):
        if before.y != one.y:
            yield from ((before.x2, before.y), (one.x, before.y), (one.x, one.y), (None, one.y))


def _line(points: Iterable[_Point], color: str, wide: float) -> dict[str, Any]:
    values = [{"x": x, "y": y, "order": number} for number, (x, y) in enumerate(points)]
    return {
        "data": {"values": values},
        "mark": {"type": "line", "color": color, "strokeWidth": wide, "strokeJoin": "round"},
        "encoding": {
            "x": pixels("x"),
            "y": pixels("y"),
            "order": {"field": "order", "type": "quantitative"},
        },
    }


def _frames(stretches: Iterable[Stretch], high: float, color: str, wide: float) -> dict[str, Any]:
    values = [
        {
            "x": one.x,
            "x2": max(one.x2, one.x + 1),
            "y": one.y - high / 2 + 1,
            "y2": one.y + high / 2 - 2,
        }
        for one in stretches
    ]
    return {
        "data": {"values": values},
        "mark": {"type": "rect", "filled": False, "stroke": color, "strokeWidth": wide},
        "encoding": {
            "x": pixels("x"),
            "x2": {"field": "x2"},
            "y": pixels("y"),
            "y2": {"field": "y2"},
        },
    }
