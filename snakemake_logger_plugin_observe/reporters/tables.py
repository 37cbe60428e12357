"""Tables of text answers; in a narrow terminal they cut texts, and never numbers or job names."""

from collections.abc import Sequence

from rich.table import Table

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


def fitting(
    columns: Sequence[tuple[str, bool]],
    rows: Sequence[Row],
    width: int,
    cut: int,
    *,
    fold: bool = False,
) -> Table:
    """Return a table of *columns* (heading, whether it contains numbers).

    If the terminal is too narrow, the text in column number *cut* is shortened; or, with *fold*,
    takes several lines.
    """
    table = plain_table()
    widths = [
        max(len(heading), *(len(row[index]) for row in rows)) + 2
        for index, (heading, _) in enumerate(columns)
    ]
    room = max(8, width - sum(widths) + widths[cut] - 2)
    for index, (heading, numbers) in enumerate(columns):
        table.add_column(
            heading,
            justify="right" if numbers else "left",
            no_wrap=not (fold and index == cut),
            overflow="fold" if fold else "ellipsis",
            max_width=room if index == cut else None,
        )
    for row in rows:
        table.add_row(*row)
    return table
