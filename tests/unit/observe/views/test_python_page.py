"""The examples of docs/python.md and the notebook run as they are, on a run of three jobs."""

import doctest
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from builders import on_cluster

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.journal.records import Usage

DOCS = Path(__file__).parents[4] / "docs"
PAGE = (DOCS / "python.md").read_text()
NOTEBOOK = json.loads((DOCS / "observe.ipynb").read_text())
JOURNAL = ".snakemake/observe/20260301T120000-012345.jsonl"


@pytest.fixture
def journal(workdir: Path) -> Path:
    story = on_cluster(
        3,
        queue_s=5,
        startup_s=2,
        plan_s=1,
        tool_s=10,
        poll_s=8,
        every_s=15,
        threads=2,
        asks={"mem_mb": 4000},
        used=Usage(user_s=9, system_s=0.5, peak_rss_bytes=300_000_000),
        tags={"team": "a"},
    )
    return story.write(workdir / JOURNAL)


def test_the_examples_of_the_page(journal: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    page = doctest.DocTestParser().get_doctest("".join(blocks), {}, "python.md", "python.md", 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    assert len(page.examples) > 15
    assert runner.run(page).failed == 0


def test_the_notebook_s_cells_run_one_after_the_other(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {"__name__": "notebook"}
    for cell in NOTEBOOK["cells"]:
        needed = cell["metadata"].get("tags", [])
        if cell["cell_type"] == "code" and all(map(find_spec, needed)):
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)  # noqa: S102 - as a notebook does
    printed = capsys.readouterr().out
    assert "compute            10.0 s   34 %" in printed
    assert "    26.0 s  map  compute" in printed


def test_the_notebook_is_stripped_and_small() -> None:
    code = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
    assert [cell["outputs"] for cell in code] == [[]] * len(code)
    assert [cell["execution_count"] for cell in code] == [None] * len(code)
    assert (DOCS / "observe.ipynb").stat().st_size < 10_000


def test_the_notebook_has_its_format() -> None:
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.from_dict(NOTEBOOK))


def test_the_recipes_for_duckdb(journal: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    raw, exported = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    assert duckdb.sql(raw).fetchall() == [(one, 1, "success", "node7") for one in (1, 2, 3)]
    assert main(["export", "csv", "-o", "attempts.csv"]) == 0
    assert duckdb.sql(exported).fetchall() == [("map", 1, 5.0, str(one)) for one in (1, 2, 3)]
