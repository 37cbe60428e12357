"""Discovery produced more work than before: new wildcard values, with jobs for each.

New values are samples that were added, unless a checkpoint found them by itself, their jobs
failed or made the run slow, or there are many and nothing that changed explains them.
"""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.same_work import job_set
from snakemake_logger_plugin_observe.analysis.compare.same_work.outputs_and_logs import is_explained
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.why.why import job_times
from snakemake_logger_plugin_observe.run.readiness import added_by_checkpoint

CLASS: Final = "discovery_widened"
_MANY: Final = 10


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident if the baseline's discovery had found less."""
    if case.comparison is None or case.baseline is None:
        return
    known = case.baseline.all_jobs
    for finding in case.comparison.findings:
        if finding.id != job_set.WIDENED:
            continue
        added = [job for job in case.comparison.work.match.added if job.wildcards]
        new = {job.job_id for job in added}
        took = sum(time for job_id, time in job_times(case.run).items() if job_id in new)
        failed = sum(1 for one in case.failures if one.job_id in new)
        many = len(new) >= _MANY and not is_explained(case.comparison.work.changes)
        found = added_by_checkpoint(case.run, new)
        unasked = found or many or case.explains_slowness(took)
        if not (unasked or failed):
            continue
        yield Incident(
            id=CLASS,
            incident_class=CLASS,
            where="workflow semantics",
            claim=finding.claim,
            strength="certain" if unasked else "possible",
            explains=took if unasked else 0,
            failures=failed if unasked else 0,  # a sample that was added fails by itself
            evidence=finding.evidence,
            wrong_if="the new values are samples that this workflow should process",
            action=Action(
                "narrow the discovery pattern to match what it found before, or confirm the "
                "new values",
                "the new jobs come from wildcard values that the baseline did not have",
            ),
            check=f"jobs_planned <= {len(known)}",
            rules=tuple(dict.fromkeys(job.rule for job in added)),
            jobs=tuple(job.job_id for job in added),
        )
