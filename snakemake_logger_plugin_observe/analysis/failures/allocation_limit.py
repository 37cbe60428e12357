"""Whether a run ended because the cluster's job that Snakemake itself ran in was out of time."""

from typing import Final

from snakemake_logger_plugin_observe.journal.events import Allocation
from snakemake_logger_plugin_observe.run.model import Run

# Slurm ends a job up to a minute after its limit, and asks it to go some time before that.
_NEAR: Final = 90 * 1_000_000


def allocation_that_ran_out(run: Run, status: str) -> Allocation | None:
    """Return the run's own allocation if its end, and nothing else, fits how the run ended.

    A run that was killed is only known up to its last word; where that came long before the end of
    its allocation, nobody knows what ended it.
    """
    known = run.allocation
    if known is None or known.end is None or run.end is None:
        return None
    if status not in ("killed", "interrupted"):
        return None
    return known if abs(run.end - known.end) <= _NEAR else None
