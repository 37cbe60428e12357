"""How much longer a run with ``--timed-wake on`` would have taken by its executor's checks alone.

Each end that an early check found would have been found by the executor's next own check, and what
that end released would have begun as much later. So lateness is handed on from end to submission,
and each end rounds it up to the next check. Jobs that ended side by side share one lateness.

When the cluster first showed an end is only known to lie between two looks; where the executor's
own check would have come between these, it may have found it, or waited for another interval.
"""

from bisect import bisect_right
from typing import NamedTuple

from snakemake_logger_plugin_observe.analysis.cost.waking import was_woken
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import EarlyCheck
from snakemake_logger_plugin_observe.run.attempt import Attempt, Key
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.readiness import awaited_replanning, dependencies

_AT_ONCE: Micros = 1_000_000
"""A submission that was selected so soon after it was ready did not wait for another one's end."""


class GivenBack(NamedTuple):
    """How much shorter a run got: at least, and at most."""

    least: Micros
    most: Micros

    def __str__(self) -> str:
        """Return it in seconds, as one number where that is about all."""
        least, most = self.least / 1e6, self.most / 1e6
        if most - least < max(1, most / 10):
            return f"about {most:.0f} s"
        return f"{least:.0f} to {most:.0f} s"


def given_back(run: Run) -> GivenBack | None:
    """Return how much shorter early checks made *run*; None if they did not.

    The executor's interval is taken as its shortest: where it grows, the run got shorter by more.
    """
    if not was_woken(run):
        return None
    last_sleep = sum(
        max(0, round(one.poll_interval_s * 1e6) - (one.end - one.time))
        for one in run.phases
        if one.phase == "shutdown" and one.poll_interval_s
    )
    known = [one for one in run.early_checks if one.left_s is not None and one.poll_interval_s]
    if not known:
        return GivenBack(last_sleep, last_sleep) if last_sleep else None
    soon, late = (_Lateness(run, known, late=late).at_the_end() for late in (False, True))
    least, most = sorted((last_sleep + soon, last_sleep + late))
    return GivenBack(least, most) if most else None


class _Lateness:
    """How much later each end of a run would have been noticed."""

    def __init__(self, run: Run, early: list[EarlyCheck], *, late: bool) -> None:
        self._run = run
        self._late = late
        self._every = min(round((one.poll_interval_s or 0) * 1e6) for one in early)
        # Until the first early check, the executor's own are where they would have been.
        self._own = early[0].time + round((early[0].left_s or 0) * 1e6)
        self._early = [one.time for one in early]
        self._early_ends = [one.time + round((one.took_s or 0) * 1e6) for one in early]
        self._of: dict[Key, Micros] = {}
        self._order: list[Micros] = []
        self._in_order: list[Micros] = []

    def at_the_end(self) -> Micros:
        """Return how much later the last end would have been noticed."""
        ended = [(a.stamps.reported, a) for a in self._run.attempts.values() if not a.is_member]
        last = latest = 0
        for reported, attempt in sorted(
            ((moment, a) for moment, a in ended if moment is not None), key=lambda one: one[0]
        ):
            later = self._handed_on(attempt)
            if attempt.poll_interval_s is not None and self._was_found_early(reported):
                shown = self._shown(attempt, reported) + later
                later = shown + -(shown - self._own) % self._every - reported
            self._of[attempt.key] = later
            self._order.append(reported)
            self._in_order.append(later)
            last, latest = reported, max(latest, reported + later)
        return max(0, latest - last)

    def _shown(self, attempt: Attempt, reported: Micros) -> Micros:
        """Return when the cluster first showed an end: at the latest, or as soon as can be."""
        if self._late:
            return reported
        missed = attempt.status_check.previous if attempt.status_check is not None else None
        known = [one for one in (missed, attempt.node_ended) if one is not None]
        return min(reported, max(known, default=reported))

    def _handed_on(self, attempt: Attempt) -> Micros:
        """Return how much later *attempt* would have begun, by the ends that released it."""
        run, key, of = self._run, attempt.key, self._of
        found = [of.get((key[0], key[1] - 1), 0)]
        for need in dependencies(run, key) or ():
            last = run.last_attempt(need)
            made_it = run.submission_of(last) if last is not None else None
            found.append(of.get(made_it.key, 0) if made_it is not None else 0)
        if (replanning := awaited_replanning(run, key)) is not None:
            found.append(self._last_before(replanning.time))
        ready, selected = attempt.stamps.ready, attempt.stamps.selected
        if ready is not None and selected is not None and selected - ready > _AT_ONCE:
            found.append(self._last_before(selected))
        return max(found)

    def _last_before(self, moment: Micros) -> Micros:
        """Return how much later the last end before *moment* would have been noticed."""
        before = bisect_right(self._order, moment)
        return self._in_order[before - 1] if before else 0

    def _was_found_early(self, reported: Micros) -> bool:
        at = bisect_right(self._early, reported) - 1
        return at >= 0 and reported <= self._early_ends[at]
