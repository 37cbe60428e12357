"""Moments are whole microseconds, and what is written is what is read."""

import os
import subprocess
import sys
import time

import pytest
from builders import SECOND, T0
from hypothesis import given
from hypothesis import strategies as st

from snakemake_logger_plugin_observe import clock

YEAR_9999 = 253_402_300_799_999_999


@given(st.integers(-62_135_596_800 * SECOND, YEAR_9999))
def test_a_moment_that_is_written_reads_back_to_the_microsecond(moment: int) -> None:
    assert clock.parse_moment(clock.format_moment(moment)) == moment


def test_a_moment_is_written_as_rfc_3339_in_utc() -> None:
    assert clock.format_moment(T0 + 1) == "2026-03-01T12:00:00.000001Z"


@pytest.mark.parametrize(
    "text",
    ["2026-03-01T12:00:00Z", "2026-03-01T13:30:00+01:30", "2026-03-01T12:00:00.000000+00:00"],
)
def test_an_offset_from_utc_is_taken_off(text: str) -> None:
    assert clock.parse_moment(text) == T0


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-01T12:00:00", "yesterday", "", "12:00:00Z"),
        *("2026-02-30T12:00:00.000000Z", "2026-03-01T25:00:00.000000Z", "0000-01-01T00:00:00Z"),
    ],
)
def test_what_names_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own text
        clock.parse_moment(text)


@given(st.integers(0, 10**15))
def test_a_duration_in_seconds_keeps_every_microsecond(micros: int) -> None:
    assert round(clock.to_seconds(micros) * SECOND) == micros


@given(st.integers(T0, T0 + 10**14))
def test_a_record_s_time_is_taken_to_the_microsecond(moment: int) -> None:
    """``LogRecord.created`` is a float: today it still tells microseconds apart."""
    assert clock.from_seconds(moment / SECOND) == moment


def test_now_is_the_wall_clock_s_time() -> None:
    before = time.time_ns() // 1000
    assert before <= clock.now() <= time.time_ns() // 1000


def test_a_process_s_start_is_known_to_the_kernel_s_tick() -> None:
    before = clock.now()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        after = clock.now()
        started = clock.process_started(child.pid)
        child.communicate(b"\n")
    assert before - 20_000 <= started <= after + 20_000


def test_this_process_was_started_before_now() -> None:
    assert clock.process_started() == pytest.approx(clock.process_started(os.getpid()), abs=20_000)
    assert clock.process_started() < clock.now()


def test_a_process_that_has_ended_has_no_start() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert clock.process_started(child.pid) is None


def test_a_process_that_never_was_has_no_start() -> None:
    assert clock.process_started(2**31 - 1) is None
