"""A reply as text for a terminal."""

import io
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from snakemake_logger_plugin_observe.pasting import harmless_lines
from snakemake_logger_plugin_observe.reporters.command_lines import CommandLine, Document, marked
from snakemake_logger_plugin_observe.reporters.reply import Reply


class _HarmlessConsole(Console):
    """A console that prints no control character but its own: the last of several hands."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the segments of *renderable* with control characters escaped in their texts."""
        for segment in super().render(renderable, options):
            yield Segment(harmless_lines(segment.text), segment.style, segment.control)


def render(reply: Reply[Any], *, width: int = 100, color: bool = False) -> str:
    """Return *reply* for a terminal *width* characters wide, plain unless *color*."""
    shown = ""
    out = io.StringIO()
    console = _HarmlessConsole(
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
        whole_line = isinstance(part, str) or (isinstance(part, Text) and bool(part.no_wrap))
        console.print(part, soft_wrap=whole_line)
        printed = out.getvalue()
        shown += printed if isinstance(part, CommandLine | Document) else marked(printed)
        out.seek(0)
        out.truncate()
    return "\n".join(line.rstrip() for line in shown.split("\n"))
