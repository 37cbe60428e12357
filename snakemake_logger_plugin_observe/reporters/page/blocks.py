"""The parts of a text answer as parts of the page: sentences, commands and tables.

So the page says what the commands say, in the same words.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.pasting import harmless, harmless_lines
from snakemake_logger_plugin_observe.reporters.command_lines import CommandLine


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a sentence."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A part: of the fields after ``kind``, those that it needs are filled."""

    kind: str
    """``sentence``, ``heading``, ``line`` (of a block), ``warning``, ``command`` or ``table``."""
    pieces: tuple[Piece, ...] = ()
    headings: tuple[tuple[str, bool], ...] = ()
    """The text of each column's heading, and whether the column has numbers."""
    rows: tuple[tuple[str, ...], ...] = ()

    @property
    def text(self) -> str:
        """The whole of a sentence."""
        return "".join(one.text for one in self.pieces)


def blocks(parts: Iterable[RenderableType]) -> list[Block]:
    """Return the *parts* that are not blank."""
    found: list[Block] = []
    for part in parts:
        inner = part.renderable if isinstance(part, Padding) else part
        if isinstance(inner, Table):
            found.append(_table(inner))
        elif isinstance(inner, Text | str) and str(inner).strip():
            found.append(_sentence(inner, of_a_block=isinstance(part, Padding)))
    return found


def _sentence(text: Text | str, *, of_a_block: bool) -> Block:
    if isinstance(text, CommandLine):
        return Block("command", (Piece(harmless(text.plain)),))
    if isinstance(text, str):
        return Block("line", (Piece(harmless_lines(text)),))
    style = str(text.style)
    kind = "line" if of_a_block or text.plain.startswith("  ") else "sentence"
    if "yellow" in style and not of_a_block:
        kind = "warning"
    elif "bold" in style:
        kind = "heading"
    return Block(kind, _pieces(text))


def _pieces(text: Text) -> tuple[Piece, ...]:
    """Return a text cut where it becomes bold, or ends to be."""
    strong = [False] * len(text.plain)
    for span in text.spans:
        if "bold" in str(span.style):
            strong[span.start : span.end] = [True] * (span.end - span.start)
    found: list[Piece] = []
    begin = 0
    for at in range(1, len(strong) + 1):
        if at == len(strong) or strong[at] != strong[begin]:
            found.append(Piece(harmless_lines(text.plain[begin:at]), strong[begin]))
            begin = at
    return tuple(found)


def _table(table: Table) -> Block:
    headings = tuple(
        (_cell(one.header) if table.show_header else "", one.justify == "right")
        for one in table.columns
    )
    rows = zip(*(map(_cell, one.cells) for one in table.columns), strict=True)
    return Block("table", headings=headings, rows=tuple(rows))


def _cell(cell: RenderableType) -> str:
    return "\n".join(harmless(" ".join(line.split())) for line in str(cell).splitlines())
