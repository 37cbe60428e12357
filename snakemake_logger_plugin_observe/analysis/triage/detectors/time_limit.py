"""A job reached its time limit, or the cluster job that Snakemake itself ran in reached its own."""

import math
from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.attempts_requests import tried
from snakemake_logger_plugin_observe.analysis.failures.causes import (
    allocation_that_ran_out,
)
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.jobs.submitted_requests import lowered_limit
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs, in_flight
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import NO_TIME
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.unended import go_on
from snakemake_logger_plugin_observe.clock import format_moment
from snakemake_logger_plugin_observe.journal.events import Allocation

CLASS: Final = NO_TIME


def detect(case: Case) -> Iterator[Incident]:
    """Yield one incident for each rule whose jobs reached their limit, and one for Snakemake."""
    for name, failed in failed_jobs.by_rule(case.failures_by_class.get(CLASS, ())).items():
        yield _of_jobs(case, name, failed)
    own = allocation_that_ran_out(case.run, case.status)
    if own is not None and own.end is not None:
        yield _of_snakemake(case, own)


def _of_jobs(case: Case, name: str, failed: list[Failure]) -> Incident:
    probably, strength = failed_jobs.how_sure(failed)
    used = max((one.use.time_s or 0 for one in failed), default=0)
    requested = max((one.use.time_requested_s or 0 for one in failed), default=0)
    figures = [f"{used:.0f} s used" if used else "time used unknown"]
    figures += [f"{requested:.0f} s requested"] if requested else []
    minutes = math.ceil(2 * max(used, requested) / 60)
    now = f"from {requested / 60:g} to {minutes}" if requested else f"to {minutes}"
    raised = f"raise runtime of {name} {now} minutes" if minutes else f"raise runtime of {name}"
    why = "the scheduler ends a job that takes longer than it requested, on every retry"
    enough = ""
    found = tried(failed, "time_limit", lambda use: use.runtime_requested_s)
    if found.enough:
        enough = f"; with {found.enough / 60:g} min it ended well"
        raised = (
            f"let {name} request runtime={found.enough / 60:g} from its first attempt on: "
            f"{found.too_little / 60:g} min was too little, and that was enough"
        )
        why = "each attempt that reached its limit did its work in vain"
    lowered = lowered_limit(case.run, {one.rule for one in failed})
    if lowered is not None:  # what the rule requests may be enough
        enough = f"; {lowered.claim}{enough}"
        raised, why = lowered.fix, "the rule requests more time than its job was given"
    if refusal := failed_jobs.refusal(failed):
        raised = f"raise runtime of {name} to no more than can be had ({refusal})"
    return Incident(
        id=f"{CLASS}:{name}",
        incident_class=CLASS,
        where="operating context",
        claim=f"{failed_jobs.who(failed)} {probably}reached the time limit: {', '.join(figures)}"
        f"{enough}{failed_jobs.attempt_by_attempt(failed)}",
        strength=strength,
        wrong_if="the same job does not end with more time either, because it hangs",
        action=Action(
            raised if lowered is not None else f"{raised}, or split the work of each job",
            why,
        ),
        **failed_jobs.fields(case, failed) | {"check": "time_of_request <= 0.9"},
    )


def _of_snakemake(case: Case, own: Allocation) -> Incident:
    left = in_flight.left(case)
    when = format_moment(own.end or 0)[:19].replace("T", " ")
    cited = case.side.at_event(own, f"cluster_job: {own.cluster_job}")
    return Incident(
        id=f"{CLASS}:snakemake",
        incident_class=CLASS,
        where="operating context",
        claim=f"Snakemake itself ran in {own.scheduler} job {own.cluster_job}, which reached its "
        f"time limit at {when} UTC with {in_flight.describe(case, left)}",
        strength="likely",
        explains=in_flight.lost(case, left),
        failures=len(left),
        cut_off=True,
        evidence=(*cited, *in_flight.evidence(case, left)),
        wrong_if=f"the cluster's accounting shows that {own.cluster_job} ended for another reason",
        action=Action(
            "run Snakemake with a longer time limit, or outside of a cluster job; first "
            f"{go_on(case.run, left, killed=True)}",
            "the run ended because its allocation did, before its jobs were done",
            commands=in_flight.commands(case, left),
        ),
        rules=in_flight.rules(case, left),
        jobs=tuple(one.job_id for one in left if one.job_id is not None),
    )
