"""Starting Snakemake on the node takes more than what is done there."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.costly import (
    cite,
    rules_of,
    spenders,
    spent_in,
)
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.truth.finding import named
from snakemake_logger_plugin_observe.clock import Micros

CLASS: Final = "node_startup"
_START: Final = ("node_startup", "node_exit")


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident where start-up dwarfs the tools, and weighs or explains slowness."""
    spent, grew = case.spent(*_START), case.grew(*_START)
    if not (case.weighs(spent) or case.explains_slowness(grew)):
        return
    started = spenders(case, _START)
    starting = sum(spent_in(attempt, _START) for attempt in started)
    tools = sum(attempt.phases.get("compute", 0) for attempt in case.run.attempts.values())
    if starting <= tools or not started:
        return
    rules = rules_of(case, started)
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        lives_in="operating context",
        claim=f"starting {len(started):,} submissions on their nodes took {starting / 1e6:.0f} s, "
        f"their tools {tools / 1e6:.0f} s; {spent / 1e6:.0f} s of it the run waited for",
        strength="certain",
        explains=spent,
        failures=0,
        evidence=cite(case, started, *_START, "compute"),
        refuted_by="the same jobs in groups, with one start-up each, that take as long",
        action=Action(
            f"group the jobs of {named(rules)} (--groups, --group-components): one start-up each",
            "each submission starts Python and Snakemake anew on its node",
        ),
        check=f"class_share.scheduling <= {_share(case, spent)}",
        rules=rules,
        jobs=tuple(a.job_id for a in started if a.job_id is not None),
    )


def _share(case: Case, spent: Micros) -> float:
    """Return a share of scheduling that a run without this cost would keep to."""
    overhead = case.class_spent("scheduling") - spent / 2
    return round(max(0.1, overhead / max(1, case.run.makespan)), 1)
