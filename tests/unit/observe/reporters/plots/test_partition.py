"""The bar of a makespan: its classes and phases lie end to end, as ``cost`` has them."""

from itertools import pairwise
from pathlib import Path

import pytest
from builders import begun, killed, mixed, on_cluster
from plotted import drawing, values_of

from snakemake_logger_plugin_observe.reporters.plots.measures import TimeScale, unit_for


def test_classes_lie_end_to_end_in_display_order(tmp_path: Path) -> None:
    found = drawing("partition", mixed().write(tmp_path / "run.jsonl"))
    bar = [one for one in values_of(found, "class") if one["y"] == 0]
    assert [one["class"] for one in bar] == [
        *("planning", "scheduling", "limits", "queue", "compute", "unobserved"),
    ]
    assert bar[0]["x"] == 0
    for before, after in pairwise(bar):
        assert before["x2"] <= after["x"] <= before["x2"] + 0.05  # a gap of one pixel
    assert bar[-1]["x2"] == pytest.approx(41, abs=0.05)


def test_title_line_and_facts_say_what_cost_says(tmp_path: Path) -> None:
    found = drawing("partition", on_cluster(4, poll_s=30).write(tmp_path / "run.jsonl"))
    assert found.title == "Where the 33.0 s went"
    assert found.which == (
        "run of 2026-03-01 12:00:00 UTC · Snakefile · 4 jobs, 4 attempts · slurm through timed · "
        "success · 33.0 s"
    )
    assert "scheduling" in found.facts
    assert "%" in found.facts


def test_a_run_that_was_killed_has_lengths_and_no_shares(tmp_path: Path) -> None:
    found = drawing("partition", killed().write(tmp_path / "run.jsonl"))
    assert found.title.endswith(" until the last sign of life went")
    assert "%" not in found.facts


def test_several_runs_have_a_bar_each_on_one_scale(tmp_path: Path) -> None:
    long = on_cluster(4, poll_s=30).write(tmp_path / "long.jsonl")
    short = begun(tags={"wake": "on"}).job(1).quick(1, 3, 4, 8).end(9).write(tmp_path / "s.jsonl")
    found = drawing("partition", long, short)
    assert found.title == "Where the time of 2 runs went"
    named = [one["text"] for one in values_of(found, "text")]
    assert "2026-03-01 12:00:00 UTC" in named
    assert "wake=on" in named
    assert [one for one in named if one.endswith(" s")] == ["33.0 s", "9.00 s"]
    assert max(one["x2"] for one in values_of(found, "class") if one["y"] > 80) < 10


def test_each_of_several_runs_is_named_as_the_user_named_it(tmp_path: Path) -> None:
    journals = [
        begun().job(1).quick(1, 3, 4, 8).end(9).write(tmp_path / "before.jsonl"),
        killed().write(tmp_path / "after.jsonl"),
    ]
    found = drawing("partition", *journals, named=("before.jsonl", "after.jsonl"))
    said = [one["text"] for one in values_of(found, "text")]
    assert {"before.jsonl", "after.jsonl"} <= set(said)
    assert any(one.startswith("2026-03-01 12:00:00 UTC · 1 job") for one in said)
    assert any(one.startswith("no end recorded · 2026-03-01 12:00:00 UTC") for one in said)
    assert found.which == (
        "each bar is a run from its start to its end, or to its last sign of life where it has "
        "none, on one scale"
    )


def test_the_height_follows_the_rows(tmp_path: Path) -> None:
    found = drawing("partition", killed().write(tmp_path / "run.jsonl"))
    rows = [one for one in values_of(found, "class") if one["y"] > 84]
    assert found.height == 84 + 10 + 27 * len(rows)


def test_the_unit_of_an_axis_fits_its_length() -> None:
    second = 1_000_000
    names = [unit_for(length * second).name for length in (5, 150, 151, 9_001, 540_001)]
    assert names == ["seconds", "seconds", "minutes", "hours", "days"]
    scale = TimeScale(unit_for(600 * second), 600 * second, 1000, "")
    assert (scale.at(90 * second), scale.pixels(60 * second)) == (1.5, 100)
