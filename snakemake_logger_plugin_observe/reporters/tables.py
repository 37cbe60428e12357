"""Tables of text answers: they cut nothing, and columns without room are named below them.

In a narrow terminal, names and texts take several lines; numbers never do.
"""

from collections.abc import Sequence

from rich.cells import cell_len
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


def as_lines(table: Table) -> list[str] | None:
    """Return the lines of a plain table that may be as wide as it needs, without styles.

    Much faster than the console, which weighs the widths of columns against each other. None if a
    cell is more than a line of text.
    """
    columns = []
    for column in table.columns:
        shown = [column.header, *column.cells] if table.show_header else list(column.cells)
        texts = [str(one) for one in shown if isinstance(one, str | Text)]
        if len(texts) < len(shown) or any("\n" in text for text in texts):
            return None
        widths = [len(text) if text.isascii() else cell_len(text) for text in texts]
        most = column.width or max([column.min_width or 0, *widths])
        gaps = [" " * max(0, most - width) for width in widths]
        right = column.justify == "right"
        padded = [
            gap + text if right else text + gap for text, gap in zip(texts, gaps, strict=True)
        ]
        columns.append(padded)
    return ["  ".join(cells) for cells in zip(*columns, strict=True)]
