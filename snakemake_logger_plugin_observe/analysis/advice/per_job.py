"""Levers on Snakemake's own work for each job: fewer, grouped, chosen by another scheduler."""

from collections.abc import Iterable, Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.advice.lever import Choice, Lever, single
from snakemake_logger_plugin_observe.analysis.cost.account import Account, RuleShare
from snakemake_logger_plugin_observe.analysis.cost.selections import selections
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import UNOBSERVED

_PER_JOB: Final = ("select", "main_loop", "dispatch", "postprocess", "stage_in", "stage_out")
_PER_SUBMISSION: Final = (
    *("dispatch", "submit", "queue_wait", "job_script", "node_startup", "node_plan", "node_exit"),
)
_OWN_SNAKEMAKE: Final = ("node_startup", "node_plan", "node_exit")
"""What a Snakemake takes that starts for one job on the main machine."""
_SHORT_TOOL: Final = 60_000_000  # a job with a shorter tool may be better submitted in a group
_TINY_TOOL: Final = 10_000_000
_MIN_JOBS_TO_GROUP: Final = 3
_MIN_JOBS_TO_MERGE: Final = 20
MERGED: Final = 10
"""How many jobs' outputs one job is to make, where Snakemake's work for each takes long."""
_GROUP: Final = 60_000_000
"""The aim for a group's compute time: worth its start-up, yet little is lost if it fails."""
_MOST_IN_GROUP: Final = 50


def scheduler(run: Run, account: Account, least: Micros) -> Iterator[Choice]:
    """Yield the greedy scheduler, if choosing jobs with another took long."""
    name = run.started.settings.get("scheduler") if run.started is not None else None
    spent = sum(one.end - one.begin for one in selections(run))
    if not isinstance(name, str) or name == "greedy" or spent < least:
        return
    share = 100 * account.makespan_by_phase.get("select", 0) / account.makespan
    yield single(
        Lever(
            "scheduler",
            "use --scheduler greedy",
            f"choosing jobs with {name} (select) took {share:.0f} % of the run",
            (("scheduler", "greedy"),),
            at_most=True,
        )
    )


def nested(run: Run, account: Account, least: Micros) -> Iterator[Choice]:
    """Yield a job without a Snakemake of its own, where ``run:`` or ``shadow:`` starts one."""
    started = _starting_snakemake(run, account)
    rule = max(started, key=lambda name: (started[name], name), default=None)
    if rule is None or sum(started.values()) < least:
        return
    jobs = sum(1 for job in run.jobs.values() if job.rule == rule)
    yield single(
        Lever(
            "nested",
            f"let {rule} do without run: and shadow:, with script: or shell:",
            f"{'its job' if jobs == 1 else f'each of its {jobs:,} jobs'} starts a whole Snakemake "
            "for them",
            without=_OWN_SNAKEMAKE,
            rule=rule,
            at_most=True,
        )
    )


def _starting_snakemake(run: Run, account: Account) -> dict[str, Micros]:
    """Return, of each rule, how much of the makespan a Snakemake took that started for a job."""
    here = {job.rule for job in run.jobs.values() if job.local}
    found: dict[str, Micros] = {}
    for one in account.segments:
        if one.phase in _OWN_SNAKEMAKE and one.rule is not None and one.rule in here:
            found[one.rule] = found.get(one.rule, 0) + one.end - one.start
    return found


def fewer_jobs(run: Run, account: Account, least: Micros) -> Iterator[Choice]:
    """Yield one job in place of many of a rule, if Snakemake's own work for each took long."""
    started = _starting_snakemake(run, account)
    spent = sum(account.makespan_by_phase.get(phase, 0) for phase in _PER_JOB)
    many = [
        share
        for share in account.rules
        if share.rule is not None
        and share.jobs >= (_MIN_JOBS_TO_GROUP if share.rule in started else _MIN_JOBS_TO_MERGE)
        and (share.rule in started or not share.by_phase.get("node_startup"))
        and _tool(share) <= _TINY_TOOL * share.attempts
    ]
    most = max(many, key=lambda share: share.jobs, default=None)
    if most is None or most.rule is None or spent + started.get(most.rule, 0) < least:
        return
    size = MERGED
    if most.rule in started:
        slots = (run.started.cores if run.started is not None else None) or 1
        size = min(MERGED, max(2, -(-most.jobs // slots)))
    tool = _tool(most) / most.attempts / 1e6
    at_most = "at most " if UNOBSERVED in most.by_phase else ""
    yield single(
        Lever(
            "fewer_jobs",
            f"let one job of {most.rule} make the outputs of {size}",
            f"Snakemake's own work for its {most.jobs:,} jobs of {at_most}{tool:.2g} s each",
            (("merge", f"{most.rule}={size}"),),
            rule=most.rule,
        )
    )


def _tool(share: RuleShare) -> Micros:
    """Return how long the tools of a rule took; at most, if that was not observed."""
    return share.by_phase.get("compute", 0) + share.by_phase.get(UNOBSERVED, 0)


def grouping(account: Account, least: Micros) -> Iterator[Choice]:
    """Yield groups of a rule's short jobs, if their submissions took long."""
    small = _rule_to_group(account.rules)
    if small is None or small.rule is None:
        return
    owned = sum(
        one.end - one.start
        for one in account.segments
        if one.rule == small.rule and one.phase in _PER_SUBMISSION
    )
    if owned < least:
        return
    tool = small.by_phase.get("compute", 0) // small.attempts
    size = group_size(small.jobs, tool)
    yield single(
        Lever(
            "grouping",
            f"group {size} jobs of {small.rule}, with --groups and --group-components",
            f"each of {small.jobs:,} has {tool / 1e6:.3g} s of work and "
            f"{_overhead(small) / small.attempts / 1e6:.3g} s of overhead",
            (("group", f"{small.rule}={size}"),),
            rule=small.rule,
        )
    )


def group_size(jobs: int, tool: Micros) -> int:
    """Return how many of a rule's *jobs* to group, if each tool runs for *tool*."""
    return max(2, min(_MOST_IN_GROUP, jobs // 2, _GROUP // max(tool, 1)))


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


def _overhead(share: RuleShare) -> Micros:
    return sum(share.by_phase.get(phase, 0) for phase in _PER_SUBMISSION)
