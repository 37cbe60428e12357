"""Whether this process did not run for a while: it was stopped, or its machine suspended.

No signal tells a process that it was stopped and goes on. But a thread that waits for a second at
most, and wakes after five, has slept through four. So does one on a machine that is too busy, or
whose process holds Python's lock in a long call: then the process has used the processor meanwhile,
or waited for it.
"""

import time
from pathlib import Path
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe import clock

LEAST: Final = 1_000_000
"""By how much a wait must be too long, in microseconds."""
_BOOT: Final = getattr(time, "CLOCK_BOOTTIME", None)
_THREADS: Final = (Path("/proc/self/schedstat"), Path("/proc/thread-self/schedstat"))
"""Of the main thread and of this one: nanoseconds on a processor, and waiting for one."""


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


class PauseWatch:
    """Compares how long a thread waited with how long it meant to."""

    def __init__(self) -> None:
        """Begin with a wait that begins now."""
        self._before = clocks_now()

    def begin(self) -> None:
        """Note that a wait begins."""
        self._before = clocks_now()

    def end(self, at_most: clock.Micros) -> Pause | None:
        """Return the pause in the wait that ends now, and was to take *at_most*; or None."""
        before = self._before
        if clock.now() - before.moment - at_most < LEAST:
            return None  # nearly always: the other clocks take longer to read
        after = clocks_now()
        too_long = after.moment - before.moment - at_most
        if after.busy - before.busy > at_most + too_long // 2:
            return None
        suspended = after.suspended - before.suspended
        return Pause(before.moment, after.moment, suspended if suspended >= LEAST else 0)


def clocks_now() -> ProcessClocks:
    """Return the process's clocks now."""
    waited = sum(map(_waited_for_a_processor, _THREADS))
    suspended = 0
    if _BOOT is not None:
        suspended = (time.clock_gettime_ns(_BOOT) - time.monotonic_ns()) // 1000
    return ProcessClocks(clock.now(), time.process_time_ns() // 1000 + waited, suspended)


def _waited_for_a_processor(path: Path) -> clock.Micros:
    try:
        return int(path.read_bytes().split()[1]) // 1000
    except (OSError, ValueError, IndexError):
        return 0
