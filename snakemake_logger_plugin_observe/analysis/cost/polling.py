"""How often the executor checked the status of its jobs, and the flag that sets the interval."""

from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.run.model import Run

_GENERAL: Final = "--seconds-between-status-checks"
# These plugins have an interval of their own and ignore Snakemake's flag.
_OWN: Final = {
    "slurm": "--slurm-init-seconds-before-status-checks",
    "sge": "--sge-init-seconds-before-status-checks",
}
_BEARABLE_S: Final = 5.0
_WITHOUT_FLAG: Final = frozenset({"aws-batch"})  # no flag sets its interval


@dataclass(frozen=True, slots=True)
class Polling:
    """The intervals between status checks, in seconds, and the flag that sets them."""

    shortest_s: float
    longest_s: float
    setting: str


def sooner_s(known: Polling) -> float:
    """Return a shorter interval to set, in seconds, that schedulers tolerate.

    The setting is the shortest interval; with some plugins it grows while nothing has ended.
    """
    return _BEARABLE_S if known.shortest_s > 2 * _BEARABLE_S else 1.0


def polling(run: Run) -> Polling | None:
    """Return how *run*'s executor polled; None if it did not, or if no flag sets the interval."""
    recorded = [attempt.poll_interval_s for attempt in run.attempts.values()]
    intervals = [every for every in recorded if every is not None]
    intervals += [p.poll_interval_s for p in run.phases if p.poll_interval_s is not None]
    wraps = run.started.wraps if run.started is not None else None
    if not intervals or wraps in _WITHOUT_FLAG:
        return None
    return Polling(min(intervals), max(intervals), _OWN.get(wraps or "", _GENERAL))
