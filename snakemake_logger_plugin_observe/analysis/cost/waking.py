"""Whether the sleep between status checks was, or could be, cut short: ``--timed-wake``."""

from typing import Final

from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run

SETTING: Final = "--timed-wake on"
_KNOWN: Final = frozenset(("slurm", "cluster-generic", "cluster-sync", "lsf", "htcondor", "drmaa"))
"""The executors of which it is known that their sleep can be cut short, and their nodes report."""
_KEEP_THEIR_PACE: Final = frozenset({"local", "sge"})
"""The first has no status checks; the plugin of the second relies on the time between two."""


def was_woken(run: Run) -> bool:
    """Whether *run*'s executor checked soon after ends, instead of sleeping until its interval."""
    return run.wake is not None and (run.wake.on or bool(run.early_checks))


def why_not_woken(run: Run) -> str | None:
    """Return why *run* could not have been made with ``--timed-wake on``; None if it could."""
    wraps = run.started.wraps if run.started is not None else None
    if run.wake is not None and not run.wake.on:
        return run.wake.reason or "it was asked for, and the executor kept its pace"
    if not run.wrapped or wraps is None:
        return "the executor of this run was not wrapped"
    if wraps in _KEEP_THEIR_PACE:
        return f"the {wraps} executor keeps its own pace"
    return None


def can_be_advised(run: Run) -> bool:
    """Whether it is known that *run*'s executor takes the setting, and *run* did not have it."""
    wraps = run.started.wraps if run.started is not None else None
    return wraps in _KNOWN and not was_woken(run) and why_not_woken(run) is None


def rings(attempt: Attempt) -> bool:
    """Whether the last process of *attempt*, which was polled, can say on its node that it ends."""
    return attempt.node_ended is not None or attempt.status_check is None  # not recorded before
