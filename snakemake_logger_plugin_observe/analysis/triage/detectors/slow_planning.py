"""Reading the Snakefile and building the DAG took long: once, or again after each checkpoint."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.partition import Owned
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.costly import cite, half_of, spenders
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.truth.finding import named
from snakemake_logger_plugin_observe.clock import Micros

CLASS: Final = "slow_planning"
STORM: Final = "checkpoint_storm"
_PLANNING: Final = ("parse", "plan", "node_plan")
_FEWEST: Final = 3
"""So many re-plannings are a storm; fewer are part of the planning."""


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident where planning weighs, or explains why it was slower."""
    stretches = [one for one in case.account.segments if one.phase == "plan"]
    again = [one for one in case.run.phases if one.detail == "checkpoint"]
    later = [one for one in stretches if again and one.start >= again[0].time]
    replanned = _sum(later)
    if len(again) >= _FEWEST and _matters(case, replanned, "plan"):
        yield _storm(case, len(again), later, replanned)
        return
    spent = case.spent(*_PLANNING)
    if _matters(case, spent, *_PLANNING):
        yield _planning(case, stretches, spent)


def _matters(case: Case, spent: Micros, *phases: str) -> bool:
    grew = min(case.grew(*phases), spent)
    return case.weighs(spent) or case.explains_slowness(grew)


def _sum(stretches: list[Owned]) -> Micros:
    return sum(one.end - one.start for one in stretches)


def _storm(case: Case, times: int, later: list[Owned], replanned: Micros) -> Incident:
    asked = [job for job in case.run.jobs.values() if job.checkpoint]
    rules = tuple(dict.fromkeys(job.rule for job in asked))
    longest = sorted(later, key=lambda one: one.start - one.end)[:3]
    return Incident(
        id=STORM,
        incident_class=STORM,
        lives_in="workflow semantics",
        claim=f"the DAG was planned again {times} times, after jobs of {named(rules)}, and the run "
        f"waited {replanned / 1e6:.1f} s for it",
        strength="certain",
        explains=replanned,
        failures=0,
        evidence=tuple(
            cited
            for one in longest
            for cited in case.side.at_line(one.line, f"plan: {(one.end - one.start) / 1e6:.2f} s")
        )
        or case.side.at_start("plan"),
        refuted_by="a run with one checkpoint that plans as long",
        action=Action(
            f"let one checkpoint find out what many of {named(rules)} do",
            "after each checkpoint the whole DAG is planned again",
        ),
        check=f"class_share.planning <= {half_of(case, replanned)}",
        rules=rules,
        jobs=tuple(job.job_id for job in asked),
    )


def _planning(case: Case, stretches: list[Owned], spent: Micros) -> Incident:
    parse, plan, there = (case.spent(phase) for phase in _PLANNING)
    cited = [*case.side.at_start(f"parse: {parse / 1e6:.2f} s")]
    for one in stretches[:2]:
        cited.extend(case.side.at_line(one.line, f"plan: {(one.end - one.start) / 1e6:.2f} s"))
    if there:
        cited.extend(cite(case, spenders(case, ("node_plan",)), "node_plan"))
    what = (
        "see what the Snakefile does when it is read: globs, tables, calls of programs"
        if parse + there >= plan
        else "see what the input functions do, and how many jobs and files the DAG has"
    )
    nodes = f", {there / 1e6:.1f} s of it again on nodes" if there else ""
    return Incident(
        id=CLASS,
        incident_class=CLASS,
        lives_in="workflow semantics",
        claim=f"{spent / 1e6:.1f} s of the run were spent reading the Snakefile ({parse / 1e6:.1f} "
        f"s) and building the DAG ({plan / 1e6:.1f} s){nodes}",
        strength="certain",
        explains=spent,
        failures=0,
        evidence=tuple(cited),
        refuted_by="a dry run that plans in a fraction of it",
        action=Action(what, "Snakemake does it before any job, and again for each on its node"),
        check=f"class_share.planning <= {half_of(case, spent)}",
    )
