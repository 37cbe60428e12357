"""``path`` on the command line, on every kind of journal and on other files."""

import json
from pathlib import Path

import pytest
from builders import (
    Story,
    begun,
    chain,
    grouped,
    killed,
    logger_only,
    micros_of,
    replanned,
    retried,
)
from failing import fails

from snakemake_logger_plugin_observe.__main__ import main


def path_text(capsys: pytest.CaptureFixture[str], *args: object) -> str:
    assert main(["path", *map(str, args)]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("story", [begun, chain, grouped, killed, logger_only, replanned, retried])
def test_every_kind_of_run_has_an_actual_path_that_is_its_makespan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], story: object
) -> None:
    path = story().write(tmp_path / "j.jsonl")
    answer = json.loads(path_text(capsys, path, "--format", "json"))
    assert sum(answer["by_class_s"].values()) == pytest.approx(answer["makespan_s"])
    assert (answer["critical_path_s"] or 0) <= answer["makespan_s"]
    ended = answer["run"]["status"] == "success"
    expected = "= makespan" if ended else "A run without an end has no path to it."
    assert expected in " ".join(path_text(capsys, path).split())


def test_explain_quotes_journal_lines_and_stamps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = chain().write(tmp_path / "j.jsonl")
    text = path_text(capsys, path, "--explain")
    assert "line 8 attempt_finished stamps.selected 12:00:10.500000Z" in text
    assert "unblocked by: job 1 finished" in text
    (own,) = (
        one
        for one in json.loads(path_text(capsys, path, "--explain", "--format", "json"))["actual"]
        if one["job_id"] == 2
    )
    lines = path.read_text().splitlines()
    for quote in (*own["evidence"]["start"], *own["evidence"]["end"]):
        assert str(micros_of(quote["text"])) in lines[quote["line"] - 1]


def test_a_journal_cut_off_anywhere_still_has_its_paths(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = retried().write(tmp_path / "j.jsonl")
    whole = path.read_bytes()
    for part in range(1, 8):
        path.write_bytes(whole[: len(whole) * part // 8])
        if b"\n" in path.read_bytes():
            path_text(capsys, path)
            path_text(capsys, path, "--explain")


def test_a_cycle_in_a_tampered_journal_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = begun().job(1, needs=(2,)).job(2, needs=(1,)).quick(1, 3, 3, 5).quick(2, 3, 5, 8)
    path = story.end(9).write(tmp_path / "j.jsonl")
    assert "jobs 1, 2 depend on each other in a cycle" in path_text(capsys, path)


def test_a_file_that_is_not_a_journal_is_an_error_of_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "j.jsonl").write_text("{}\n")
    assert main(["path", str(tmp_path / "j.jsonl")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_run_without_recorded_time_is_reported_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = Story(process_started=None, plugin_loaded=None).end(2)
    assert "This run has no recorded time yet." in path_text(
        capsys, story.write(tmp_path / "j.jsonl")
    )


def test_what_failed_comes_before_what_would_make_a_failed_run_faster(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = begun(wraps="local").job(1, output=("out/1.txt",))
    story = fails(story, 1, "no such sequence").end(9, "failed")
    out = path_text(capsys, story.write(tmp_path / "j.jsonl"))
    assert "FAILED: map: exit code 13: no such sequence" in out
    assert "\nWhat to do: " in out
    assert "What to fix first" not in out


def test_of_a_run_with_nothing_to_do_nothing_has_to_be_fixed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    idle = begun().planned(3, {}, all=1).end(30, "nothing_to_do").write(tmp_path / "j.jsonl")
    out = path_text(capsys, idle)
    assert "Nothing ran: its one job was up to date." in out
    assert "What to fix first" not in out


@pytest.mark.parametrize("name", ["cost", "path"])
def test_each_piece_of_advice_that_is_shown_has_its_command(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = begun(wraps="local", cores=2, resources={"mem_mb": 8000})
    for number in range(4):
        story.job(number, threads=1, resources={"mem_mb": 6000})
        begin = 3 + number * 5
        story.iteration(begin, begin, (begin, begin)).quick(number, 3, begin, begin + 5)
    journal = story.iteration(23, 23).end(23).write(tmp_path / "j.jsonl")
    assert main([name, str(journal)]) == 0
    out = capsys.readouterr().out
    assert "--resources mem_mb=12000  # what that would save" in out
    assert "--faster map=2  # what that would save" in out


def test_how_to_go_on_comes_before_what_would_make_an_interrupted_run_faster(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it says is what cost says; one core made its jobs wait, which is for the next run."""
    story = begun(wraps="local", cores=1)
    for number in (1, 2, 3):
        story.job(number, threads=1).iteration(10 * number, 10 * number, (10 * number,) * 2)
        story.quick(number, 3, 10 * number, 10 * number + 10)
    journal = story.end(40, "interrupted").write(tmp_path / "j.jsonl")
    out = path_text(capsys, journal)
    assert "INTERRUPTED: " in out
    assert "What to fix first" not in out
    assert json.loads(path_text(capsys, journal, "--format", "json"))["advice"] == []
    main(["cost", str(journal)])
    cost = capsys.readouterr().out
    assert out.splitlines()[3:5] == cost.splitlines()[3:5]
