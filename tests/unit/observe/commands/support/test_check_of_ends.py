"""Budgets are checked by two lines of a journal, where all of it would say the same."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import Story, on_cluster, retried
from screens import add_a_screen

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.commands.support import check_of_ends
from snakemake_logger_plugin_observe.journal import ends
from snakemake_logger_plugin_observe.journal.reading import Reading

ROOM = """\
version = 1
[max]
makespan_s = 1000
failed_jobs = 0
class_share.scheduling = 1
phase_s.parse = 100
"""


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every journal be one of a large run."""
    monkeypatch.setattr(ends, "SMALL", 0)


def checked(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    story: Story | None = None,
    *words: str,
    code: int = 0,
) -> tuple[str, bool]:
    """Return what ``check`` prints by both ways, and whether the first read all lines."""
    journal = (story or on_cluster(2, tool_s=6)).write(folder / "j.jsonl")
    assert add_a_screen(journal)
    file = folder / "observe.toml"
    file.write_text(text)
    command = ["check", str(file), str(journal), *words]
    read = []
    iterate = Reading.__iter__

    def counted(self: Reading) -> Any:
        read.append(self.path)
        return iterate(self)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Reading, "__iter__", counted)
        assert main(command) == code
    short = capsys.readouterr().out
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(check_of_ends, "passes", lambda *_: None)
        assert main(command) == code
    assert capsys.readouterr().out == short
    return short, bool(read)


@pytest.mark.parametrize("words", [(), ("--format", "json"), ("--strict",)])
def test_a_run_that_passes_its_budgets_is_not_read_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    _, all_lines = checked(tmp_path, capsys, ROOM, None, *words)
    assert not all_lines


def test_required_files_are_looked_up_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = f'{ROOM}[publish]\nfiles = ["missing.txt"]\n'
    said, all_lines = checked(tmp_path, capsys, more, code=1)
    assert "missing.txt" in said
    assert not all_lines


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ("makespan_s = 1", 1),
        ("class_share.compute = 0.001", 1),
        ("rule_compute_s.map = 100", 0),
        ("phase_s.compute = 100", 0),
        ("queue_wait_s.p90 = 100", 0),
        ("missing_logs = 100", 0),
        ("jobs_planned = 100", 0),
    ],
)
def test_for_evidence_and_for_other_figures_all_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], limit: str, code: int
) -> None:
    _, all_lines = checked(tmp_path, capsys, f"version = 1\n[max]\n{limit}\n", code=code)
    assert all_lines


def test_retries_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "version = 1\n[max]\nretries = 5\n"
    said, all_lines = checked(tmp_path, capsys, text, retried())
    assert "PASS" in said
    assert not all_lines


def test_against_a_baseline_all_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, all_lines = checked(tmp_path, capsys, f"{ROOM}[baseline]\nsame_work = true\n")
    assert all_lines


def test_of_a_part_of_a_workflow_no_share_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = on_cluster(2, tool_s=6, settings={"until": ["map"]})
    said, all_lines = checked(tmp_path, capsys, ROOM, story)
    assert "left out jobs" in said
    assert all_lines


def test_what_is_shown_is_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said, _ = checked(tmp_path, capsys, ROOM, None, "--format", "json")
    assert json.loads(said)["run"]["status"] == "success"
