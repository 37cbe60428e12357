"""What the attempts of failed jobs had requested of a limit: what was too little, what was enough.

Attempts of one job do the same work, so each of them shows something about the next.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.messages import Cause
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import ResourceUse


class Tried(NamedTuple):
    """The requests of some jobs' attempts; 0 where none is known."""

    too_little: float
    """The most that one of them had requested which the limit ended."""
    enough: float
    """The most that an attempt had requested which ended well, if each job has one with more."""


def tried(
    failed: Sequence[Failure], cause: Cause, requested: Callable[[ResourceUse], float | None]
) -> Tried:
    """Return what the attempts of *failed* had requested.

    Args:
        failed: jobs of one rule.
        cause: what ends an attempt at the limit.
        requested: returns what an attempt requested of it.

    """
    ended: list[float] = []
    ended_well: list[float] = []
    for one in failed:
        by_the_limit = {each.attempt for each in one.occurrences if each.why.cause == cause}
        for row in one.rows:
            amount = requested(row.use) or 0
            if row.attempt.number in by_the_limit:
                ended.append(amount)
            elif row.attempt.status == "success":
                ended_well.append(amount)
    too_little = max(ended, default=0)
    # Of several jobs, the one that needs most counts.
    enough = max(ended_well, default=0) if len(ended_well) == len(failed) else 0
    return Tried(too_little, enough if enough > too_little else 0)
