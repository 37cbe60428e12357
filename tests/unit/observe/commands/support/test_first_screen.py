"""The first screen from two lines of a journal, only where all of it would say the same."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import Story, chain, on_cluster
from command_line import write_run
from screens import add_a_screen

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.commands import cost
from snakemake_logger_plugin_observe.commands.support import first_screen
from snakemake_logger_plugin_observe.journal import ends
from snakemake_logger_plugin_observe.journal.reading import Reading
from snakemake_logger_plugin_observe.journal.tidying import compress, looked_at

Shown = Callable[..., str]


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every journal be one of a large run."""
    monkeypatch.setattr(ends, "SMALL", 0)
    monkeypatch.setattr("snakemake_logger_plugin_observe.commands.support.cost_answer._SMALL", 0)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return the journal of a run on a cluster, with a first screen in its last line."""
    path = tmp_path / "j.jsonl"
    on_cluster(tool_s=6, poll_s=91, every_s=40).write(path)
    assert add_a_screen(path)
    return path


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shown:
    """Return what a command prints, and whether it read all lines of a journal for it."""

    def show(*words: str, all_lines: bool) -> str:
        read = []
        iterate = Reading.__iter__

        def counted(self: Reading) -> Any:
            read.append(self.path)
            return iterate(self)

        with monkeypatch.context() as patched:
            patched.setattr(Reading, "__iter__", counted)
            assert main(list(words)) == 0
        assert bool(read) is all_lines
        return capsys.readouterr().out

    return show


def change_last(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    *before, last = path.read_bytes().splitlines(keepends=True)
    line = json.loads(last)
    change(line)
    path.write_bytes(b"".join(before) + json.dumps(line, separators=(",", ":")).encode() + b"\n")


def test_it_is_the_same_as_from_all_lines(
    journal: Path, show: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = show("cost", str(journal), all_lines=False)
    assert "What to change: add --timed-wake on" in short
    monkeypatch.setattr(first_screen, "of_ends", lambda _: None)
    assert show("cost", str(journal), all_lines=True) == short


def test_it_is_the_same_of_a_run_under_cluster_sync(
    tmp_path: Path, show: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its jobs have no ids: that they ran on nodes shows in their clocks."""
    story = on_cluster(2, startup_s=2, tool_s=4, asks={"runtime": 240}, wraps="cluster-sync")
    story.events = [
        one.but(external_jobid=None) if one.event == "attempt_finished" else one
        for one in story.events
    ]
    journal = story.write(tmp_path / "j.jsonl")
    assert add_a_screen(journal)
    short = show("cost", str(journal), all_lines=False)
    assert "Over-/under-requested" in short
    monkeypatch.setattr(first_screen, "of_ends", lambda _: None)
    assert show("cost", str(journal), all_lines=True) == short


def test_the_newest_run_is_found(
    workdir: Path, show: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(workdir, "20260301T110000-aaaaaa", chain())
    newest = write_run(workdir, "20260301T120000-bbbbbb", on_cluster(tool_s=6))
    assert add_a_screen(newest)
    monkeypatch.chdir(workdir)
    assert newest.name in show(all_lines=False)
    assert show(str(workdir), all_lines=False).startswith("run 2026")


def test_a_newer_dry_run_is_passed_over(
    workdir: Path, show: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert add_a_screen(write_run(workdir, "20260301T120000-bbbbbb", on_cluster(tool_s=6)))
    plan = Story(kind="dry_run", run_id="d" * 32)
    write_run(workdir, "20260301T130000-cccccc", plan.end(3, "dry_run"))
    monkeypatch.chdir(workdir)
    assert "a newer dry run, passed over" in show(all_lines=True)


def test_json_is_of_all_lines(journal: Path, show: Shown) -> None:
    found = json.loads(show("cost", str(journal), "--format", "json", all_lines=True))
    assert found["makespan"]["segments"]


def test_without_a_screen_all_is_read(tmp_path: Path, show: Shown) -> None:
    show("cost", str(chain().write(tmp_path / "j.jsonl")), all_lines=True)


def test_of_a_small_journal_all_is_read(
    journal: Path, show: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ends, "SMALL", 1 << 20)
    show("cost", str(journal), all_lines=True)


@pytest.mark.parametrize("more", [b'{"event":"gap"', b'{"event":"unknown"}\n', b"\n"])
def test_what_follows_the_last_line_is_read(journal: Path, show: Shown, more: bytes) -> None:
    with journal.open("ab") as file:
        file.write(more)
    show("cost", str(journal), all_lines=True)


def test_a_last_line_without_its_end_is_not_trusted(journal: Path, show: Shown) -> None:
    journal.write_bytes(journal.read_bytes().rstrip(b"\n"))
    show("cost", str(journal), all_lines=True)


def test_lost_lines_are_noticed(journal: Path, show: Shown) -> None:
    first, second, *rest = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([first, *rest]))
    assert second
    show("cost", str(journal), all_lines=True)


def test_added_lines_are_noticed(journal: Path, show: Shown) -> None:
    first, *rest = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([first, b'{"event":"unknown"}\n', *rest]))
    show("cost", str(journal), all_lines=True)


def test_a_screen_of_another_version_is_passed_over(journal: Path, show: Shown) -> None:
    change_last(journal, lambda line: line["screen"].update(version=0))
    show("cost", str(journal), all_lines=True)


def test_another_schema_is_reported(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = journal.read_bytes()
    later = text.replace(b'"schema_version":1', b'"schema_version":2')
    assert len(later) == len(text)
    journal.write_bytes(later)
    assert main(["cost", str(journal)]) == 2
    assert "schema version 2 is newer" in capsys.readouterr().err


def test_a_compressed_journal_is_read_by_its_last_member(journal: Path, show: Shown) -> None:
    """As ``runs --gzip`` writes it: its end is found without unpacking the rest."""
    before = show("cost", str(journal), all_lines=False)
    folder = os.open(journal.parent, os.O_RDONLY)
    compress(folder, journal.name, looked_at(folder, journal.name))
    os.close(folder)
    after = show("cost", f"{journal}.gz", all_lines=False)
    assert after.replace("j.jsonl.gz", "j.jsonl") == before


def test_one_that_another_program_compressed_is_read_whole(journal: Path, show: Shown) -> None:
    packed = journal.with_name("j.jsonl.gz")
    packed.write_bytes(gzip.compress(journal.read_bytes()))
    show("cost", str(packed), all_lines=True)


def test_bytes_after_the_last_member_are_noticed(journal: Path, show: Shown) -> None:
    """Such a journal has had lines appended since."""
    *before, last = journal.read_bytes().splitlines(keepends=True)
    members = [gzip.compress(b"".join(before)), gzip.compress(last)]
    packed = journal.with_name("j.jsonl.gz")
    packed.write_bytes(b"".join(members))
    show("cost", str(packed), all_lines=False)
    packed.write_bytes(b"".join([*members, gzip.compress(b'{"event":"unknown"}\n')]))
    show("cost", str(packed), all_lines=True)
    packed.write_bytes(b"".join([gzip.compress(b"".join(before[1:])), members[1]]))
    with pytest.raises(AssertionError):
        show("cost", str(packed), all_lines=False)


def test_what_is_not_in_the_two_lines_is_read(
    journal: Path, show: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reporter that asks for more gets it, and never takes what was not read for nothing."""
    whole = cost.parts

    def curious(answer: Any, width: int) -> Any:
        return [f"{len(answer.source.run.attempts)} attempts", *whole(answer, width)]

    monkeypatch.setattr(cost, "parts", curious)
    assert show("cost", str(journal), all_lines=True).startswith("1 attempts\n")
