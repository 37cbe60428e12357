"""The cost of a run: phases summed over its jobs, and the owners of its makespan."""

from collections.abc import Iterable
from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.cost.partition import (
    MakespanSegment,
    partition,
    phase_totals,
)
from snakemake_logger_plugin_observe.analysis.phrasing import group_name
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import UNATTRIBUTED, by_class


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
    makespan_by_phase = phase_totals(list(segments))
    attempts = list(run.attempts.values())
    jobs_by_phase = sum_phases(attempts)
    single = [attempt for attempt in attempts if attempt.job_id is not None]
    failed = [attempt for attempt in attempts if attempt.status == "failed"]
    return Account(
        makespan=run.makespan,
        segments=segments,
        makespan_by_phase=makespan_by_phase,
        makespan_by_class=by_class(makespan_by_phase),
        jobs_by_phase=jobs_by_phase,
        jobs_by_class=by_class(jobs_by_phase),
        rules=_rules(run),
        job_count=len({attempt.job_id for attempt in single}),
        attempt_count=len(single),
        failed_attempts=_failed_attempts(failed),
        failed=sum(sum(attempt.phases.values()) for attempt in failed),
        core_s=_core_seconds(run, single),
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


def _rules(run: Run) -> tuple[RuleShare, ...]:
    """Return the cost of each rule, highest first; submissions of groups by group name."""
    by_rule: dict[tuple[str | None, str | None], list[Attempt]] = {}
    for attempt in run.attempts.values():
        rule, group = run.rule_of(attempt), None
        if attempt.job_id is None:
            group = group_name(run, attempt.group)
        by_rule.setdefault((rule, group), []).append(attempt)
    shares = [
        RuleShare(
            rule, group, len({a.key[0] for a in attempts}), len(attempts), sum_phases(attempts)
        )
        for (rule, group), attempts in by_rule.items()
    ]
    return tuple(sorted(shares, key=lambda share: (-share.total, share.rule or share.group or "")))


def _core_seconds(run: Run, attempts: list[Attempt]) -> float | None:
    """Return compute seconds times threads, or None if no attempt has both."""
    total = 0.0
    known = False
    for attempt in attempts:
        job = run.job_of(attempt)
        compute = attempt.phases.get("compute")
        threads = job.threads if job is not None else None
        if compute is not None and threads is not None and threads >= 0:
            total += compute / 1_000_000 * threads
            known = True
    return round(total, 6) if known else None
