"""The examples of docs/python.md and the notebook run as they are, on a run of three jobs."""

import doctest
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from builders import an_execution, begun, level, on_cluster, stamps

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


def run_notebook() -> None:
    """Run the notebook's cells, one after the other, without those whose libraries are missing."""
    names: dict[str, Any] = {"__name__": "notebook"}
    for cell in NOTEBOOK["cells"]:
        needed = cell["metadata"].get("tags", [])
        if cell["cell_type"] == "code" and all(map(find_spec, needed)):
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)  # noqa: S102 - as a notebook does


def test_the_notebook_runs_to_its_end_on_a_cluster_s_run(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_notebook()
    printed = capsys.readouterr().out
    assert "compute            10.0 s   34 %" in printed
    assert "    26.0 s  map  compute" in printed
    assert "{'cores': 8}: cores: this run submits its jobs" in printed
    assert "29.0 s; with {'wake': True} " in printed


def test_the_notebook_runs_to_its_end_on_a_run_on_one_machine(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the README begins: ``--cores 2 --executor timed``."""
    local = begun(wraps="local", cores=2).job(1).job(2, needs=(1,))
    for job_id, start_s in ((1, 3), (2, 10)):
        job = an_execution(
            begun=start_s, tool_started=start_s + 1, tool_ended=start_s + 5, checked=start_s + 5
        )
        known = stamps(
            ready=start_s,
            selected=start_s,
            submitting=start_s,
            accepted=start_s,
            reported=start_s + 6,
            finished=start_s + 7,
        )
        local.attempt(job_id, known, level(job, started=start_s, ended=start_s + 6))
    local.end(18).write(workdir / JOURNAL)
    run_notebook()
    printed = capsys.readouterr().out
    assert "18.0 s; with {'cores': 8} " in printed
    assert (
        "{'wake': True}: wake: it would not change this run: the local executor keeps its "
        "own pace\n" in printed
    )


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
