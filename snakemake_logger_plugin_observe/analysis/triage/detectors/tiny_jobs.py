"""Too many short jobs: the overhead of running them exceeds the time of their tools."""

from collections.abc import Iterator
from statistics import median
from typing import Final

from snakemake_logger_plugin_observe.analysis.advice.per_job import MERGED
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.time_evidence import group_size
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.pasting import command, option
from snakemake_logger_plugin_observe.run.attempt import Attempt

CLASS: Final = "tiny_jobs"
_FEWEST: Final = 20
_TINY: Final = 10_000_000
_OVERHEAD: Final = (
    *("dispatch", "submit", "job_script", "node_startup", "node_plan", "stage_in", "stage_out"),
    *("node_exit", "poll_wait", "postprocess"),
)


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each rule whose overhead matters, or explains why it was slower."""
    by_rule: dict[str, list[Attempt]] = {}
    for attempt in case.run.attempts.values():
        if (rule := case.run.rule_of(attempt)) is not None:
            by_rule.setdefault(rule, []).append(attempt)
    for rule, attempts in by_rule.items():
        tools = [a.phases.get("compute") for a in attempts]
        known = [micros for micros in tools if micros is not None]
        jobs = len({a.job_id for a in attempts})
        if jobs < _FEWEST or not known or median(known) > _TINY:
            continue
        overhead = sum(a.phases.get(phase, 0) for a in attempts for phase in _OVERHEAD)
        share = len(attempts) / max(1, case.account.attempt_count)
        mine = [s for s in case.account.segments if s.rule == rule]
        worked = sum(s.end - s.start for s in mine if s.phase == "compute")
        owned = sum(s.end - s.start for s in mine) - worked
        owned += round(share * case.spent("select", "main_loop"))
        if overhead < 2 * sum(known) and owned < worked:
            continue
        if not (case.is_large(owned) or (case.explains_slowness(owned) and _new(case, rule))):
            continue
        slow = sorted(attempts, key=lambda a: -sum(a.phases.get(p, 0) for p in _OVERHEAD))[:3]
        yield Incident(
            id=f"{CLASS}:{rule}",
            incident_class=CLASS,
            where="workflow semantics",
            claim=f"{jobs:,} jobs of {rule} compute {median(known) / 1e6:.2f} s each, and their "
            f"overhead took {owned / 1e6:.1f} s of the run",
            strength="certain" if case.baseline is not None else "likely",
            explains=owned,
            failures=0,
            evidence=tuple(
                one
                for a in slow
                for one in case.side.at_line(a.line, f"compute: {a.phases.get('compute', 0)} µs")
            ),
            wrong_if="a run with fewer jobs for the same outputs takes as long",
            action=_action(rule, attempts, jobs, round(median(known))),
            check=f"jobs_planned <= {len(case.run.jobs) - jobs + 1}",
            rules=(rule,),
        )


def _action(rule: str, attempts: list[Attempt], jobs: int, tool: Micros) -> Action:
    """Return how to avoid the overhead; groups help only jobs that are submitted."""
    if any("node_startup" in attempt.phases for attempt in attempts):
        size = group_size(jobs, tool)
        return Action(
            f"group about {size} jobs of {rule} (with --groups and --group-components), or let one "
            "job make the outputs of many",
            "each job is selected, submitted, started and checked by itself",
            move=(("group", f"{rule}={size}"),),
            commands=(
                command(
                    *option("--groups", f"{rule}={rule}"),
                    *option("--group-components", f"{rule}={size}"),
                    purpose="arguments for snakemake",
                ),
            ),
        )
    return Action(
        f"let one job make the outputs of many jobs of {rule}",
        "each job is selected, started and checked by itself",
        move=(("merge", f"{rule}={MERGED}"),),
    )


def _new(case: Case, rule: str) -> bool:
    """Whether the baseline had far fewer jobs of *rule*."""
    if case.baseline is None:
        return False
    before = sum(1 for job in case.baseline.jobs.values() if job.rule == rule)
    now = sum(1 for job in case.run.jobs.values() if job.rule == rule)
    return now >= 2 * max(1, before)
