"""The curves of what was ready, queued and running."""

from pathlib import Path

import pytest
from builders import begun, stamps
from plotted import drawing, values_of

from snakemake_logger_plugin_observe.reporters.plots.asked import NothingToDrawError


def two_jobs(folder: Path, **facts: object) -> Path:
    story = begun(**facts).job(1).job(2).quick(1, 2, 3, 6).quick(2, 2, 4, 6)
    return story.end(8).write(folder / "run.jsonl")


def curve(found: object, state: str) -> list[tuple[float, int]]:
    own = values_of(found, "state")  # type: ignore[arg-type]
    return [(one["x"], one["count"]) for one in own if one["state"].startswith(state)]


def test_a_curve_turns_where_jobs_begin_and_end(tmp_path: Path) -> None:
    found = drawing("concurrency", two_jobs(tmp_path))
    assert curve(found, "ready") == [(0, 0), (2, 2), (3, 1), (4, 0), (8, 0)]
    assert curve(found, "running") == [(0, 0), (3, 1), (4, 2), (6, 0), (8, 0)]


def test_the_limit_is_a_line_with_its_setting(tmp_path: Path) -> None:
    found = drawing("concurrency", two_jobs(tmp_path, jobs=4))
    assert {(one["count"], one["text"]) for one in values_of(found, "text")} == {(4, "--jobs 4")}
    assert found.facts == (
        "at most 2 ready, 3.00 s in all; at most 0 queued, 0.000 s in all; at most 2 running, "
        "5.00 s in all; the limit is --jobs 4"
    )


def test_where_cores_are_the_limit_the_curves_are_in_cores(tmp_path: Path) -> None:
    story = begun(cores=2).job(1, threads=2).job(2, threads=2)
    story.quick(1, 2, 3, 6).quick(2, 2, 6, 7)
    found = drawing("concurrency", story.end(8).write(tmp_path / "run.jsonl"))
    assert curve(found, "running") == [(0, 0), (3, 2), (7, 0), (8, 0)]
    assert curve(found, "ready") == [(0, 0), (2, 4), (3, 2), (6, 0), (8, 0)]
    assert found.title == "Cores of jobs that were ready, queued and running"
    assert found.facts.startswith("at most 4 cores ready, ")
    assert found.notes[-1].startswith("Each job counts with its threads, as it does for --cores")


def test_a_limit_far_above_the_curves_is_named(tmp_path: Path) -> None:
    found = drawing("concurrency", two_jobs(tmp_path, jobs=5_000))
    assert values_of(found, "text") == []
    assert "The limit, --jobs 5,000, is far above the curves." in found.notes


def test_of_more_steps_than_pixels_each_pixel_shows_the_most(tmp_path: Path) -> None:
    story = begun()
    for number in range(600):
        story.job(number).quick(number, 2, 2 + number / 100, 9 + number / 100)
    found = drawing("concurrency", story.end(20).write(tmp_path / "run.jsonl"))
    assert found.notes[0].startswith("A pixel is 0.020 s, and shows the most")
    assert max(count for _, count in curve(found, "running")) == 600


def test_a_run_whose_jobs_took_no_time_has_no_curve(tmp_path: Path) -> None:
    known = stamps(ready=3, selected=3, submitting=3, accepted=3, reported=3, finished=5)
    story = begun().job(1).attempt(1, known).end(5)
    with pytest.raises(NothingToDrawError, match="no job was ready or ran"):
        drawing("concurrency", story.write(tmp_path / "run.jsonl"))
