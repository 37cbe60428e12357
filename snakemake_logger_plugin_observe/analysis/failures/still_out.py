"""Jobs that the scheduler still had when their run had ended: they are cancelled before the next.

The next run would submit the same work a second time, and both would write the same outputs.
"""

from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scheduler_ends import is_out

_IDS: Final = 8


def still_out(run: Run) -> tuple[str, ...]:
    """Return the cluster's ids of the jobs that were still queued or running by their records."""
    if run.finished is None:
        return ()  # it may go on
    known = (one.accounting for one in run.attempts.values())
    return tuple(record.cluster_job for record in known if record is not None and is_out(record))


def first_cancel(run: Run) -> str:
    """Return what to do before all else, as the beginning of a sentence; empty if nothing is."""
    ids = still_out(run)
    if not ids:
        return ""
    return (
        f"first cancel {named(ids, _IDS)} at the scheduler, which still had "
        f"{'them' if len(ids) > 1 else 'it'} when the run ended; then "
    )
