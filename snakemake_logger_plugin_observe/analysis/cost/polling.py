"""How often the executor checked the status of its jobs, and the flag that sets the interval."""

from dataclasses import dataclass
from statistics import median
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run

_GENERAL: Final = "--seconds-between-status-checks"
OWN_FLAG: Final = {
    "slurm": "--slurm-init-seconds-before-status-checks",
    "sge": "--sge-init-seconds-before-status-checks",
}
"""The flags of plugins that have an interval of their own and ignore Snakemake's flag."""
GROWTH_S: Final = {"slurm": 10.0}
"""By how much a plugin's interval grows each time that it finds nothing."""
GROWS_TO_S: Final = {"slurm": 180.0}
"""The longest interval that it grows to."""
_NOTED_WITHIN: Final = 2_000_000  # of an end, by Slurm's accounting
_BEARABLE_S: Final = 5.0
_WITHOUT_FLAG: Final = frozenset({"aws-batch"})  # no flag sets its interval


@dataclass(frozen=True, slots=True)
class Polling:
    """The intervals between status checks, in seconds, and the flag that sets them."""

    shortest_s: float
    """As it was set, where that is known; else the shortest that there was."""
    longest_s: float
    setting: str
    growth_s: float = 0.0
    """By how much it grows each time that a check finds nothing; then it falls back."""
    most_s: float = 0.0
    """The longest that it grows to."""
    check_s: float | None = None
    """How long a check took, in the median, to come to a job that had ended; None if not known."""
    checks_per_s: float | None = None
    """How many jobs a check looks at in a second at most, as it was set."""

    @property
    def growth(self) -> str:
        """A clause about how it grows; empty if it does not."""
        if not self.growth_s:
            return ""
        return (
            f"this plugin adds {self.growth_s:g} s each time it finds nothing, up to "
            f"{self.most_s:g} s"
        )


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
    setting = OWN_FLAG.get(wraps or "", _GENERAL)
    shortest = min(intervals)
    set_to = argument(run, setting) if setting != _GENERAL else None
    if set_to is not None and 0 < set_to < shortest:
        shortest = set_to
    growth, most = GROWTH_S.get(wraps or "", 0.0), GROWS_TO_S.get(wraps or "", 0.0)
    settings = run.started.settings if run.started is not None else {}
    per_s = settings.get("max_status_checks_per_second")
    return Polling(
        *(shortest, max(intervals), setting, growth, most, _check_s(run)),
        per_s if isinstance(per_s, int | float) else None,
    )


def unsure_ends(run: Run) -> tuple[int, Micros]:
    """Return of how many jobs only status checks show the end, and their ``poll_wait`` in sum.

    Their last process had gone, and a check still found them running, for longer than a scheduler
    takes to note an end: it was busy with them, and no record of it shows until when. ``poll_wait``
    begins at that check then, though they may have ended shortly before the next.
    """
    unsure = [
        one.phases.get("poll_wait", 0)
        for one in run.attempts.values()
        if (check := one.status_check) is not None
        and one.node_ended is not None
        and (check.previous or 0) - one.node_ended > _NOTED_WITHIN
        and (one.accounting is None or one.accounting.ended is None)
    ]
    return sum(1 for waited in unsure if waited), sum(unsure)


def _check_s(run: Run) -> float | None:
    """Return how long checks took to come to the ends that they found, without other waits."""
    took = [
        (reported - check.begun) / 1e6 - check.blocked_s
        for one in run.attempts.values()
        if (check := one.status_check) is not None and (reported := one.stamps.reported) is not None
    ]
    return round(max(0.0, median(took)), 3) if took else None


def argument(run: Run, flag: str) -> float | None:
    """Return the number that *flag* has on *run*'s command line, if it has one."""
    words = run.started.command if run.started is not None else ()
    for number, word in reversed(list(enumerate(words))):
        name, equals, value = word.partition("=")
        if name == flag:
            value = value if equals else "".join(words[number + 1 : number + 2])
            return float(value) if value.replace(".", "", 1).isdecimal() else None
    return None
