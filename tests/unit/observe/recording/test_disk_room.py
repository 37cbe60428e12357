"""The room that a file system has left, as it is recorded at each failure."""

import os
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.recording.disk_room import disk_room


def test_the_room_is_what_the_file_system_gives_this_user(tmp_path: Path) -> None:
    found = disk_room(tmp_path)
    assert found is not None
    assert 0 <= found.free_bytes <= found.total_bytes


def test_a_folder_that_is_gone_has_no_room_on_record(tmp_path: Path) -> None:
    assert disk_room(tmp_path / "gone") is None


def test_a_file_system_that_does_not_say_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result((4096, 4096, *[0] * 8)))
    assert disk_room(tmp_path) is None
