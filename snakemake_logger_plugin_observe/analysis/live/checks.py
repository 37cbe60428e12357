"""How soon the run's executor can notice an end: the longest time between its status checks."""

from itertools import pairwise
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run

_SLURM_FIRST: Final = "--slurm-init-seconds-before-status-checks"
_SLURM_DEFAULT_S: Final = 40.0
_SLURM_GROWS_S: Final = 10.0
_SLURM_LONGEST_S: Final = 180.0
_USUAL_S: Final = 10.0
_STATUS_COMMAND: Final = "--cluster-generic-status-cmd"
_ARRAYS: Final = "--slurm-array-jobs"
_SUBMIT_COMMAND: Final = "--cluster-generic-submit-cmd"


def longest_interval_s(run: Run, now: Micros) -> float:
    """Return the longest interval between status checks that there can have been up to *now*.

    Slurm's plugin waits 10 s longer each time it has found nothing, up to 180 s.
    """
    started = run.started
    if started is None:
        return _USUAL_S
    if (started.wraps or started.executor) != "slurm":
        known = started.settings.get("seconds_between_status_checks")
        return float(known) if isinstance(known, int | float) and known > 0 else _USUAL_S
    interval = _flag_s(started.command, _SLURM_FIRST) or _SLURM_DEFAULT_S
    passed = (now - (run.start or now)) / 1e6
    while interval < min(_SLURM_LONGEST_S, passed):
        passed -= interval
        interval += _SLURM_GROWS_S
    return min(interval, max(_SLURM_LONGEST_S, _flag_s(started.command, _SLURM_FIRST) or 0.0))


def has_no_status_command(run: Run) -> bool:
    """Whether the run has a submit command, and none that asks for a job's status.

    Journals without these settings have only the command line, which a profile may add to.
    """
    started = run.started
    if started is None or (started.wraps or started.executor) != "cluster-generic":
        return False
    if "submit_cmd" in started.settings:
        return not started.settings.get("status_cmd")
    words = [word.partition("=")[0] for word in started.command]
    return _SUBMIT_COMMAND in words and _STATUS_COMMAND not in words


def waits_for_arrays(run: Run) -> bool:
    """Whether the Slurm plugin collects jobs to submit them as arrays."""
    started = run.started
    if started is None:
        return False
    named = any(word.partition("=")[0] == _ARRAYS for word in started.command)
    return named or bool(started.settings.get("array_jobs"))


def _flag_s(command: tuple[str, ...], flag: str) -> float | None:
    """Return the number that *flag* has on a command line, None if it is not there."""
    for word, following in pairwise((*command, "")):
        name, _, value = word.partition("=")
        if name == flag:
            try:
                return float(value or following)
            except ValueError:
                return None
    return None
