"""``--timed-quick-exit on``: a process whose scheduler has ended does not wait for its timers.

After each selection the scheduler starts a timer that makes it look again when its rate of
submissions, ``--max-jobs-per-timespan``, allows more: one second later by default. Python waits for
that thread before a process exits, although nothing listens to it any more. On a node it costs a
short job the rest of that second, and any job of Slurm's plugin a whole one: there the process that
starts ``srun`` sets the timer only once the job has ended.
"""

import threading
from typing import Any, Final

QUICK_EXIT: Final = "--timed-quick-exit on"


def cancel_timers(executor: Any) -> None:
    """Cancel the timers of the scheduler that has just shut *executor* down."""
    scheduler = type(executor.workflow.scheduler).__module__
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer) and thread.function.__module__ == scheduler:
            thread.cancel()
