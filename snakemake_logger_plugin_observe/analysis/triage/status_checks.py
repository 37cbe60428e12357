"""A run's status checks: which command, if any, reports its jobs' states, and how often."""

from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.polling import (
    GROWS_TO_S,
    GROWTH_S,
    OWN_FLAG,
    argument,
)
from snakemake_logger_plugin_observe.analysis.submission.settings import settings_of
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run

_SLURM: Final = "slurm"
_SLURM_DEFAULT_S: Final = 40.0
_USUAL_S: Final = 10.0


def longest_interval_s(run: Run, now: Micros) -> float:
    """Return the longest interval between status checks that there can have been up to *now*.

    Slurm's plugin waits longer each time it has found nothing.
    """
    started = run.started
    if started is None:
        return _USUAL_S
    if (started.wraps or started.executor) != _SLURM:
        known = started.settings.get("seconds_between_status_checks")
        return float(known) if isinstance(known, int | float) and known > 0 else _USUAL_S
    interval = first = argument(run, OWN_FLAG[_SLURM]) or _SLURM_DEFAULT_S
    longest = GROWS_TO_S[_SLURM]
    passed = (now - (run.start or now)) / 1e6
    while interval < min(longest, passed):
        passed -= interval
        interval += GROWTH_S[_SLURM]
    return min(interval, max(longest, first))


def status_command(run: Run) -> str | None:
    """Return the command that Snakemake asks for a job's status, if the run has one."""
    return settings_of(run.started).status_command if run.started is not None else None


def reporter(run: Run) -> str:
    """Return what reports to Snakemake that a job failed: a command, or else the executor."""
    command = status_command(run)
    return f"the status command ({command})" if command is not None else "the executor"


def has_no_status_command(run: Run) -> bool:
    """Whether the run has a submit command, and none that asks for a job's status."""
    if run.started is None:
        return False
    settings = settings_of(run.started)
    return settings.submit_command is not None and settings.status_command is None
