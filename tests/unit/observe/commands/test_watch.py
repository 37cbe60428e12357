"""``watch`` without a terminal: a frame, lines, JSON, and errors of one line."""

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from builders import Story, begun, chain, retried, stamps
from watching import out_on_slurm

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.commands import watch
from snakemake_logger_plugin_observe.journal.folders import SUBFOLDER
from snakemake_logger_plugin_observe.journal.writing import to_line
from snakemake_logger_plugin_observe.reporters.forms import text
from snakemake_logger_plugin_observe.reporters.reply import Reply


@pytest.fixture
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def journal(folder: Path, story: Story, name: str = "20260301T120000-aaaaaa") -> Path:
    return story.write(folder / SUBFOLDER / f"{name}.jsonl")


def going_on() -> Story:
    """Return a run of this very process, so that it counts as alive."""
    story = begun(wraps="local", host=os.uname().nodename, pid=os.getpid(), process_started=None)
    story.planned(3, {"map": 2}).job(1, threads=1).quick(1, 3, 3, 5).job(2, threads=1)
    return story.submitted(2, stamps(ready=3, selected=5, submitting=5, accepted=5))


def test_a_run_that_has_ended_is_one_frame(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal(workdir, chain())
    assert main(["watch"]) == 0
    shown = capsys.readouterr().out
    assert "success · 21.0 s" in shown
    assert "q quit" not in shown


def test_once_is_one_frame_of_a_run_that_goes_on(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = going_on()
    journal(workdir, story)
    assert main(["watch", "--once", "--offline"]) == 0
    assert "1 of 2 jobs done, 1 in flight" in capsys.readouterr().out


def test_json_is_one_moment_of_all_runs(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal(workdir / "a", chain())
    journal(workdir / "b", retried())
    assert main(["watch", "a", "b", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["status"] for one in found["runs"]] == ["success", "success"]
    assert [one["failed_attempts"] for one in found["runs"]] == [0, 1]


def test_lines_follow_a_run_from_before_it_begins_to_its_end(
    workdir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    journal(workdir, retried(), "20260228T120000-aaaaaa")
    story = retried()
    path = workdir / SUBFOLDER / "20260301T120000-bbbbbb.jsonl"
    steps = [3, len(story.events) - 1, len(story.events)]

    def pause(_seconds: float) -> None:
        count = steps.pop(0)
        path.write_bytes(b"".join(to_line(one) + b"\n" for one in story.events[:count]))

    monkeypatch.setattr(watch.time, "sleep", pause)
    monkeypatch.setattr(watch.find_journal, "is_alive", lambda _run: True)
    assert main(["watch", "--next", "--offline"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"Waiting for a run to begin in {workdir}")
    assert "12:00:14 failed: map sample=a attempt 1 (exit 3): exit status 3" in lines
    assert steps == []
    assert any("success" in line for line in lines)


def test_a_dry_run_is_not_waited_for(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal(workdir, chain())
    journal(workdir, begun(kind="dry_run").end(4, "dry_run"), "20260302T120000-aaaaaa")
    assert main(["watch", "--once"]) == 0
    assert "20260301T120000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("missing", "missing: no such folder or journal"),
        (".", "no run in .snakemake/observe: start one with --logger observe, or leave out --once"),
        ("file", "file:1: not a run journal"),
        ("tag=x", "no run in .snakemake/observe has this tag"),
    ],
)
def test_what_cannot_be_watched_is_one_line(
    workdir: Path, capsys: pytest.CaptureFixture[str], named: str, said: str
) -> None:
    (workdir / "file").write_text("{}\n")
    assert main(["watch", named, "--once"]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_journal_that_is_gone_ends_it_with_one_line(
    workdir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = journal(workdir, going_on())
    monkeypatch.setattr(watch.time, "sleep", lambda _seconds: path.unlink())
    assert main(["watch", "--offline"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_one_that_cannot_be_watched_is_said_and_the_others_are_shown(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal(workdir / "a", chain())
    assert main(["watch", "missing", "a", "--once"]) == 2
    shown = capsys.readouterr().out
    assert shown.splitlines()[0] == "! missing: no such folder or journal"
    assert "success · 21.0 s" in shown
    assert main(["watch", "missing", "a", "--format", "json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert found["unread"] == ["missing: no such folder or journal"]
    assert [one["status"] for one in found["runs"]] == ["success"]


def test_a_folder_that_goes_away_does_not_end_the_watch_of_the_others(
    workdir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (workdir / "gone").mkdir()
    story = chain()
    path = journal(workdir / "a", story)
    path.write_bytes(b"".join(to_line(one) + b"\n" for one in story.events[:-1]))

    def remove() -> None:
        (workdir / "gone").rmdir()

    def end() -> None:
        path.write_bytes(b"".join(to_line(one) + b"\n" for one in story.events))

    steps = [remove, lambda: None, end]
    monkeypatch.setattr(watch.time, "sleep", lambda _seconds: steps.pop(0)())
    monkeypatch.setattr(watch.find_journal, "is_alive", lambda _run: True)
    assert main(["watch", "gone", "a", "--offline"]) == 2
    shown = capsys.readouterr().out
    assert shown.count("! gone: the folder is gone\n") == 2  # as it happens, and at the end
    assert "success · 21.0 s" in shown


def test_a_current_folder_that_is_gone_is_one_line(
    workdir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (workdir / "gone").mkdir()
    monkeypatch.chdir(workdir / "gone")
    (workdir / "gone").rmdir()
    assert main(["watch"]) == 2
    assert capsys.readouterr().err == "snakemake-observe: .: the folder is gone\n"


@pytest.mark.parametrize(
    ("still_out", "said"),
    [
        (("71", "72"), "Still on the cluster, without Snakemake: 2 jobs (71, 72)"),
        (None, "Whether jobs are still on the cluster is not known of all of them"),
    ],
)
def test_below_the_last_frame_of_a_killed_run_stands_what_it_left_on_the_cluster(
    still_out: tuple[str, ...] | None, said: str
) -> None:
    view = replace(out_on_slurm(), status="killed", still_out=still_out)
    reply = Reply((view,), watch.parts, watch.shape)
    shown = text.render(reply, width=120)
    assert said in shown.splitlines()
    assert f"snakemake-observe triage {view.path}  # what " in shown


def test_no_thread_is_left(workdir: Path) -> None:
    journal(workdir, going_on())
    before = threading.active_count()
    main(["watch", "--once", "--offline"])
    assert threading.active_count() == before
