"""What to change first: settings and rules that govern large parts of a run's makespan."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.account import Account, RuleShare
from snakemake_logger_plugin_observe.analysis.cost.polling import polling
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run

_POLLING: Final = ("poll_wait", "shutdown")
_PER_SUBMISSION: Final = (
    "dispatch",
    "submit",
    "queue_wait",
    "node_startup",
    "node_plan",
    "node_exit",
)
_MIN_SHARE: Final = 0.1
_LEAST_PLANNING: Final = 1_000_000  # Snakemake takes some tenths of a second for any workflow
_SHORT_TOOL: Final = 60_000_000  # a job with a shorter tool may be better submitted in a group
_MIN_JOBS_TO_GROUP: Final = 3


@dataclass(frozen=True, slots=True)
class Lever:
    """Something to change, and the part of the makespan that it governs."""

    kind: str
    """``polling``, ``grouping``, ``limits``, ``queue``, ``staging``, ``planning``, ``compute``."""
    micros: Micros
    setting: str | None = None
    """The flag that governs it."""
    value: float | None = None
    """The value of that flag in this run."""
    rule: str | None = None
    jobs: int = 0
    overhead: Micros = 0
    """The mean overhead of an attempt of the rule, before and after its tool."""
    tool: Micros = 0
    """The mean length of its tool."""


def levers(run: Run, account: Account) -> list[Lever]:
    """Return what to change, the largest part of the makespan first."""
    least = max(account.makespan * _MIN_SHARE, 1)
    found = [lever for lever in _candidates(run, account) if lever.micros >= least]
    return sorted(found, key=lambda lever: -lever.micros)


def _candidates(run: Run, account: Account) -> Iterable[Lever]:
    phases, classes = account.makespan_by_phase, account.makespan_by_class
    polled = polling(run)
    if polled is not None:
        waited = sum(phases.get(phase, 0) for phase in _POLLING)
        yield Lever("polling", waited, polled.setting, polled.longest_s)
    small = _rule_to_group(account.rules)
    queued = classes.get("queue", 0)
    if small is not None:
        spent = _owned_by(small.rule, account, _PER_SUBMISSION)
        queued -= _owned_by(small.rule, account, ("queue_wait",))
        yield Lever(
            "grouping",
            spent,
            rule=small.rule,
            jobs=small.jobs,
            overhead=_overhead(small) // small.attempts,
            tool=small.by_phase.get("compute", 0) // small.attempts,
        )
    yield Lever("queue", queued)
    started = run.started
    if started is not None and (started.jobs or started.cores):
        setting = "--jobs" if started.jobs else "--cores"
        yield Lever("limits", classes.get("limits", 0), setting, started.jobs or started.cores)
    yield Lever("staging", classes.get("staging", 0))
    planned = sum(phases.get(phase, 0) for phase in ("parse", "plan"))
    if planned >= _LEAST_PLANNING:
        yield Lever("planning", planned)
    # A service runs for as long as other jobs use it: speeding it up saves nothing.
    services = {job.rule for job in run.jobs.values() if job.service}
    tools = [share for share in account.rules if share.rule and share.rule not in services]
    costliest = max(tools, key=lambda share: share.by_phase.get("compute", 0), default=None)
    if costliest is not None:
        yield Lever("compute", classes.get("compute", 0), rule=costliest.rule, jobs=costliest.jobs)


def _rule_to_group(rules: Iterable[RuleShare]) -> RuleShare | None:
    """Return the rule with many short jobs that have the largest overhead, if there is one."""
    found = [
        share
        for share in rules
        if share.rule is not None
        and share.jobs >= _MIN_JOBS_TO_GROUP
        and share.by_phase.get("node_startup")
        and share.by_phase.get("compute", 0) < min(_SHORT_TOOL * share.attempts, _overhead(share))
    ]
    return max(found, key=_overhead, default=None)


def _owned_by(rule: str | None, account: Account, phases: Iterable[str]) -> Micros:
    """Return how much of the makespan jobs of *rule* own with *phases*."""
    return sum(
        one.end - one.start for one in account.segments if one.rule == rule and one.phase in phases
    )


def _overhead(share: RuleShare) -> Micros:
    return sum(share.by_phase.get(phase, 0) for phase in _PER_SUBMISSION)
