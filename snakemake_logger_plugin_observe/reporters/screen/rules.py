"""How far the jobs of each rule of a watched run got: counted as ``job_counts`` counts them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from snakemake_logger_plugin_observe.analysis.remaining.so_far import SoFar
from snakemake_logger_plugin_observe.analysis.remaining.units import never_by_rule, waiting_by_rule
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import FAILED


@dataclass(frozen=True, slots=True)
class RuleRow:
    """The jobs of one rule."""

    rule: str
    done: int
    in_flight: int
    waiting: int | None
    """None if it is not known what was planned."""
    failed: int
    cancelled: int
    never: int
    """How many will not run: a job that they need, or without --keep-going any, failed, or the run
    ends on request."""
    usual: Micros | None
    """The median length of those that have ended, from selection to end."""

    @property
    def planned(self) -> int | None:
        """How many there are in all."""
        if self.waiting is None:
            return None
        ended = self.done + self.failed + self.cancelled
        return ended + self.in_flight + self.waiting + self.never

    @property
    def not_reached(self) -> int | None:
        """How many were not reached, whether they waited or would not have run."""
        return None if self.waiting is None else self.waiting + self.never


def rule_rows(so_far: SoFar, *, ended: bool) -> tuple[RuleRow, ...]:
    """Return a row for each rule with jobs, in the order in which they came; unknown ones last.

    Once the run has *ended*, no job is tried again.
    """
    waiting, in_flight = Counter(waiting_by_rule(so_far)), so_far.in_flight_by_rule()
    never = never_by_rule(so_far)
    failed, cancelled = so_far.failed.copy(), _cancelled(so_far)
    failed -= cancelled
    if ended:
        for job_id, rule in _without_retry(so_far):
            left = waiting if waiting[rule] else never
            left[rule] -= 1
            (cancelled if job_id in _cut_off(so_far) else failed)[rule] += 1
    is_planned = so_far.run.planned is not None
    usual: dict[str, list[Micros]] = {}
    for kind, lengths in so_far.lengths.items():
        if len(kind) == 1:
            usual.setdefault(kind[0][0], []).extend(lengths)
    begun = dict.fromkeys(job.rule for job in so_far.jobs.values())
    counted = (waiting, so_far.done, failed, cancelled, in_flight, never)
    return tuple(
        RuleRow(
            rule,
            so_far.done[rule],
            in_flight[rule],
            waiting[rule] if is_planned else None,
            failed[rule],
            cancelled[rule],
            never[rule],
            round(median(usual[rule])) if rule in usual else None,
        )
        for rule in dict.fromkeys((*begun, *waiting))
        if any(one[rule] for one in counted)
    )


def _cut_off(so_far: SoFar) -> set[int | None]:
    """Return the jobs whose last failure was no failure: the run's interruption cut them off."""
    last = {one.attempt.job_id: one.attempt.status for one in so_far.failures}
    return {job_id for job_id, status in last.items() if status not in FAILED}


def _cancelled(so_far: SoFar) -> Counter[str]:
    """Return how many jobs of each rule ended by being cancelled."""
    cut_off = _cut_off(so_far)
    ended = (one for one, end in so_far.ends.items() if end == "cancelled" or one in cut_off)
    return Counter(so_far.jobs[one].rule for one in ended if one in so_far.jobs)


def _without_retry(so_far: SoFar) -> Iterator[tuple[int, str]]:
    """Yield each job that failed, and whose retry never came, with its rule."""
    for name in so_far.run.last_numbers:
        if not isinstance(name, int) or name in so_far.ends or name not in so_far.jobs:
            continue
        if (name, so_far.run.last_numbers[name]) not in so_far.run.attempts:
            yield name, so_far.jobs[name].rule
