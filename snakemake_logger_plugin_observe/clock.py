"""Moments: microseconds since the epoch, as integers, and how they are read and written.

Integers, because segments must tile to the microsecond and floats do not add up. Standard library
only: this module is imported in every process on every node.
"""

import os
import re
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_OURS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)

Micros = int
"""A moment or a duration in whole microseconds."""


def now() -> Micros:
    """Return the present moment on this host's wall clock."""
    return time.time_ns() // 1000


def from_seconds(seconds: float) -> Micros:
    """Return the moment that *seconds* since the epoch stand for (``LogRecord.created``)."""
    return round(seconds * 1_000_000)


def to_seconds(micros: Micros) -> float:
    """Return a duration in seconds with six exact decimals."""
    return round(micros / 1_000_000, 6)


def format_moment(moment: Micros) -> str:
    """Return RFC 3339 in UTC with microseconds: ``2026-11-22T19:22:14.000001Z``."""
    seconds, micros = divmod(moment, 1_000_000)
    return f"{_second(seconds)}.{micros:06d}Z"


def parse_moment(text: str) -> Micros:
    """Return the moment that an RFC 3339 *text* names.

    Raises:
        ValueError: if *text* is not a date and time with an offset from UTC.

    """
    if _OURS.fullmatch(text):
        return _whole_second(text[:19]) + int(text[20:26])
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError(f"a moment needs its offset from UTC: {text!r}")
    return (when - _EPOCH) // _MICROSECOND


# A journal names the same few days, and the same seconds, a million times.
@lru_cache(maxsize=256)
def _second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()


@lru_cache(maxsize=4096)
def _whole_second(text: str) -> Micros:
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


def process_started(pid: int | None = None) -> Micros | None:
    """Return when a process (this one) was started, to the kernel's tick (10 ms), or None.

    From ``/proc/self/stat`` against CLOCK_BOOTTIME; the boot time that other sources add to it is
    in whole seconds only. A process that has ended, but is not waited for yet, has none.
    """
    try:
        with open(f"/proc/{pid or 'self'}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
        if fields[0] in (b"Z", b"X"):
            return None
        ticks = int(fields[19])
        age_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - ticks * (
            1_000_000_000 // os.sysconf("SC_CLK_TCK")
        )
    except (OSError, ValueError, IndexError, AttributeError):
        return None
    return now() - age_ns // 1000
