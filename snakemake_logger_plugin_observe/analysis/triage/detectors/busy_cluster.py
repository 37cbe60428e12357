"""Jobs waited in the cluster's queue."""

from collections.abc import Iterator
from statistics import median
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.costly import cite, rules_of, spenders
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

CLASS: Final = "busy_cluster"


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident where waiting in the queue weighs, or explains why it was slower."""
    spent, grew = case.spent("queue_wait"), case.grew("queue_wait")
    if not (case.weighs(spent) or case.explains_slowness(grew)):
        return
    waited = spenders(case, ("queue_wait",))
    if not waited:
        return
    longest, typical = waited[0], median(a.phases["queue_wait"] for a in waited)
    held = [a for a in waited if a.accounting is not None and (a.accounting.held_s or 0) > 1]
    said = f"; {len(held):,} of them were held back before they could start" if held else ""
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        lives_in="operating context",
        claim=f"{len(waited):,} submissions waited in the cluster's queue, {typical / 1e6:.0f} s "
        f"in the middle and {longest.phases['queue_wait'] / 1e6:.0f} s at most; "
        f"{spent / 1e6:.0f} s of it the run waited for{said}",
        strength="certain",
        explains=spent,
        failures=0,
        evidence=cite(case, waited, "queue_wait"),
        refuted_by="the same jobs on an idle cluster that wait as long",
        action=Action(
            "ask the cluster's people what filled it; or ask for less: jobs with less time, memory "
            "or fewer cores start sooner (snakemake-observe jobs --used)",
            "the jobs were handed on, and no place was found for them",
            escalate=True,
        ),
        check=f"queue_wait_s.p90 <= {max(1, round(typical / 1e6))}",
        rules=rules_of(case, waited),
        jobs=tuple(a.job_id for a in waited if a.job_id is not None),
    )
