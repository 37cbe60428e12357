"""Whether this process did not run for a while: it was stopped, or its machine suspended.

No signal tells a process that it was stopped and goes on. But a thread that waits for a second at
most, and wakes after five, has slept through four. So does one on a machine that is too busy, or
whose process holds Python's lock in a long call: then the process has used the processor meanwhile,
or waited for it.
"""

import io
import os
import time
from threading import get_ident
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe import clock

LEAST: Final = 1_000_000
"""By how much a wait must be too long, in microseconds."""
_BOOT: Final = getattr(time, "CLOCK_BOOTTIME", None)
_THREADS: Final = ("/proc/self/schedstat", "/proc/thread-self/schedstat")
"""Of the main thread and of this one: nanoseconds on a processor, and waiting for one."""
_MOST_BYTES: Final = 128


class ProcessClocks(NamedTuple):
    """The clocks of this process, in microseconds."""

    moment: clock.Micros
    busy: clock.Micros
    """How long its threads have run, or waited for a processor."""
    suspended: clock.Micros
    """How long the machine has been suspended."""


class Pause(NamedTuple):
    """When this process did not run; it began at the earliest at ``start``."""

    start: clock.Micros
    end: clock.Micros
    suspended: clock.Micros


class Clocks:
    """Reads the clocks of this process; keeps the kernel's files open, as opening takes longest."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._thread: int | None = None
        self._files: tuple[io.FileIO, ...] = ()

    def now(self) -> ProcessClocks:
        """Return the clocks now, as the thread that calls this sees them."""
        if self._thread != get_ident():
            self._thread = get_ident()
            self._files = tuple(filter(None, map(_opened, _THREADS)))
        busy = time.process_time_ns() // 1000 + sum(map(_waited_for_a_processor, self._files))
        suspended = 0
        if _BOOT is not None:
            suspended = (time.clock_gettime_ns(_BOOT) - time.monotonic_ns()) // 1000
        return ProcessClocks(clock.now(), busy, suspended)


class PauseWatch:
    """Compares how long a thread waited with how long it meant to."""

    def __init__(self) -> None:
        """Begin with a wait that begins now."""
        self._clocks = Clocks()
        self._before = self._clocks.now()

    def begin(self) -> None:
        """Note that a wait begins."""
        self._before = self._clocks.now()

    def end(self, at_most: clock.Micros) -> Pause | None:
        """Return the pause in the wait that ends now, and was to take *at_most*; or None."""
        before = self._before
        if clock.now() - before.moment - at_most < LEAST:
            return None  # nearly always: the other clocks take longer to read
        after = self._clocks.now()
        too_long = after.moment - before.moment - at_most
        if after.busy - before.busy > at_most + too_long // 2:
            return None
        suspended = after.suspended - before.suspended
        return Pause(before.moment, after.moment, suspended if suspended >= LEAST else 0)


def _opened(path: str) -> io.FileIO | None:
    try:
        return io.FileIO(path)
    except OSError:  # this system has no such file
        return None


def _waited_for_a_processor(file: io.FileIO) -> clock.Micros:
    try:
        return int(os.pread(file.fileno(), _MOST_BYTES, 0).split()[1]) // 1000
    except (OSError, ValueError, IndexError):
        return 0
