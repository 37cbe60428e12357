"""Lines of a frame: text that stays text, cut or wrapped at the terminal's width."""

import textwrap
from typing import Final

from rich.text import Text

from snakemake_logger_plugin_observe.reporters.words import harmless

_LINES: Final = 3


def line(text: str, style: str = "") -> Text:
    """Return one line, which is cut where it does not fit."""
    return Text(harmless(text), style, no_wrap=True, overflow="ellipsis")


def lines(text: str, style: str, width: int | None) -> list[Text]:
    """Return a sentence, on a screen in as many lines as it needs, but few."""
    if width is None:
        return [line(text, style)]
    wrapped = textwrap.wrap(
        harmless(text), max(20, width), max_lines=_LINES, placeholder=" …", subsequent_indent="  "
    )
    return [line(one, style) for one in wrapped]
