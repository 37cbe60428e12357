"""Starting Snakemake on the nodes, and planning there again, takes longer than the tools."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.time_evidence import (
    cite_longest,
    group_size,
    matters,
    phase_limit,
    rules_of,
)
from snakemake_logger_plugin_observe.analysis.whatif.scenario import Argument

CLASS: Final = "node_startup"
_PHASES: Final = ("node_startup", "node_plan")
_FEWEST: Final = 3


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident if start-up took a large share of the run, and longer than the tools."""
    if not matters(case, *_PHASES):
        return
    began = [a for a in case.run.attempts.values() if any(a.phases.get(p) for p in _PHASES)]
    groups = {a.group for a in began if a.group is not None}
    starting = sum(a.phases.get("node_startup", 0) for a in began)
    planning = sum(a.phases.get("node_plan", 0) for a in began)
    computing = sum(a.phases.get("compute", 0) for a in began)
    computing += sum(  # a group's submission starts up, its members compute
        a.phases.get("compute", 0)
        for a in case.run.attempts.values()
        if a.group in groups and not any(a.phases.get(p) for p in _PHASES)
    )
    if len(began) < _FEWEST or starting + planning <= computing:
        return
    spent = case.spent(*_PHASES)
    planning_dominates = planning > starting
    rules = rules_of(case, _PHASES)
    move = tuple(_grouped(case, rules))
    action = Action(
        "make the Snakefile faster to parse (no globbing, no file reading at its top level), or "
        "group jobs (--groups, --group-components)",
        "each job parses it again on its node before its tool starts",
        move=move,
    )
    if not planning_dominates:
        action = Action(
            "group jobs (--groups, --group-components), and uninstall unused plugins from the "
            "nodes' Snakemake environment",
            "each submission starts a Python interpreter and imports every installed plugin",
            move=move,
        )
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="operating context",
        claim=f"{len(began):,} submissions took {(starting + planning) / 1e6:.1f} s to start "
        f"Snakemake on their nodes, to run tools for {computing / 1e6:.1f} s; the start-up took "
        f"{spent / 1e6:.1f} s of the run",
        strength="certain",
        explains=spent,
        failures=0,
        evidence=cite_longest(case, _PHASES),
        wrong_if="a run with the same jobs in groups takes as long",
        action=action,
        check=phase_limit(case, "node_plan" if planning_dominates else "node_startup"),
        rules=rules,
    )


def _grouped(case: Case, rules: tuple[str, ...]) -> Iterator[Argument]:
    """Yield groups to try, for each rule with several jobs that are not in groups yet."""
    for rule in rules:
        own = [a for a in case.run.attempts.values() if case.run.rule_of(a) == rule]
        tools = [a.phases.get("compute", 0) for a in own if a.group is None]
        if len(tools) >= _FEWEST:
            yield "group", f"{rule}={group_size(len(tools), sum(tools) // len(tools))}"
