"""A job was terminated from outside: cancelled, preempted, or its node failed."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import LOST
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

CLASS: Final = LOST


def detect(case: Case) -> Iterator[Incident]:
    """Yield one incident for each rule that lost a job."""
    for name, failed in failed_jobs.by_rule(case.failures_by_class.get(CLASS, ())).items():
        probably, strength = failed_jobs.how_sure(failed)
        states = tuple(dict.fromkeys(filter(None, (one.decisive.why.state for one in failed))))
        rows = [row for one in failed for row in one.rows if row.attempt.status != "success"]
        ids = tuple(
            dict.fromkeys(r.attempt.external_jobid for r in rows if r.attempt.external_jobid)
        )
        nodes = tuple(dict.fromkeys(row.attempt.node for row in rows if row.attempt.node))
        on_nodes = f" on {named(nodes)}" if nodes else ""
        by_state = f": {', '.join(states)}" if states else ""
        cluster_jobs = f"cluster {'job' if len(ids) == 1 else 'jobs'} {named(ids)}" if ids else ""
        of_ids = f" ({cluster_jobs})" if ids else ""
        yield Incident(
            id=f"{CLASS}:{name}",
            incident_class=CLASS,
            where="operating context",
            claim=f"{failed_jobs.who(failed)} {'was' if len(failed) == 1 else 'were'} "
            f"{probably}terminated from outside{on_nodes}{of_ids}{by_state}"
            f"{failed_jobs.attempt_by_attempt(failed)}",
            strength=strength,
            explains=failed_jobs.lost(failed),
            failures=len(failed),
            evidence=failed_jobs.evidence(case, failed),
            wrong_if="the tool's own log shows an error at that moment",
            action=Action(
                f"find out from the {'cluster' if ids else 'system'}'s records what ended "
                f"{cluster_jobs or 'these jobs'}{on_nodes}; then run again, with retries for the "
                "rule if this is common here",
                "its processes ended without an error message from the tool",
                escalate=True,
            ),
            check=failed_jobs.check(failed),
            rules=failed_jobs.rules(case, failed),
            jobs=failed_jobs.jobs(case, failed),
        )
