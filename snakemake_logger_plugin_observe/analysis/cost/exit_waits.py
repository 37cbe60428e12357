"""Whether Snakemake's processes waited at their ends for a timer: ``--timed-quick-exit``."""

from statistics import median
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run

QUICK_EXIT: Final = "--timed-quick-exit on"
_SEEN: Final = 100_000  # a process that waits for nothing ends within some hundredths of a second


def exits_quickly(run: Run) -> bool:
    """Whether *run*'s processes did not wait for their scheduler's timers."""
    return run.started is not None and run.started.quick_exit is True


def exit_waits(run: Run) -> list[Micros]:
    """Return how long the processes of each submission waited, of those that did for a timer."""
    return [
        wait
        for one in run.attempts.values()
        if not one.is_member and (wait := one.exit_wait or 0) >= _SEEN
    ]


def usual_exit_wait(run: Run) -> Micros:
    """Return the median of those waits; 0 if there were none, or the run exits quickly."""
    waits = [] if exits_quickly(run) else exit_waits(run)
    return round(median(waits)) if waits else 0
