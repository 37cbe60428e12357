"""What governs the figures of a run, and what limits them, as far as its attempts show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.exit_waits import usual_exit_wait
from snakemake_logger_plugin_observe.analysis.cost.given_back import GivenBack, given_back
from snakemake_logger_plugin_observe.analysis.cost.polling import unsure_ends
from snakemake_logger_plugin_observe.analysis.cost.waking import can_be_advised, was_woken
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run

LIMITING: Final = ("unobserved", "clock_set")
"""The kinds of messages that say what limits a run's figures."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Facts about a run's figures that its accounts do not have."""

    woken: bool
    """Whether its executor checked soon after ends."""
    could_be_woken: bool
    """Whether it is known that ``--timed-wake on`` would make its executor do so."""
    gave_back: GivenBack | None
    """How much shorter early checks made it."""
    exit_wait: Micros
    """How long its processes waited at their ends for a timer, in the median; 0 if they did not."""
    held_reasons: tuple[str, ...]
    """The scheduler's reasons for holding jobs back, if it named any."""
    unobserved: Mapping[str, int]
    """In how many attempts a part of their time is unobserved, by reason."""
    suspended: tuple[int, float]
    """How many jobs stood still on the node, and for how many seconds in all."""
    unsure: tuple[int, Micros]
    """``unsure_ends``: of how many jobs only status checks show the end, and that wait in all."""


def observed(run: Run) -> Observed:
    """Return these facts of *run*."""
    return Observed(
        woken=was_woken(run),
        could_be_woken=can_be_advised(run),
        gave_back=given_back(run),
        exit_wait=usual_exit_wait(run),
        held_reasons=_held_reasons(run),
        unobserved=_unobserved(run),
        suspended=_suspended(run),
        unsure=unsure_ends(run),
    )


def _held_reasons(run: Run) -> tuple[str, ...]:
    records = (a.accounting for a in run.attempts.values() if a.phases.get("held"))
    return tuple(sorted({one.reason for one in records if one is not None and one.reason}))


def _unobserved(run: Run) -> dict[str, int]:
    counts: dict[str, int] = {}
    for attempt in run.attempts.values():
        for reason in () if attempt.is_member else dict.fromkeys(attempt.unobserved):
            counts[reason] = counts.get(reason, 0) + 1
    return counts


def _suspended(run: Run) -> tuple[int, float]:
    """Return how long Slurm had suspended jobs: no phase of theirs shows it."""
    records = (one.accounting for one in run.attempts.values())
    known = [one.suspended_s for one in records if one is not None and one.suspended_s]
    return len(known), sum(known)
