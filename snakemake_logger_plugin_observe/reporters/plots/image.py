"""A picture as an SVG or a PNG, drawn by vl-convert, which the extra ``plot`` installs.

vl-convert has Vega, a JavaScript engine and a font in it: nothing is fetched, and no browser is
needed. The PNG is made of the SVG, so both are the same picture.
"""

import html
import json
from typing import Any, Final

_PIXELS: Final = 2
"""Of a PNG, for each of the SVG: so it is sharp on a slide."""
ENDINGS: Final = (".svg", ".png")


class DrawingError(Exception):
    """A picture could not be drawn; the text is one line for the user."""


def check_installed() -> None:
    """Check that pictures can be drawn here.

    Raises:
        DrawingError: if not, with how to install what is missing.

    """
    try:
        import vl_convert  # noqa: F401
    except ImportError as error:
        raise DrawingError(
            "plot: vl-convert is not installed, which draws the pictures; it is the extra plot: "
            "pip install '.[plot]' in a checkout, or pip install vl-convert-python"
        ) from error


def svg(spec: dict[str, Any], title: str, alt: str) -> str:
    """Return a picture as an SVG.

    Args:
        spec: of Vega-Lite.
        title: what it is called.
        alt: what it shows, in words.

    Raises:
        DrawingError: if Vega cannot draw it.

    """
    import vl_convert

    try:
        text = vl_convert.vegalite_to_svg(json.dumps(spec, allow_nan=False), allowed_base_urls=[])
    except ValueError as error:
        raise DrawingError(f"plot: Vega cannot draw this: {str(error).splitlines()[0]}") from error
    start, bracket, rest = text.partition(">")
    named = f"<title>{html.escape(title)}</title><desc>{html.escape(alt)}</desc>"
    return f'{start} role="img"{bracket}{named}{rest}\n'


def png(picture: str) -> bytes:
    """Return an SVG as a PNG.

    Raises:
        DrawingError: if it cannot be drawn.

    """
    import vl_convert

    try:
        return bytes(vl_convert.svg_to_png(picture, scale=_PIXELS))
    except ValueError as error:
        raise DrawingError(f"plot: this cannot be a PNG: {str(error).splitlines()[0]}") from error
