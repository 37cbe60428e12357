"""Flat tables as separated values: the text of each cell, and the file.

A cell of a text column that a spreadsheet would take for a formula begins with an apostrophe, and
control characters are escaped: such texts come from journals, and so from anyone.
"""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from snakemake_logger_plugin_observe.pasting import harmless
from snakemake_logger_plugin_observe.reporters.exports.asked import ExportAsked
from snakemake_logger_plugin_observe.reporters.flat_tables import TABLES
from snakemake_logger_plugin_observe.reporters.flat_tables.column import Cell

_FORMULA: Final = tuple("=+-@＝＋－＠")
"""What a spreadsheet's formula begins with, also in the wide forms that some take for the same."""


def render(asked: ExportAsked, delimiter: str) -> str:
    """Return a table of the runs; of several, the first column names the run."""
    table = TABLES[asked.table or "attempts"]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    several = len(asked.sources) > 1
    writer.writerow(("run", *table.names) if several else table.names)
    for label, run in zip(asked.labels, asked.runs, strict=True):
        first = (text_of(label),) if several else ()
        writer.writerows((*first, *_texts(row)) for row in table.rows(run))
    return out.getvalue()


def _texts(row: tuple[Cell, ...]) -> Iterator[str]:
    return map(text_of, row)


def text_of(cell: Cell) -> str:
    """Return the text of a cell, which is empty if its value is unknown."""
    match cell:
        case None:
            return ""
        case str():
            shown = harmless(cell)
            return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown
        case datetime():
            return cell.isoformat(timespec="microseconds").replace("+00:00", "Z")
        case float():
            return f"{cell:.6f}"
        case _:
            return str(cell)
