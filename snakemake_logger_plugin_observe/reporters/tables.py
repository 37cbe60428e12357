"""Tables that fit their terminal: a name gives way, never a figure."""

from collections.abc import Sequence

from rich.table import Table

Row = Sequence[str]


def fitting(
    columns: Sequence[tuple[str, bool]], rows: Sequence[Row], width: int, gives: int
) -> Table:
    """Return a table of *columns* (heading, whether it holds figures).

    Where the terminal is too narrow, the column *gives* is cut: never a figure.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    widths = [
        max(len(heading), *(len(row[index]) for row in rows)) + 2
        for index, (heading, _) in enumerate(columns)
    ]
    room = max(8, width - sum(widths) + widths[gives] - 2)
    for index, (heading, figures) in enumerate(columns):
        table.add_column(
            heading,
            justify="right" if figures else "left",
            no_wrap=True,
            overflow="ellipsis",
            max_width=room if index == gives else None,
        )
    for row in rows:
        table.add_row(*row)
    return table
