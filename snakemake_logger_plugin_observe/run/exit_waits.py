"""How long the processes of an attempt on its node waited at their ends for a timer.

Snakemake's scheduler starts timers that Python waits for although the scheduler has ended: a level
has when that was (``done``), and when the process ended.
"""

from collections.abc import Iterable

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.records import Level


def exit_wait(levels: Iterable[Level]) -> Micros | None:
    """Return how long *levels* waited at their ends, one after the other.

    Waits at the same time count once. None if no process recorded when its scheduler had ended.
    """
    waits = sorted(
        (level.clock, level.done, level.ended)
        for level in levels
        if level.done is not None and level.ended is not None and not level.in_main
    )
    if not waits:
        return None
    total, clock, until = 0, waits[0][0], 0
    for own, done, ended in waits:
        if own != clock:
            clock, until = own, 0
        total += max(0, ended - max(done, until))
        until = max(until, ended)
    return total
