"""A reply as text for a terminal."""

import io
from typing import Any

from rich.console import Console
from rich.text import Text

from snakemake_logger_plugin_observe.reporters.reply import Reply


def render(reply: Reply[Any], *, width: int = 100, color: bool = False) -> str:
    """Return *reply* for a terminal *width* characters wide, plain unless *color*."""
    out = io.StringIO()
    console = Console(
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
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))
