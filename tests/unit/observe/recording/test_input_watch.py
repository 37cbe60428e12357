"""Inputs are looked at as a job begins and as it ends."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from snakemake_logger_plugin_observe.recording.input_watch import InputWatch


class Watched:
    """A watch whose first look comes at once, or never, and what it reported."""

    def __init__(self, folder: Path, long_enough_s: float = 0) -> None:
        self.reports: list[Any] = []
        self.looked = threading.Event()
        self.watch = InputWatch(folder, self._take, long_enough_s=long_enough_s)
        self._state = self.watch._state
        self.watch._state = self._look

    def _take(self, *found: Any) -> None:
        self.reports.append(found)

    def _look(self, path: str) -> Any:
        state = self._state(path)
        if path == "last":
            self.looked.set()
        return state

    def begin(self, *paths: str) -> None:
        self.watch.begin(1, (*paths, "last"))
        assert self.looked.wait(10)

    def end(self, *, wanted: bool = True) -> list[tuple[str, int, int, bool]]:
        self.watch.end(1, 2, wanted=wanted)
        self.watch.finish(10)
        return [
            (one.path, one.bytes_before, one.bytes, one.replaced)
            for _job, _attempt, _since, _until, files in self.reports
            for one in files
        ]


@pytest.fixture
def ref(tmp_path: Path) -> Path:
    path = tmp_path / "ref"
    path.write_text("ab")
    return path


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_a_file_that_was_written_to_is_reported(watched: Watched, ref: Path) -> None:
    watched.begin("ref")
    ref.write_text("abcdefg")
    assert watched.end() == [("ref", 2, 7, False)]
    ((job, attempt, since, until, (file,)),) = watched.reports
    assert (job, attempt) == (1, 2)
    assert since <= until
    assert file.modified == ref.stat().st_mtime_ns // 1000


def test_a_file_that_was_only_touched_is_reported(watched: Watched, ref: Path) -> None:
    watched.begin("ref")
    os.utime(ref, (5, 5))
    assert watched.end() == [("ref", 2, 2, False)]


def test_a_file_that_was_replaced_is_reported_as_such(watched: Watched, ref: Path) -> None:
    watched.begin("ref")
    (ref.parent / "new").write_text("cd")
    (ref.parent / "new").rename(ref)
    assert watched.end() == [("ref", 2, 2, True)]


def test_a_file_that_stayed_the_same_or_is_gone_is_not(watched: Watched, ref: Path) -> None:
    (ref.parent / "other").write_text("x")
    watched.begin("ref", "other", "none")
    (ref.parent / "other").unlink()
    assert watched.end() == []


def test_a_folder_or_a_pipe_is_not_looked_at(watched: Watched, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    watched.begin("folder", "pipe")
    (tmp_path / "folder" / "new").write_text("x")
    assert watched.end() == []


def test_a_job_whose_end_is_of_no_interest_is_not_reported(watched: Watched, ref: Path) -> None:
    watched.begin("ref")
    ref.write_text("abcdefg")
    assert watched.end(wanted=False) == []


def test_a_job_that_ends_soon_is_not_looked_at(tmp_path: Path, ref: Path) -> None:
    watched = Watched(tmp_path, long_enough_s=3600)
    watched.watch.begin(1, ["ref", "last"])
    ref.write_text("abcdefg")
    assert watched.end() == []
    assert not watched.looked.is_set()
