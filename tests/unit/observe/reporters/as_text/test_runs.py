"""The list of runs as text: nothing is cut, and what there is no room for is named."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from answers import ESCAPES, render, render_json
from builders import T0
from run_folders import DAY

from snakemake_logger_plugin_observe.analysis.compare.trend import Shift, Trend
from snakemake_logger_plugin_observe.reporters.run_list import (
    ListedRun,
    RunsAnswer,
    TrendChange,
    WorkflowRuns,
)

FOLDER = Path(".snakemake/observe")


def listed(day: int, **facts: object) -> ListedRun:
    path = FOLDER / f"202603{day + 1:02}T120000-00000{day}.jsonl"
    plain = ListedRun(path, T0 + day * DAY, "success", "full")
    figures = {"makespan_s": 323.0, "job_count": 30, "failed": 0, "tools_s": 1.9, "changed": ()}
    return replace(plain, **{**figures, **facts})  # type: ignore[arg-type]


def a_list() -> RunsAnswer:
    unknown = dict.fromkeys(("makespan_s", "job_count", "failed", "tools_s", "scope"))
    runs = (
        listed(8, state="running", **unknown),
        listed(7, makespan_s=450.5, changed=("config samples changed", "cores 4 → 8", "more")),
        listed(6, state="failed", failed=2, tags=(("pr", "12"),), scope="resumed"),
        listed(5, state="dry_run", scope="dry_run", makespan_s=2.0, failed=None, tools_s=None),
        listed(4, state="nothing_to_do", scope="nothing_to_do", makespan_s=1.5, job_count=0),
        listed(3, part="--until map left out jobs", job_count=1200),
        listed(2, state="killed", makespan_s=None, failed=None, tools_s=None, changed=None),
    )
    shift = Shift("makespan", "", 4, 5, 4, 320.0, 450.0, 1 / 126)
    rule = Shift("rule", "align", 4, 5, 4, 3.2, 6.1, 0.0001)
    changes = (
        TrendChange(shift, runs[1], runs[2], ("config samples changed",)),
        TrendChange(rule, runs[1], runs[2], ()),
    )
    trend = Trend(9, 321.0, 301.0, 455.0, (shift, rule))
    one = WorkflowRuns("Snakefile", "/work", runs, 12, trend, changes)
    return RunsAnswer((Path(),), (one,), 12, ("broken.jsonl: not listed",))


@pytest.mark.parametrize("width", [60, 80, 140])
def test_a_list_of_runs_is_as_in_the_golden_file(
    width: int, golden: Callable[[str, str], None]
) -> None:
    golden(f"runs-{width}.txt", render(a_list(), width))


def test_nothing_in_it_is_obeyed_by_a_terminal() -> None:
    (one,) = a_list().workflows
    run = replace(one.runs[0], path=FOLDER / ESCAPES, tags=((ESCAPES, ESCAPES),))
    run = replace(run, changed=(ESCAPES,))
    hostile = replace(one, name=ESCAPES, folder=ESCAPES, runs=(run,))
    answer = replace(a_list(), workflows=(hostile,), unread=(ESCAPES,))
    for text in (render(answer, 300), render_json(answer)):
        assert not {"\x1b", "\r", "\u202e"} & set(text)
