"""A wait that took too long is a pause, unless the process was busy."""

import threading
import time
from pathlib import Path

import pytest
from builders import SECOND, T0

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.recording import pause_watch
from snakemake_logger_plugin_observe.recording.pause_watch import (
    Clocks,
    Pause,
    PauseWatch,
    ProcessClocks,
)

AT_MOST = SECOND


def after_waiting(
    monkeypatch: pytest.MonkeyPatch, length_s: float, busy_s: float = 0, suspended_s: float = 0
) -> Pause | None:
    """Return what is found after a wait that was to take a second."""
    lengths = (round(one * SECOND) for one in (length_s, busy_s, suspended_s))
    begun = ProcessClocks(T0, 7, 9)
    ended = ProcessClocks(*(a + b for a, b in zip(begun, lengths, strict=True)))
    readings = iter([begun, begun, ended])
    monkeypatch.setattr(Clocks, "now", lambda _self: next(readings))
    monkeypatch.setattr(clock, "now", lambda: ended.moment)
    watch = PauseWatch()
    watch.begin()
    return watch.end(AT_MOST)


def test_a_wait_of_the_length_that_was_meant_is_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    assert after_waiting(monkeypatch, 1.9) is None


def test_a_wait_that_took_seconds_longer_is_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    assert after_waiting(monkeypatch, 4.5) == Pause(T0, T0 + 4_500_000, 0)


def test_a_process_that_worked_before_it_was_stopped_is_paused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert after_waiting(monkeypatch, 5, busy_s=1) == Pause(T0, T0 + 5 * SECOND, 0)


def test_a_busy_process_or_machine_is_not_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long call held Python's lock, or the threads waited for a processor."""
    assert after_waiting(monkeypatch, 5, busy_s=4.5) is None


def test_a_machine_that_sleeps_is_suspended(monkeypatch: pytest.MonkeyPatch) -> None:
    found = after_waiting(monkeypatch, 3_601, suspended_s=3_600)
    assert found == Pause(T0, T0 + 3_601 * SECOND, 3_600 * SECOND)


def test_a_reading_has_all_clocks() -> None:
    clocks = Clocks()
    before, moment = clocks.now(), clock.now()
    after = clocks.now()
    assert before.moment <= moment <= after.moment
    assert 0 < before.busy <= after.busy


def test_each_reading_sees_what_the_kernel_counts_by_then(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The files stay open, and are read again."""
    paths = [tmp_path / "main", tmp_path / "own"]
    monkeypatch.setattr(pause_watch, "_THREADS", tuple(map(str, paths)))
    monkeypatch.setattr(time, "process_time_ns", lambda: 5_000_000)
    clocks, found = Clocks(), []
    for waited in (1_000_000, 30_000_000):
        for path in paths:
            path.write_text(f"7 {waited} 9\n")
        found.append(clocks.now().busy)
    assert found == [7_000, 65_000]


def test_the_thread_that_waits_is_the_one_whose_waits_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A watch is made in one thread, and used in another."""
    path = tmp_path / "schedstat"
    monkeypatch.setattr(pause_watch, "_THREADS", (str(path),))
    monkeypatch.setattr(time, "process_time_ns", lambda: 0)
    path.write_text("7 1000000 9\n")
    clocks = Clocks()
    found = [clocks.now().busy]
    path.rename(tmp_path / "of-the-first-thread")
    path.write_text("7 2000000 9\n")
    thread = threading.Thread(target=lambda: found.append(clocks.now().busy))
    thread.start()
    thread.join()
    assert found == [1_000, 2_000]


def test_where_the_kernel_counts_no_waits_only_work_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    unknown = (str(tmp_path / "missing"), str(tmp_path / "empty"))
    monkeypatch.setattr(pause_watch, "_THREADS", unknown)
    monkeypatch.setattr(time, "process_time_ns", lambda: 5_000_000)
    assert Clocks().now().busy == 5_000
