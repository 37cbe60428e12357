"""``path`` as a person calls it: on journals of every kind, and on those that are none."""

import json
from pathlib import Path

import pytest
from builders import Story, begun, chain, grouped, killed, logger_only, replanned, retried

from snakemake_logger_plugin_observe.__main__ import main


def asked(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main(["path", *map(str, words)]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("story", [begun, chain, grouped, killed, logger_only, replanned, retried])
def test_every_kind_of_run_has_an_actual_path_that_is_its_makespan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], story: object
) -> None:
    path = story().write(tmp_path / "j.jsonl")
    told = json.loads(asked(capsys, path, "--format", "json"))
    assert sum(told["by_class_s"].values()) == pytest.approx(told["makespan_s"])
    assert (told["critical_path_s"] or 0) <= told["makespan_s"]
    assert "= makespan" in asked(capsys, path)


def test_explain_quotes_line_and_stamp(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = chain().write(tmp_path / "j.jsonl")
    text = asked(capsys, path, "--explain")
    assert "line 8 attempt_finished stamps.selected 12:00:10.500000Z" in text
    assert "unblocked by: job 1 finished" in text
    (own,) = (
        one
        for one in json.loads(asked(capsys, path, "--explain", "--format", "json"))["actual"]
        if one["job_id"] == 2
    )
    lines = path.read_text().splitlines()
    for quote in (*own["evidence"]["start"], *own["evidence"]["end"]):
        assert quote["text"] in lines[quote["line"] - 1]


def test_a_journal_cut_off_anywhere_still_has_its_paths(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = retried().write(tmp_path / "j.jsonl")
    whole = path.read_bytes()
    for part in range(1, 8):
        path.write_bytes(whole[: len(whole) * part // 8])
        if b"\n" in path.read_bytes():
            asked(capsys, path)
            asked(capsys, path, "--explain")


def test_a_circle_made_by_a_hostile_hand_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = begun().job(1, needs=(2,)).job(2, needs=(1,)).quick(1, 3, 3, 5).quick(2, 3, 5, 8)
    path = story.end(9).write(tmp_path / "j.jsonl")
    assert "jobs 1, 2 depend on each other in a cycle" in asked(capsys, path)


def test_what_is_no_journal_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "j.jsonl").write_text("{}\n")
    assert main(["path", str(tmp_path / "j.jsonl")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_run_of_no_length_has_no_time_to_tell_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = Story(process_started=None, plugin_loaded=None)
    assert "This run has no recorded time yet." in asked(capsys, story.write(tmp_path / "j.jsonl"))
