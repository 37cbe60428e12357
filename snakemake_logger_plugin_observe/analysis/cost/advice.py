"""What a person should change first: the levers under a run's makespan, the longest first."""

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
_WORTH_SAYING: Final = 0.1
_TINY: Final = 60_000_000  # a tool that runs for less may be too small to be submitted by itself
_FEWEST_TO_GROUP: Final = 3


@dataclass(frozen=True, slots=True)
class Lever:
    """Something to change, and the part of the makespan that it governs."""

    kind: str
    """``polling``, ``grouping``, ``limits``, ``queue``, ``staging``, ``planning``, ``compute``."""
    micros: Micros
    setting: str | None = None
    """The flag that governs it."""
    value: float | None = None
    """What that flag is now, or amounts to."""
    rule: str | None = None
    jobs: int = 0
    overhead: Micros = 0
    """What each job of the rule pays before and after its tool."""
    tool: Micros = 0
    """How long its tool runs, on average."""


def levers(run: Run, account: Account) -> list[Lever]:
    """Return what to change, the largest part of the makespan first."""
    worth = account.makespan * _WORTH_SAYING
    found = [lever for lever in _all(run, account) if lever.micros >= max(worth, 1)]
    return sorted(found, key=lambda lever: -lever.micros)


def _all(run: Run, account: Account) -> Iterable[Lever]:
    phases, classes = account.makespan_by_phase, account.makespan_by_class
    governed = polling(run)
    if governed is not None:
        waited = sum(phases.get(phase, 0) for phase in _POLLING)
        yield Lever("polling", waited, governed.setting, governed.longest_s)
    tiny = _tiny(account.rules)
    queued = classes.get("queue", 0)
    if tiny is not None:
        spent = _owned_by(tiny.rule, account, _PER_SUBMISSION)
        queued -= _owned_by(tiny.rule, account, ("queue_wait",))
        yield Lever(
            "grouping",
            spent,
            rule=tiny.rule,
            jobs=tiny.jobs,
            overhead=_overhead(tiny) // tiny.attempts,
            tool=tiny.by_phase.get("compute", 0) // tiny.attempts,
        )
    yield Lever("queue", queued)
    started = run.started
    if started is not None and (started.jobs or started.cores):
        setting = "--jobs" if started.jobs else "--cores"
        yield Lever("limits", classes.get("limits", 0), setting, started.jobs or started.cores)
    yield Lever("staging", classes.get("staging", 0))
    yield Lever("planning", sum(phases.get(phase, 0) for phase in ("parse", "plan")))
    # A service runs for as long as others use it: nothing is gained by a faster one.
    services = {job.rule for job in run.jobs.values() if job.service}
    tools = [share for share in account.rules if share.rule and share.rule not in services]
    costly = max(tools, key=lambda share: share.by_phase.get("compute", 0), default=None)
    if costly is not None:
        yield Lever("compute", classes.get("compute", 0), rule=costly.rule, jobs=costly.jobs)


def _tiny(rules: Iterable[RuleShare]) -> RuleShare | None:
    """Return the rule whose many small jobs pay most for being submitted one by one."""
    many = [
        share
        for share in rules
        if share.rule is not None
        and share.jobs >= _FEWEST_TO_GROUP
        and share.by_phase.get("node_startup")
        and share.by_phase.get("compute", 0) < min(_TINY * share.attempts, _overhead(share))
    ]
    return max(many, key=_overhead, default=None)


def _owned_by(rule: str | None, account: Account, phases: Iterable[str]) -> Micros:
    """Return the part of the makespan that *rule*'s jobs own with *phases*."""
    return sum(
        one.end - one.start for one in account.segments if one.rule == rule and one.phase in phases
    )


def _overhead(share: RuleShare) -> Micros:
    return sum(share.by_phase.get(phase, 0) for phase in _PER_SUBMISSION)
