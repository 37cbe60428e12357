"""Data frames take the tables as they are: with a type for each column, also where all is unknown."""

from pathlib import Path
from typing import Any

import pytest
from builders import mixed, retried

from snakemake_logger_plugin_observe import open_run
from snakemake_logger_plugin_observe.reporters.flat_tables import TABLES


@pytest.fixture
def rows(workdir: Path) -> list[dict[str, Any]]:
    """Return attempts in which many cells are unknown, more than a data frame looks at first."""
    first, second = (
        open_run(story().write(workdir / f"{story.__name__}.jsonl")).attempts_table()
        for story in (mixed, retried)
    )
    unknown = [dict.fromkeys(TABLES["attempts"].names)] * 150
    return [*unknown, *first, *second]


def test_pandas(rows: list[dict[str, Any]]) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(rows)
    assert list(frame.columns) == list(TABLES["attempts"].names)
    assert str(frame["ready_at"].dtype).startswith("datetime64[")
    assert frame["compute_s"].dtype.kind == "f"
    assert frame["compute_s"].sum() == sum(row["compute_s"] or 0 for row in rows)


def test_polars(rows: list[dict[str, Any]]) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(rows, infer_schema_length=None)
    assert frame.columns == list(TABLES["attempts"].names)
    assert str(frame["ready_at"].dtype).startswith("Datetime(")
    assert frame["compute_s"].sum() == sum(row["compute_s"] or 0 for row in rows)


def test_pyarrow(rows: list[dict[str, Any]]) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.Table.from_pylist(rows)
    assert table.column_names == list(TABLES["attempts"].names)
    assert str(table.schema.field("ready_at").type) == "timestamp[us, tz=UTC]"
    assert str(table.schema.field("compute_s").type) == "double"
