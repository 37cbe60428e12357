"""What released a job: the last thing that had to happen before it could be selected."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import (
    CORES,
    JOBS,
    Limits,
    LimitUsage,
    LocalWorkers,
    Submissions,
)
from snakemake_logger_plugin_observe.analysis.cost.selection_rate import selection_rate
from snakemake_logger_plugin_observe.analysis.cost.selections import selections
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.readiness import awaited_replanning, dependencies


@dataclass(frozen=True, slots=True)
class Release:
    """What released a job: the end of an attempt, or the beginning of scheduling."""

    reason: str
    """``dependency``, ``previous_attempt``, ``replanning``, ``scheduling``; or what was freed:
    ``freed_slot`` (of ``--jobs``), ``freed_cores``, ``freed_worker``, ``freed_resource``, or
    ``freed_unknown`` if the journal does not show which; ``rate`` if ``--max-jobs-per-timespan``
    let no more be selected since the submission named here."""
    job_id: int | None = None
    group: str | None = None
    attempt: int | None = None
    resource: str | None = None
    """The name of the resource that was freed."""


class Released(NamedTuple):
    """How a job was released."""

    moment: Micros | None
    """When; None at the beginning of scheduling, if that is not known."""
    attempt: Attempt | None
    """The attempt whose end released it; None at the beginning of scheduling."""
    reason: str
    resource: str | None = None
    """The name of the resource that was freed."""


def as_release(released: Released) -> Release:
    """Return what released a job, by name."""
    one = released.attempt
    if one is None:
        return Release(released.reason)
    return Release(released.reason, one.job_id, one.group, one.number, released.resource)


class Releases:
    """Finds what released each submission of a run."""

    def __init__(self, run: Run, submissions: Submissions) -> None:
        """Index the selections of *run*, and the limits that its *submissions* took."""
        self._run = run
        self._submissions = submissions
        known = selections(run)
        self._selection_starts = [one.begin for one in known]
        self._ready_until = [one.ready_until for one in known]
        self._selection_ends = [one.end for one in known]
        self._usage = LimitUsage(Limits(run), submissions)
        self._workers = LocalWorkers(run, submissions)
        self._rate = selection_rate(run)
        self._in_order: list[Attempt] = []
        if self._rate is not None:
            chosen = [one for one in submissions.attempts if one.stamps.selected is not None]
            self._in_order = sorted(chosen, key=_selected)
        self._selected = [_selected(one) for one in self._in_order]

    def of_a_worker(self, attempt: Attempt, until: Micros) -> Released | None:
        """Return the end that freed the local worker *attempt* waited for *until* then, if any."""
        freed = self._workers.freed_for(attempt, until)
        if freed is None:
            return None
        other, moment = freed
        return Released(moment, other, "freed_worker")

    def of(self, attempt: Attempt, selected: Micros) -> Released:
        """Return what released *attempt*, selected at *selected*: the last of all candidates."""
        found: tuple[Micros, int, Attempt, str, str | None] | None = None
        for one in self._candidates(attempt, selected):
            if one[0] <= selected and one[2] is not attempt and (not found or one[:2] > found[:2]):
                found = one
        if found is None:
            return Released(self._run.scheduling_began, None, "scheduling")
        moment, _, other, reason, resource = found
        return Released(moment, other, reason, resource)

    def _candidates(
        self, attempt: Attempt, selected: Micros
    ) -> Iterator[tuple[Micros, int, Attempt, str, str | None]]:
        """Yield what *attempt* waited for: moment, rank among equals, attempt, reason, resource."""
        run = self._run
        previous = run.attempts.get((attempt.key[0], attempt.number - 1))
        if previous is not None and previous.end is not None:
            yield previous.end, 1, previous, "previous_attempt", None
        for job_id in dependencies(run, attempt.key) or ():
            last = self._final_submission(job_id)
            if last is not None and last.end is not None:
                yield last.end, 2, last, "dependency", None
        planned = awaited_replanning(run, attempt.key)
        if planned is not None and (cause := self._submissions.last_ended(planned.time)):
            yield cause.end or 0, 0, cause, "replanning", None
        if found := self._freed(attempt, selected):
            freed, reason, name = found
            moment = _selected(freed) if reason == "rate" else freed.end or 0
            yield moment, 3, freed, reason, name

    def _freed(self, attempt: Attempt, selected: Micros) -> tuple[Attempt, str, str | None] | None:
        """Return the end that freed what *attempt* lacked when a selection passed it over."""
        ready = attempt.stamps.ready
        before = bisect_right(self._selection_starts, selected) - 2
        passed_over = bisect_left(self._ready_until, ready or 0) <= before
        if ready is not None and not passed_over:
            return None
        if passed_over and before >= 0:
            ended = self._selection_ends[before]
            following = self._selection_starts[before + 1] - 1
            short = self._usage.short_at(attempt, ended, following)
            if found := self._usage.last_freed(short, ended, selected):
                freed, name = found
                reason = {JOBS: "freed_slot", CORES: "freed_cores"}.get(name, "freed_resource")
                return freed, reason, name if reason == "freed_resource" else None
            if (last := self._last_of_the_rate(ready or 0, selected)) is not None:
                return last, "rate", None
        other = self._submissions.last_ended(selected)
        if other is not None and other is not attempt and (other.end or 0) > (ready or 0):
            return other, "freed_unknown", None
        return None

    def _last_of_the_rate(self, ready: Micros, selected: Micros) -> Attempt | None:
        """Return the submission that had to be a timespan ago for another, if the rate was reached.

        It was, if the other was ready before that; and it explains the most of the other's wait.

        Args:
            ready: when the other was ready.
            selected: when it was selected.

        """
        rate, at = self._rate, self._selected
        if rate is None:
            return None
        before = bisect_left(at, selected)
        first = before - rate.most
        if first < 0:
            return None
        reached, over = max(ready, at[before - 1]), at[first] + rate.timespan
        return self._in_order[first] if over - reached >= max(1, selected - over) else None

    def _final_submission(self, job_id: int) -> Attempt | None:
        """Return the last submission that ran *job_id*: its own or that of its group."""
        last = self._run.last_attempt(job_id)
        return self._run.submission_of(last) if last is not None else None


def _selected(attempt: Attempt) -> Micros:
    return attempt.stamps.selected or 0
