"""Tables of text answers: they cut nothing, and columns without room are named below them.

In a narrow terminal, names and texts take several lines; numbers never do.
"""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

Row = Sequence[str]


def plain_table(*, header: bool = True) -> Table:
    """Return an empty table without lines."""
    return Table(
        box=None,
        padding=(0, 2, 0, 0),
        show_edge=False,
        show_header=header,
        header_style="bold",
    )


def not_shown(columns: Sequence[str]) -> list[RenderableType]:
    """Return a line that names the *columns* for which there was no room, if there are any."""
    if not columns:
        return []
    return [Text(f"  no room for: {', '.join(columns)} (shown if piped)", "dim")]


def fitting(
    columns: Sequence[tuple[str, bool]], rows: Sequence[Row], width: int, fold: int
) -> Table:
    """Return a table of *columns* (heading, whether it contains numbers).

    If the terminal is too narrow, the text in column number *fold* takes several lines.
    """
    table = plain_table()
    widths = [
        max(len(heading), *(len(row[index]) for row in rows)) + 2
        for index, (heading, _) in enumerate(columns)
    ]
    room = max(8, width - sum(widths) + widths[fold] - 2)
    for index, (heading, numbers) in enumerate(columns):
        table.add_column(
            heading,
            justify="right" if numbers else "left",
            no_wrap=index != fold,
            overflow="fold",
            max_width=room if index == fold else None,
        )
    for row in rows:
        table.add_row(*row)
    return table
