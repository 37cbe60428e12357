"""Sizes and checksums of output files and folders, examined in the background."""

import hashlib
import os
import threading
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.journal.records import OutputFile
from snakemake_logger_plugin_observe.recording.output_checksums import OutputsExaminer

EMPTY = hashlib.sha256(b"").hexdigest()


def examine(folder: Path, *names: str, sums: bool = True) -> tuple[OutputFile, ...]:
    found: list[tuple[OutputFile, ...]] = []
    watch = OutputsExaminer(folder, sums=sums)
    watch.examine(names, found.append)
    assert watch.finish(10.0)
    (files,) = found
    return files


def test_a_file_has_its_size_and_checksum(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello")
    made = hashlib.sha256(b"hello").hexdigest()
    assert examine(tmp_path, "a") == (OutputFile(path="a", bytes=5, sha256=made),)


def test_recording_sizes_reads_no_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello")
    assert examine(tmp_path, "a", sums=False) == (OutputFile(path="a", bytes=5),)


def folder_of(root: Path, **contents: bytes) -> Path:
    for name, content in contents.items():
        path = root / name.replace("_", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def test_a_folder_s_checksum_covers_names_and_contents_in_any_order(tmp_path: Path) -> None:
    one = folder_of(tmp_path / "one", a=b"1", b_c=b"22")
    folder_of(tmp_path / "two", b_c=b"22", a=b"1")
    folder_of(tmp_path / "three", a=b"1", b_d=b"22")
    folder_of(tmp_path / "four", a=b"2", b_c=b"22")
    (one / ".snakemake_timestamp").touch()
    (found, same, renamed, changed) = examine(tmp_path, "one", "two", "three", "four")
    assert (found.kind, found.bytes) == ("directory", 3)
    assert found.sha256 == same.sha256
    assert len({found.sha256, renamed.sha256, changed.sha256}) == 3


def test_a_link_in_a_folder_counts_as_its_target_path(tmp_path: Path) -> None:
    for name, target in (("one", "x"), ("two", "y"), ("three", "x")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "link").symlink_to(target)
    one, two, three = examine(tmp_path, "one", "two", "three")
    assert one.sha256 == three.sha256 != two.sha256


def test_a_pipe_is_recorded_but_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "stream")
    assert examine(tmp_path, "stream") == (OutputFile(path="stream", kind="other"),)


def test_a_file_that_is_nearly_all_hole_is_not_read(tmp_path: Path) -> None:
    """It may have terabytes, and the run's end waits for its checksum."""
    (tmp_path / "folder").mkdir()
    for name in ("hole", "folder/hole"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(2**43)
    problem = "it is nearly all hole, so it was not read"
    assert examine(tmp_path, "hole", "folder") == (
        OutputFile(path="hole", bytes=2**43, problem=problem),
        OutputFile(path="folder", problem=problem),
    )


def test_a_missing_output_has_a_problem(tmp_path: Path) -> None:
    (found,) = examine(tmp_path, "a")
    assert (found.bytes, found.sha256) == (None, None)
    assert found.problem == "it was gone before it could be examined"


def test_a_file_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hangs, let_go = threading.Event(), threading.Event()

    def hanging(_path: Path) -> os.stat_result:
        hangs.set()
        let_go.wait(30)
        raise OSError("gone")

    monkeypatch.setattr(
        "snakemake_logger_plugin_observe.recording.output_checksums.os.stat", hanging
    )
    watch = OutputsExaminer(tmp_path, sums=True)
    watch.examine(("a",), lambda _files: None)
    hangs.wait(10)
    assert not watch.finish(0.05)
    let_go.set()
    assert watch.finish(10.0)


def test_an_output_that_another_user_s_link_leads_to_has_no_checksum(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to be two users")
    (tmp_path / "private").write_bytes(b"mine")
    for name in ("own", "theirs"):
        (tmp_path / name).symlink_to("private")
    os.lchown(tmp_path / "theirs", 12345, 12345)
    own, theirs = examine(tmp_path, "own", "theirs")
    assert own.sha256 == hashlib.sha256(b"mine").hexdigest()
    assert (theirs.sha256, theirs.problem) == (
        None,
        "a link of another user leads there, which is not followed",
    )


def test_a_pipe_inside_of_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    folder_of(tmp_path / "d", a=b"x")
    os.mkfifo(tmp_path / "d" / "pipe")
    (found,) = examine(tmp_path, "d")
    assert (found.kind, found.problem) == ("directory", None)
