"""The file system's latency: three operations, timed, and nothing left behind."""

from pathlib import Path

from snakemake_logger_plugin_observe.recording.filesystem_probe import measure


def test_each_operation_takes_some_time_and_leaves_nothing(tmp_path: Path) -> None:
    found = measure(tmp_path)
    assert found is not None
    assert set(found) == {"create_s", "stat_s", "remove_s"}
    assert all(0 < seconds < 1 for seconds in found.values())
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_made_nothing_is_known(tmp_path: Path) -> None:
    assert measure(tmp_path / "nowhere") is None
