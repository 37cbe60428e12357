"""Moments are whole microseconds, and what is written is what is read."""

import os
import subprocess
import sys
import time

import pytest
from builders import SECOND, T0, micros_of
from fake_time import FakeTime
from hypothesis import given
from hypothesis import strategies as st

from snakemake_logger_plugin_observe import clock

YEAR_9999 = 253_402_300_799_999_999


@given(st.integers(-62_135_596_800 * SECOND, YEAR_9999))
def test_a_moment_that_is_written_reads_back_to_the_microsecond(moment: int) -> None:
    assert micros_of(clock.format_moment(moment)) == moment


def test_a_moment_is_written_as_rfc_3339_in_utc() -> None:
    assert clock.format_moment(T0 + 1) == "2026-03-01T12:00:00.000001Z"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (YEAR_9999 + 1, "9999-12-31T23:59:59.999999Z"),
        (10**400, "9999-12-31T23:59:59.999999Z"),
        (-(10**400), "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_a_moment_that_cannot_be_written_is_the_first_or_the_last(moment: int, text: str) -> None:
    assert clock.format_moment(moment) == text


@given(st.integers(0, 10**15))
def test_a_duration_in_seconds_keeps_every_microsecond(micros: int) -> None:
    assert round(clock.to_seconds(micros) * SECOND) == micros


@given(st.integers(T0, T0 + 10**14))
def test_a_record_s_time_is_taken_to_the_microsecond(moment: int) -> None:
    """``LogRecord.created`` is a float: today it still resolves microseconds."""
    assert clock.from_seconds(moment / SECOND) == moment


def test_now_is_the_wall_clock_s_time() -> None:
    """But for what it takes to read two clocks."""
    before = time.time_ns() // 1000
    assert before - 1000 <= clock.now() <= time.time_ns() // 1000 + 1000


# -- a wall clock that is set ---------------------------------------------------------------------


@pytest.mark.parametrize("set_by_s", [3.2, -3.2, 0.0])
def test_moments_are_steady_when_the_wall_clock_is_set(
    fake_time: FakeTime, set_by_s: float
) -> None:
    fake_time.passes(10)
    fake_time.is_set(set_by_s)
    fake_time.passes(5)
    assert clock.now() == T0 + 15 * SECOND
    assert clock.set_by() == set_by_s * SECOND


def test_a_wall_clock_moment_is_converted_to_the_process_s_clock(
    fake_time: FakeTime,
) -> None:
    fake_time.is_set(-7)
    assert clock.from_wall(T0 - 7 * SECOND) == T0


def test_the_time_to_read_two_clocks_is_not_a_clock_step(fake_time: FakeTime) -> None:
    fake_time.is_set(0.0009)
    assert (clock.set_by(), clock.from_wall(T0)) == (0, T0)


def test_the_closest_of_some_pairs_of_readings_counts(
    fake_time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process may lose its core between two readings."""
    halts = iter([4, 0])

    def interrupted() -> int:
        fake_time.passes(next(halts, 0))
        return fake_time.wall * 1000

    monkeypatch.setattr(fake_time, "time_ns", interrupted)
    assert clock.set_by() == 0


def test_a_step_is_found_once_with_the_time_of_the_last_check(fake_time: FakeTime) -> None:
    watch = clock.ClockWatch()
    fake_time.passes(10)
    assert watch.step() is None
    fake_time.passes(5)
    fake_time.is_set(-3.2)
    assert watch.since == T0 + 10 * SECOND
    assert watch.step() == -3_200_000
    assert watch.step() is None
    fake_time.is_set(3.2)
    assert watch.step() == 3_200_000


def test_a_steered_clock_has_no_step(fake_time: FakeTime) -> None:
    """NTP slews the wall clock by 0.5 ms a second at most."""
    watch = clock.ClockWatch()
    for _ in range(60):
        fake_time.passes(60)
        fake_time.is_set(0.03)
        assert watch.step() is None


def test_a_suspended_machine_s_clock_has_no_step(fake_time: FakeTime) -> None:
    """The clock that counts from the kernel's boot goes on meanwhile."""
    watch = clock.ClockWatch()
    fake_time.passes(8 * 3600)
    assert watch.step() is None


def test_a_new_anchor_takes_the_current_wall_clock(fake_time: FakeTime) -> None:
    fake_time.is_set(1000)
    clock.anchor()
    assert (clock.now(), clock.set_by()) == (T0 + 1000 * SECOND, 0)
    assert clock.ClockWatch().step() is None


def test_the_boot_time_is_the_zero_of_the_steady_clock(fake_time: FakeTime) -> None:
    fake_time.passes(20)
    assert clock.boot_time() == T0 - 500 * SECOND


def test_processes_of_one_boot_agree_on_its_id_and_time() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", f"from {clock.__name__} import *; print(boot_id(), boot_time())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert printed[0] == clock.boot_id()
    assert int(printed[1]) == pytest.approx(clock.boot_time(), abs=5000)


# -- processes -------------------------------------------------------------------------------------


def test_a_process_s_start_does_not_change_when_the_clock_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = clock.process_started()
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 90 * 10**9)
    assert clock.process_started() == before


def test_a_process_s_start_is_known_to_10_ms() -> None:
    before = clock.now()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        after = clock.now()
        started = clock.process_started(child.pid)
        child.communicate(b"\n")
    assert before - 20_000 <= started <= after + 20_000


def test_this_process_was_started_before_now() -> None:
    assert clock.process_started() == pytest.approx(clock.process_started(os.getpid()), abs=20_000)
    assert clock.process_started() < clock.now()


def test_a_process_s_start_is_read_with_its_parent() -> None:
    started, parent = clock.started_and_parent(os.getpid())
    assert (started, parent) == (clock.process_started(os.getpid()), os.getppid())


def test_a_process_that_has_ended_has_no_start() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert clock.process_started(child.pid) is None


def test_an_unknown_process_has_no_start() -> None:
    assert clock.process_started(2**31 - 1) is None
