"""The timeline: lanes as on the page, rows of pixels of a bounded number, and the actual path."""

from itertools import pairwise
from pathlib import Path

import pytest
from builders import (
    SECOND,
    T0,
    Story,
    an_execution,
    begun,
    grouped,
    killed,
    level,
    on_cluster,
    stamps,
)
from plotted import drawing, values_of

from snakemake_logger_plugin_observe.journal.records import Stamps
from snakemake_logger_plugin_observe.reporters.plots import drawn_path, timeline
from snakemake_logger_plugin_observe.reporters.plots.cells import PixelRow, PixelRun
from snakemake_logger_plugin_observe.reporters.plots.drawn_path import Stretch, layers
from snakemake_logger_plugin_observe.reporters.plots.lanes import Band, lanes_of
from snakemake_logger_plugin_observe.reporters.plots.paint import Paint

# -- lanes -------------------------------------------------------------------------------------


def overlapping() -> Story:
    """Return two jobs next to each other, and one of another rule after the first."""
    story = begun().job(1).job(2).job(3, rule="join")
    return story.quick(1, 2, 3, 6).quick(2, 2, 4, 9).quick(3, 6, 7, 8).end(10)


def test_a_lane_holds_one_attempt_after_the_other() -> None:
    found = lanes_of(overlapping().run, "slot")
    assert [[one.attempt.job_id for one in lane] for lane in found.lanes] == [[1, 3], [2]]
    assert found.bands == [Band("", 0, 2)]
    assert found.lane_of == {(1, 1): 0, (2, 1): 1, (3, 1): 0}


def test_a_lane_begins_where_an_attempt_was_selected() -> None:
    run = overlapping().run
    (first, *_), _ = lanes_of(run, "slot").lanes
    assert run.attempts[1, 1].segments[0].phase == "slot_wait"
    assert first.begin == run.attempts[1, 1].stamps.selected


def test_lanes_of_one_rule_or_node_are_a_band() -> None:
    assert lanes_of(overlapping().run, "rule").bands == [Band("join", 0, 1), Band("map", 1, 2)]
    titles = [band.title for band in lanes_of(overlapping().run, "node").bands]
    assert titles == ["login"]


def test_node10_comes_after_node9() -> None:
    story = begun()
    for number, node in enumerate(("node10", "node9", "node²"), 1):
        known = stamps(ready=2, selected=3, submitting=3, accepted=3, reported=5, finished=5)
        story.job(number).attempt(number, known, node=node)
    titles = [band.title for band in lanes_of(story.end(6).run, "node").bands]
    assert titles == ["node9", "node10", "node²"]


def at_once() -> Story:
    """Return a group whose members run at once: 1 from 10 to 14, 2 from 12 to 17."""
    story = begun(jobs=1).group("g1", (1, 2), name="pair")
    story.job(1, group="g1").job(2, rule="join", group="g1")
    first = an_execution(begun=10, tool_started=10, tool_ended=14, checked=14)
    second = an_execution(begun=12, tool_started=12, tool_ended=17, checked=17)
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=20, finished=21)
    whole = level(first, second, started=6, loaded=7, planned=8, ended=19)
    story.attempt(None, known, whole, group="g1", external_jobid="77")
    for job_id, one in ((1, first), (2, second)):
        own = whole.but(executions=(one,))
        ended = Stamps(finished=known.finished)
        story.attempt(job_id, ended, own, group="g1", external_jobid="77")
    return story.end(22)


def test_the_members_of_a_group_are_in_its_lane() -> None:
    found = lanes_of(grouped().run, "slot")
    ((group,),) = found.lanes
    assert group.attempt.group == "g1"
    assert [one.attempt.job_id for one in group.members] == [1, 2]
    assert found.lane_of == {("g1", 1): 0, (1, 1): 0, (2, 1): 0}
    assert not found.at_once


def test_of_members_at_once_a_lane_shows_the_one_that_ended_last(tmp_path: Path) -> None:
    found = lanes_of(at_once().run, "slot")
    ((group,),) = found.lanes
    computed = [
        (one.attempt.job_id, (start - T0) // SECOND, (end - T0) // SECOND)
        for one in group.members
        for start, end, phase in one.segments
        if phase == "compute"
    ]
    assert computed == [(1, 10, 12), (2, 12, 17)]
    drawn = drawing("timeline", at_once().write(tmp_path / "run.jsonl"))
    assert drawn.facts == "3 attempts in 1 lane over 22.0 s"
    said = "A group takes one lane: its members are in it, of those at once the one that ended last"
    assert f"{said}." in drawn.notes


def test_by_rule_members_are_with_their_rules_and_a_group_has_its_name() -> None:
    titles = [band.title for band in lanes_of(at_once().run, "rule").bands]
    assert titles == ["group pair", "join", "map"]


# -- pixels ------------------------------------------------------------------------------------


def test_a_pixel_shows_what_lies_at_its_middle() -> None:
    row = PixelRow(0, 100, 10)
    row.paint(0, 34, "compute")
    row.paint(34, 38, "queue")  # 35 is the middle of a pixel
    row.paint(38, 72, "staging")
    assert list(row.runs()) == [
        PixelRun(0, 3, "compute"),
        PixelRun(3, 4, "queue"),
        PixelRun(4, 7, "staging"),
    ]
    row.paint(72, 74, "queue")
    assert list(row.runs())[-1] == PixelRun(4, 7, "staging")


def test_what_lies_outside_of_the_run_is_not_drawn() -> None:
    row = PixelRow(100, 200, 10)
    row.paint(0, 120, "compute")
    row.paint(190, 900, "compute")
    assert list(row.runs()) == [PixelRun(0, 2, "compute"), PixelRun(9, 10, "compute")]


def test_a_long_stretch_ends_with_a_gap() -> None:
    row = PixelRow(0, 100, 100)
    row.paint(0, 50, "compute", gap=True)
    row.paint(50, 53, "compute", gap=True)
    assert list(row.runs()) == [PixelRun(0, 49, "compute"), PixelRun(50, 53, "compute")]


# -- the path ----------------------------------------------------------------------------------


def marks(*stretches: Stretch, high: float = 20) -> list[str]:
    return [layer["mark"]["type"] for layer in layers(stretches, high, Paint())]


def test_long_stretches_of_the_path_have_frames_and_links() -> None:
    assert marks(Stretch(0, 50, 10), Stretch(50, 90, 30)) == ["line", "rect", "line", "rect"]
    assert marks(Stretch(0, 50, 10)) == ["rect", "rect"]
    assert marks(Stretch(0, 50, 10), Stretch(50, 90, 30), high=3) == ["line", "line"]
    assert marks() == []


def test_many_short_stretches_are_a_line_along_each_row() -> None:
    (line,) = layers([Stretch(n, n + 1, 10) for n in range(100)], 20, Paint())
    assert [one["x"] for one in line["data"]["values"]] == [0, 100, None]


def test_a_name_is_written_where_no_line_of_the_path_crosses_it() -> None:
    link = (Stretch(0, 40, 10), Stretch(40, 90, 50))
    assert drawn_path.room(link, 20, (0, 100), 30) == (40, 100)
    assert drawn_path.room(link, 20, (0, 30), 30) == (0, 30)
    assert drawn_path.room(link[:1], 20, (0, 100), 10) == (40, 100)


# -- the picture -------------------------------------------------------------------------------


def test_it_shows_each_attempt_and_the_path(tmp_path: Path) -> None:
    found = drawing("timeline", on_cluster(4, poll_s=30).write(tmp_path / "run.jsonl"))
    assert found.title == "When each attempt ran, by slot"
    assert found.facts == "4 attempts in 4 lanes over 33.0 s"
    named = [one["text"] for one in values_of(found, "text") if one["x"] < 0]
    assert named == ["actual path", "slot 1", "slot 2", "slot 3", "slot 4"]
    assert "Framed, or with a line along it: the actual path, which the run's end waited for." in (
        found.notes
    )


def test_a_stretch_that_is_wide_enough_has_the_name_of_its_job(tmp_path: Path) -> None:
    found = drawing("timeline", at_once().write(tmp_path / "run.jsonl"))
    named = {one["text"] for one in values_of(found, "text") if one["x"] >= 0}
    assert {"map · compute", "join · compute"} <= named
    assert any(one.startswith("group pair") for one in named)


def test_a_run_without_an_end_has_a_path_so_far_and_attempts_in_flight(tmp_path: Path) -> None:
    found = drawing("timeline", killed().write(tmp_path / "run.jsonl"))
    assert next(one["text"] for one in values_of(found, "text") if one["x"] < 0) == "path so far"
    assert found.notes[1:3] == (
        "Framed, or with a line along it: the path so far: what the last sign of life waited for.",
        "An attempt with a pale end was in flight then: its own end is not known.",
    )
    pale = [one["x"] for one in values_of(found, "class") if one["class"] == "in flight"]
    end = [pytest.approx(20 - 9 * 20 / 1012, abs=0.01), pytest.approx(20, abs=0.01), None]
    assert pale == [*end, *end]


def test_an_attempt_of_a_run_that_ended_has_no_pale_end(tmp_path: Path) -> None:
    found = drawing("timeline", overlapping().write(tmp_path / "run.jsonl"))
    assert not [one for one in values_of(found, "class") if one["class"] == "in flight"]


def crowd(jobs: int) -> Story:
    story = begun()
    for number in range(jobs):
        story.job(number).quick(number, 2, 3, 5 + number / jobs)
    return story.end(10)


def test_of_many_lanes_each_row_shows_the_middle_one_and_says_so(tmp_path: Path) -> None:
    found = drawing("timeline", crowd(700).write(tmp_path / "run.jsonl"))
    assert found.notes[0] == (
        "700 lanes: each of the 140 rows shows the middle one of 5, and the failures and the path "
        "of all of these."
    )
    named = [one["text"] for one in values_of(found, "text") if one["x"] < 0]
    assert named[:3] == ["actual path", "slot 1", "slot 26"]


def test_it_stays_small_however_many_stretches_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "_MOST_RUNS", 60)
    found = drawing("timeline", crowd(700).write(tmp_path / "run.jsonl"))
    assert len({one["order"] for one in values_of(found, "order", "class")}) <= 3 * 60
    assert found.notes[0].startswith("700 lanes: each of the ")


def test_a_failure_is_marked_in_a_lane_that_is_not_shown_too(tmp_path: Path) -> None:
    story = crowd(700)
    known = stamps(ready=5, selected=8, submitting=8, accepted=8, reported=9, finished=9)
    story.job(999).attempt(999, known, status="failed")
    found = drawing("timeline", story.end(10).write(tmp_path / "run.jsonl"))
    assert "A red mark is the end of a failed attempt." in found.notes
    mark = [one["x"] for one in values_of(found, "class") if one["class"] == "failed"]
    assert mark == [pytest.approx(9 - 4 * 10 / 1012, abs=0.01), pytest.approx(9, abs=0.01), None]


def test_names_of_bands_do_not_overlap(tmp_path: Path) -> None:
    story = begun()
    for number in range(200):
        story.job(number, rule=f"rule{number}").quick(number, 2, 3, 5)
    found = drawing("timeline", story.end(10).write(tmp_path / "run.jsonl"), lanes_by="rule")
    heights = sorted(one["y"] for one in values_of(found, "text") if one["x"] < 0)
    assert min(b - a for a, b in pairwise(heights)) >= 13
