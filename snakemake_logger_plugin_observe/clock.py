"""Moments: microseconds since the epoch, as integers, and how they are taken, read and written.

Integers, because segments must tile to the microsecond and floats do not add up. A process reads
the wall clock once, and counts on from there by a steady clock: durations stay right when the wall
clock is set. Standard library only: this module is imported in every process on every node.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_FIRST: Final = -62_135_596_800_000_000
_LAST: Final = 253_402_300_799_999_999

Micros = int
"""A moment or a duration in whole microseconds."""

# CLOCK_BOOTTIME goes on while the machine is suspended, as the wall clock does. Linux steers both
# at the same rate, so only setting the wall clock moves one against the other.
_STEADY: Final = getattr(time, "CLOCK_BOOTTIME", None)
TICK: Final = 20_000
"""The error of a process's start: the kernel reports it in ticks of 10 ms, rounded."""
_READING: Final = 1_000  # two readings of the same clocks may differ by this much
_STEP: Final = 50_000
_DRIFT: Final = 0.0005  # how fast clocks may drift apart on systems without CLOCK_BOOTTIME
_INITIAL_NAMESPACE: Final = "time:[4026531834]"


def _steady() -> Micros:
    """Return microseconds since the kernel's boot, or since an unknown moment."""
    if _STEADY is None:
        return time.monotonic_ns() // 1000
    return time.clock_gettime_ns(_STEADY) // 1000


def _wall_less_steady() -> Micros:
    """Return the wall clock minus the steady clock, from the closest of some pairs of readings."""
    closest, difference = 1 << 62, 0
    for _ in range(3):
        before = _steady()
        wall = time.time_ns() // 1000
        after = _steady()
        if after - before < closest:
            closest, difference = after - before, wall - (before + after) // 2
        if closest <= 1:
            break
    return difference


_anchor, _anchored = _wall_less_steady(), _steady()


def anchor() -> None:
    """Read the wall clock again; not while moments of an earlier reading are in use."""
    global _anchor, _anchored
    _anchor, _anchored = _wall_less_steady(), _steady()


def now() -> Micros:
    """Return the present moment: the wall clock's first reading, plus the time since then."""
    # As ``_steady`` does; this is called a dozen times for each job.
    steady = time.monotonic_ns() if _STEADY is None else time.clock_gettime_ns(_STEADY)
    return _anchor + steady // 1000


def set_by() -> Micros:
    """Return by how much the wall clock was set since it was read; negative if set back."""
    lead = _wall_less_steady() - _anchor
    return lead if abs(lead) >= _READING else 0


def from_wall(moment: Micros) -> Micros:
    """Return *moment*, which others just read from the wall clock, by this process's clock."""
    if abs(time.time_ns() // 1000 - now()) < _READING:  # nearly always: it was not set
        return moment
    return moment - set_by()


class ClockWatch:
    """Detects that the wall clock was set, if it is checked often enough."""

    def __init__(self) -> None:
        """Watch from the first reading of the wall clock."""
        self.since = _anchor + _anchored
        """The time of the last check: a step that is found came later."""
        self._lead = 0

    def step(self) -> Micros | None:
        """Return by how much the wall clock was set since the last check, or None."""
        moment, lead = now(), set_by()
        change = lead - self._lead
        bound = _STEP + (moment - self.since) * _DRIFT
        self._lead, self.since = lead, moment
        return change if abs(change) > bound else None


def boot_id() -> str | None:
    """Return the id of this kernel's boot, or None if it is unknown.

    Processes of one boot share a clock; one in a time namespace has another.
    """
    try:
        if os.readlink("/proc/self/ns/time") != _INITIAL_NAMESPACE:
            return None
    except FileNotFoundError:  # a kernel from before these namespaces
        pass
    except OSError:
        return None
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read(64).strip() or None
    except (OSError, ValueError):
        return None


def boot_time() -> Micros | None:
    """Return when the kernel was booted, by this process's clock, or None."""
    return None if _STEADY is None or _anchor < 0 else _anchor


def from_seconds(seconds: float) -> Micros:
    """Return the moment of *seconds* since the epoch (``LogRecord.created``)."""
    return round(seconds * 1_000_000)


def to_seconds(micros: Micros) -> float:
    """Return a duration in seconds with six exact decimals."""
    return round(micros / 1_000_000, 6)


def format_moment(moment: Micros) -> str:
    """Return RFC 3339 in UTC with microseconds: ``2026-11-22T19:22:14.000001Z``.

    Years before 1 and after 9999 cannot be written: the first or the last moment is, instead.
    """
    seconds, micros = divmod(max(_FIRST, min(moment, _LAST)), 1_000_000)
    return f"{_second(seconds)}.{micros:06d}Z"


# The same seconds occur many times in a journal.
@lru_cache(maxsize=256)
def _second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()


def process_started(pid: int | None = None) -> Micros | None:
    """Return when a process (by default this one) was started, to 10 ms, or None."""
    found = started_and_parent(pid)
    return found[0] if found is not None else None


def started_and_parent(pid: int | None = None) -> tuple[Micros, int] | None:
    """Return when a process was started, to 10 ms, and its parent's pid (0: it has none), or None.

    From ``/proc/PID/stat``, which counts from the kernel's boot; other sources add a boot time in
    whole seconds to it. A process that has ended, but was not waited for yet, has no start.
    """
    boot = boot_time()
    try:
        with open(f"/proc/{pid or 'self'}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
        if boot is None or fields[0] in (b"Z", b"X"):
            return None
        started = boot + int(fields[19]) * 1_000_000 // os.sysconf("SC_CLK_TCK")
        return started, int(fields[1])
    except (OSError, ValueError, IndexError):
        return None
