"""The cost of a run: phases summed over its jobs, and the owners of its makespan."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.partition import (
    MakespanSegment,
    partition,
    partition_sums,
    phase_totals,
)
from snakemake_logger_plugin_observe.analysis.phrasing import group_name
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import UNATTRIBUTED, by_class

PHASE_MATTERS: Final = 0.005
"""The share of the makespan from which on a phase is shown."""


@dataclass(frozen=True, slots=True)
class RuleShare:
    """What the attempts of a rule cost; ``rule`` is None for the submissions of groups."""

    rule: str | None
    group: str | None
    jobs: int
    attempts: int
    by_phase: dict[str, Micros]

    @property
    def total(self) -> Micros:
        """The sum over its phases."""
        return sum(self.by_phase.values())


@dataclass(frozen=True, slots=True)
class Account:
    """Where the time of a run went; durations in microseconds."""

    makespan: Micros
    segments: tuple[MakespanSegment, ...]
    makespan_by_phase: dict[str, Micros]
    makespan_by_class: dict[str, Micros]
    jobs_by_phase: dict[str, Micros]
    jobs_by_class: dict[str, Micros]
    rules: tuple[RuleShare, ...]
    job_count: int
    attempt_count: int
    failed_attempts: int
    failed: Micros
    core_s: float | None

    @property
    def unattributed(self) -> Micros:
        """The part of the makespan that has no explanation."""
        return self.makespan_by_phase.get(UNATTRIBUTED, 0)

    def shows(self, cost_class: str) -> bool:
        """Whether phases of a class may be shown: they are not if they hardly took any time."""
        return self.makespan_by_class[cost_class] >= PHASE_MATTERS * self.makespan

    @property
    def mostly_held(self) -> bool:
        """Whether it was the cluster that kept jobs back, rather than the run's own limits."""
        return 2 * self.makespan_by_phase.get("held", 0) > self.makespan_by_class["limits"]


def account(run: Run, segments: tuple[MakespanSegment, ...] | None = None) -> Account:
    """Return the job account and the makespan partition of *run*, computed from its stamps.

    Args:
        run: the run.
        segments: its makespan partition, if already known.

    """
    segments = tuple(partition(run)) if segments is None else segments
    return _account(run, segments, phase_totals(segments))


def account_sums(run: Run) -> Account:
    """Return the same without the segments of the makespan: their sums take less time."""
    return _account(run, (), partition_sums(run))


def _account(
    run: Run, segments: tuple[MakespanSegment, ...], makespan_by_phase: dict[str, Micros]
) -> Account:
    sums = _JobSums(run)
    failed = [attempt for attempt in run.attempts.values() if attempt.status == "failed"]
    return Account(
        makespan=run.makespan,
        segments=segments,
        makespan_by_phase=makespan_by_phase,
        makespan_by_class=by_class(makespan_by_phase),
        jobs_by_phase=sums.by_phase,
        jobs_by_class=by_class(sums.by_phase),
        rules=sums.rules,
        job_count=sums.job_count,
        attempt_count=sums.attempt_count,
        failed_attempts=_failed_attempts(failed),
        failed=sum(sum(attempt.phases.values()) for attempt in failed),
        core_s=round(sums.core_s, 6) if sums.core_s is not None else None,
    )


def _failed_attempts(failed: Iterable[Attempt]) -> int:
    """Return how many attempts failed; a group's counts once if none of its members failed."""
    jobs = [one for one in failed if one.job_id is not None]
    with_members = {(one.group, one.number) for one in jobs if one.is_member}
    groups = (one for one in failed if one.job_id is None)
    return len(jobs) + sum((one.group, one.number) not in with_members for one in groups)


def sum_phases(attempts: Iterable[Attempt]) -> dict[str, Micros]:
    """Return microseconds per phase over *attempts*."""
    totals: dict[str, Micros] = {}
    for attempt in attempts:
        for phase, micros in attempt.phases.items():
            totals[phase] = totals.get(phase, 0) + micros
    return totals


@dataclass(slots=True)
class _RuleSum:
    """What the attempts of a rule or a group cost so far."""

    jobs: set[int | str] = field(default_factory=set)
    attempts: int = 0
    by_phase: dict[str, Micros] = field(default_factory=dict)


class _JobSums:
    """Sums over the attempts of a run, made in one go: there may be millions of them."""

    def __init__(self, run: Run) -> None:
        self.attempt_count = 0
        self.core_s: float | None = None
        """Compute seconds times threads; None if no attempt has both."""
        self._jobs: set[int] = set()
        self._in_order: dict[str, Micros] = {}
        self._by_rule: dict[tuple[str | None, str | None], _RuleSum] = {}
        for attempt in run.attempts.values():
            job = run.job_of(attempt)
            rule, group = job.rule if job is not None else None, None
            if attempt.job_id is None:
                group = group_name(run, attempt.group)
            else:
                self._jobs.add(attempt.job_id)
                self.attempt_count += 1
            compute = self._add(attempt, rule, group)
            if compute is None or attempt.job_id is None:
                continue
            threads = job.threads if job is not None else None
            if threads is not None and threads >= 0:
                self.core_s = (self.core_s or 0.0) + compute / 1_000_000 * threads

    def _add(self, attempt: Attempt, rule: str | None, group: str | None) -> Micros | None:
        """Add one attempt; return how long its tool ran, None if that is not known."""
        own = self._by_rule.get((rule, group))
        if own is None:
            own = self._by_rule[rule, group] = _RuleSum()
        own.jobs.add(attempt.job_id if attempt.job_id is not None else attempt.group or "")
        own.attempts += 1
        sums, segments = own.by_phase, attempt.segments
        phases = segments.phases
        for phase in phases:
            if phase not in sums:
                sums[phase] = 0
                self._in_order.setdefault(phase, 0)
        before = sums.get("compute", 0)
        segments.add_to(sums)
        return sums["compute"] - before if "compute" in phases else None

    @property
    def job_count(self) -> int:
        """How many jobs had an attempt."""
        return len(self._jobs)

    @property
    def by_phase(self) -> dict[str, Micros]:
        """Microseconds per phase."""
        known = self._by_rule.values()
        return {name: sum(one.by_phase.get(name, 0) for one in known) for name in self._in_order}

    @property
    def rules(self) -> tuple[RuleShare, ...]:
        """The cost of each rule, highest first; submissions of groups by group name."""
        shares = [
            RuleShare(rule, group, len(own.jobs), own.attempts, own.by_phase)
            for (rule, group), own in self._by_rule.items()
        ]
        shares.sort(key=lambda share: (-share.total, share.rule or share.group or ""))
        return tuple(shares)
