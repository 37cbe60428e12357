"""Slurm queries on background threads, so that neither the run nor its end waits for them."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.external import slurm_accounting, slurm_queue
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.recording.background import in_background
from snakemake_logger_plugin_observe.recording.notes import AllocationFound

_RECORDS_COME_LATE_S: Final = 2.0


def look_up_allocation(job: str, put: Callable[[AllocationFound], None]) -> None:
    """Look up the nodes and the end time of the Slurm *job* in the background, for *put*."""

    def query() -> None:
        facts = slurm_accounting.allocation(job)
        if facts is not None:
            put(AllocationFound(clock.now(), **facts))

    if not in_background(query, "observe-allocation"):
        query()


class AccountingQuery:
    """A query of Slurm's accounting that starts before the run's end, so that the end is quick."""

    def __init__(self, ids: Sequence[str], since: int) -> None:
        """Query *ids* after a short delay: Slurm may not have recorded the last end yet."""
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
            records = slurm_accounting.query(ids, since, self._until - time.monotonic())
            known = {one.cluster_job for one in records}
            late = [one for one in ids if one not in known]
            left_s = self._until - time.monotonic()
            self._records = [*records, *slurm_queue.in_the_queue(late, since, left_s)]
        except Exception as error:
            self._problem = str(error) or type(error).__name__

    def answer(self) -> tuple[list[SchedulerRecord], str | None]:
        """Return the records, and the problem if there was one; waits a few seconds at most."""
        self._hurry.set()
        self._thread.join(max(0.0, self._until + 0.5 - time.monotonic()))
        if self._thread.is_alive():
            return [], "sacct did not answer in time"
        return self._records, self._problem
