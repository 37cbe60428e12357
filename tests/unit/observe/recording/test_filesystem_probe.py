"""The file system's latency: three timed operations, and no file remains."""

from pathlib import Path

from snakemake_logger_plugin_observe.recording.filesystem_probe import measure


def test_each_operation_is_timed_and_no_file_remains(tmp_path: Path) -> None:
    found = measure(tmp_path, Path())
    assert found is not None
    assert all(0 < seconds < 1 for seconds in found)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_has_no_timing(tmp_path: Path) -> None:
    assert measure(tmp_path, Path("nowhere")) is None
