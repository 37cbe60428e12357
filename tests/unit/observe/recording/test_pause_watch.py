"""A wait that took too long is a pause, unless the process was busy."""

import pytest
from builders import SECOND, T0

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.recording import pause_watch
from snakemake_logger_plugin_observe.recording.pause_watch import Pause, PauseWatch, ProcessClocks

AT_MOST = SECOND


def after_waiting(
    monkeypatch: pytest.MonkeyPatch, length_s: float, busy_s: float = 0, suspended_s: float = 0
) -> Pause | None:
    """Return what is found after a wait that was to take a second."""
    lengths = (round(one * SECOND) for one in (length_s, busy_s, suspended_s))
    begun = ProcessClocks(T0, 7, 9)
    ended = ProcessClocks(*(a + b for a, b in zip(begun, lengths, strict=True)))
    readings = iter([begun, begun, ended])
    monkeypatch.setattr(pause_watch, "clocks_now", lambda: next(readings))
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
    before, moment = pause_watch.clocks_now(), clock.now()
    after = pause_watch.clocks_now()
    assert before.moment <= moment <= after.moment
    assert 0 < before.busy <= after.busy
