"""A reply as text for a terminal, or for a pipe or a file, which have no width."""

import io
from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.pasting import harmless_lines
from snakemake_logger_plugin_observe.reporters.command_lines import CommandLine, Document, marked
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.reporters.tables import as_lines

UNLIMITED: Final = 10_000
"""The width of what is no terminal: tables are as wide as they need, only prose is wrapped."""
_PROSE: Final = 100


class HarmlessConsole(Console):
    """A console that prints no control character but its own: the last of several hands."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the segments of *renderable* with control characters escaped in their texts."""
        for segment in super().render(renderable, options):
            if segment.control:  # moves the cursor: never made from a text
                yield segment
                continue
            yield Segment(harmless_lines(segment.text), segment.style, segment.control)


def render(reply: Reply[Any], *, width: int = 100, color: bool = False) -> str:
    """Return *reply* for a terminal *width* characters wide, plain unless *color*."""
    if reply.verbatim is not None:
        return reply.verbatim
    shown = ""
    out = io.StringIO()
    console = HarmlessConsole(
        file=out,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for part in reply.text(reply.answer, width):
        unlimited = width >= UNLIMITED and not color
        lines = as_lines(part) if unlimited and isinstance(part, Table) else None
        if lines is not None:
            shown += marked(harmless_lines("".join(f"{line}\n" for line in lines)))
            continue
        whole_line = isinstance(part, str) or (isinstance(part, Text) and bool(part.no_wrap))
        prose = _PROSE if width >= UNLIMITED and isinstance(part, Text) else None
        console.print(part, soft_wrap=whole_line, width=None if whole_line else prose)
        printed = out.getvalue()
        shown += printed if isinstance(part, CommandLine | Document) else marked(printed)
        out.seek(0)
        out.truncate()
    return "\n".join(line.rstrip() for line in shown.split("\n"))
