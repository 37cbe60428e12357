"""How soon the run's executor can notice an end: the longest time between its status checks."""

from itertools import pairwise
from typing import Final

from snakemake_logger_plugin_observe.analysis.submission.settings import settings_of
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run

_SLURM_FIRST: Final = "--slurm-init-seconds-before-status-checks"
_SLURM_DEFAULT_S: Final = 40.0
_SLURM_GROWS_S: Final = 10.0
_SLURM_LONGEST_S: Final = 180.0
_USUAL_S: Final = 10.0


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
    """Whether the run has a submit command, and none that asks for a job's status."""
    if run.started is None:
        return False
    settings = settings_of(run.started)
    return settings.submit_command is not None and settings.status_command is None


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
