"""The history: a bar for each run, what is usual, and since when it is not."""

from dataclasses import replace
from pathlib import Path

import pytest
from builders import SECOND, T0
from plotted import values_of

from snakemake_logger_plugin_observe.analysis.compare.trend import Shift, Trend
from snakemake_logger_plugin_observe.reporters.plots import history
from snakemake_logger_plugin_observe.reporters.plots.asked import NothingToDrawError, PlotAsked
from snakemake_logger_plugin_observe.reporters.plots.paint import Paint
from snakemake_logger_plugin_observe.reporters.plots.sheet import Drawing
from snakemake_logger_plugin_observe.reporters.run_list import (
    ListedRun,
    TrendChange,
    WorkflowRuns,
)

DAY = 86_400 * SECOND


def run(number: int, makespan_s: float | None = 60.0, state: str = "success") -> ListedRun:
    return ListedRun(
        Path(f"{number}.jsonl"), T0 + number * DAY, state, "full", makespan_s=makespan_s
    )


def runs(*oldest_first: ListedRun, matching: int = 0, **more: object) -> WorkflowRuns:
    shown = oldest_first[::-1]
    listed = WorkflowRuns("Snakefile", "/data/my/workflow", shown, matching or len(shown))
    return replace(listed, **more)


def drawn(listed: WorkflowRuns) -> Drawing:
    return history.draw(PlotAsked(Paint(), listed=listed))


def bars(found: Drawing) -> list[tuple[str, float]]:
    return [(one["kind"], one["y2"]) for one in values_of(found, "kind")]


def test_the_oldest_run_comes_first() -> None:
    found = drawn(runs(run(1, 50), run(2, 60), run(3, 20, "failed")))
    assert bars(found) == [("success, all jobs", 50), ("success, all jobs", 60), ("failed", 20)]
    assert found.title == "How long the runs of Snakefile took"
    assert found.which == (
        "3 runs from 2026-03-02 12:00:00 UTC to 2026-03-04 12:00:00 UTC, the oldest first · "
        "my/workflow"
    )


def test_a_run_of_some_jobs_is_told_from_one_of_all() -> None:
    some = replace(run(1), scope="incremental")
    until = replace(run(2), part="--until map")
    assert [kind for kind, _ in bars(drawn(runs(some, until)))] == ["success, some jobs"] * 2


def test_a_run_without_an_end_is_a_cross() -> None:
    found = drawn(runs(run(1), run(2, None, "killed")))
    assert len(bars(found)) == 1
    assert [one["text"] for one in values_of(found, "text")].count("×") == 1
    assert "×: it has no end in its journal, so nobody knows how long it took." in found.notes


def test_what_is_not_shown_is_said() -> None:
    found = drawn(runs(run(1), run(2, 3, "dry_run"), run(3, 3, "nothing_to_do"), matching=9))
    assert len(bars(found)) == 1
    assert found.notes == (
        "2 dry runs or runs with nothing to do are left out.",
        "6 older runs not shown: --limit shows more.",
    )


def test_median_and_spread_are_those_of_runs() -> None:
    found = drawn(runs(run(1), run(2, 62), trend=Trend(2, 61, 60, 62)))
    said = [one["text"] for one in values_of(found, "text")]
    assert {"median 1 min 01 s", "1 min 00 s to 1 min 02 s", "of 2 full runs"} <= set(said)
    assert any(one["y"] == 61 for one in values_of(found, "x2", "y"))


def slower(kind: str = "makespan", name: str = "") -> WorkflowRuns:
    every = [run(n, 60 if n < 4 else 90) for n in range(8)]
    spreads = (58, 61), (88, 95)
    shift = Shift(kind, name, 4, 4, 4, 60, 90, 0.001, *spreads)  # type: ignore[arg-type]
    change = TrendChange(shift, every[4], every[3], ())
    return runs(*every, trend=Trend(8, 75, 60, 90, (shift,)), changes=(change,))


def test_a_change_that_lasts_is_a_line_with_the_medians_around_it() -> None:
    found = drawn(slower())
    assert "slower since: 1 min 00 s → 1 min 30 s" in [
        one["text"] for one in values_of(found, "text")
    ]
    levels = [one["y"] for one in values_of(found, "x2", "y") if set(one) == {"x", "x2", "y"}]
    assert sorted(levels) == [60, 90]


def test_median_and_spread_are_of_each_side_of_a_change() -> None:
    found = drawn(slower())
    said = [one["text"] for one in values_of(found, "text")]
    assert {"before: median 1 min 00 s", "58.0 s to 1 min 01 s"} <= set(said)
    assert {"since: median 1 min 30 s", "1 min 28 s to 1 min 35 s"} <= set(said)
    assert said.count("of 4 full runs") == 2
    bands = [one for one in values_of(found, "x2", "y2") if "kind" not in one]
    assert [(one["x"], one["x2"], one["y"], one["y2"]) for one in bands] == [
        (0, 449, 58, 61),
        (449, 898, 88, 95),
    ]


def test_a_length_is_written_over_the_line_of_a_median() -> None:
    marks = [
        (one["mark"]["type"], "stroke" in one["mark"])
        for one in drawn(slower()).layers
        if isinstance(one["mark"], dict) and (one["mark"]["type"] == "rule" or "dy" in one["mark"])
    ]
    assert marks[:4] == [("rule", False), ("rule", False), ("text", True), ("text", False)]


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [("rule", "a.b[0]", "rule a.b[0] slower since"), ("class", "queue", "queue slower since")],
)
def test_a_change_of_a_rule_or_a_class_is_named(kind: str, name: str, said: str) -> None:
    shown = [one["text"] for one in values_of(drawn(slower(kind, name)), "text")]
    assert f"{said}: 1 min 00 s → 1 min 30 s" in shown


def test_without_a_known_length_there_is_nothing_to_draw() -> None:
    with pytest.raises(NothingToDrawError, match="no run of Snakefile has a known length"):
        drawn(runs(run(1, None, "killed")))
