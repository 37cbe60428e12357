"""How often the executor looked at its jobs, and which setting says so."""

from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.run.model import Run

_GENERAL: Final = "--seconds-between-status-checks"
# These plugins keep an interval of their own, and do not heed Snakemake's.
_OWN: Final = {
    "slurm": "--slurm-init-seconds-before-status-checks",
    "sge": "--sge-init-seconds-before-status-checks",
}
_NOBODYS: Final = frozenset({"aws-batch"})  # it polls as it likes, and no flag governs that


@dataclass(frozen=True, slots=True)
class Polling:
    """The intervals in force, in seconds, and the flag that governs them."""

    shortest_s: float
    longest_s: float
    setting: str


def polling(run: Run) -> Polling | None:
    """Return how *run*'s executor polled when it noticed ends; None where no flag governs that."""
    noticed = [attempt.poll_interval_s for attempt in run.attempts.values()]
    intervals = [every for every in noticed if every is not None]
    intervals += [p.poll_interval_s for p in run.phases if p.poll_interval_s is not None]
    wraps = run.started.wraps if run.started is not None else None
    if not intervals or wraps in _NOBODYS:
        return None
    return Polling(min(intervals), max(intervals), _OWN.get(wraps or "", _GENERAL))
