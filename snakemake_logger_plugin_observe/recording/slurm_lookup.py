"""Slurm asked from threads of their own: the run and its end need not wait for the answers."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.external import slurm_accounting
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.recording.background import beside

_RECORDS_COME_LATE_S: Final = 2.0


def ask_about_allocation(job: str, tell: Callable[[int, dict[str, Any]], None]) -> None:
    """Call *tell* from another thread with where the Slurm *job* runs and until when."""

    def ask() -> None:
        facts = slurm_accounting.allocation(job)
        if facts is not None:
            tell(clock.now(), facts)

    if not beside(ask, "observe-allocation"):
        ask()


class Inquiry:
    """A query on a thread of its own, begun before a run's end so that the end need not wait."""

    def __init__(self, ids: Sequence[str], since: int) -> None:
        """Ask about *ids* in a moment, for a job that has just ended may not be recorded yet."""
        self._hurry = threading.Event()
        self._until = time.monotonic() + slurm_accounting.PATIENCE_S
        self._records: list[SchedulerRecord] = []
        self._problem: str | None = None
        self._thread = threading.Thread(
            target=self._work, args=(ids, since), name="observe-accounting", daemon=True
        )
        self._thread.start()

    def _work(self, ids: Sequence[str], since: int) -> None:
        self._hurry.wait(_RECORDS_COME_LATE_S)
        try:
            self._records = slurm_accounting.query(ids, since, self._until - time.monotonic())
        except Exception as fault:
            self._problem = str(fault) or type(fault).__name__

    def answer(self) -> tuple[list[SchedulerRecord], str | None]:
        """Return the records, and what went wrong; waits for what is left of some seconds."""
        self._hurry.set()
        self._thread.join(max(0.0, self._until + 0.5 - time.monotonic()))
        if self._thread.is_alive():
            return [], "sacct did not answer in time"
        return self._records, self._problem
