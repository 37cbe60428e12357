"""The cluster refused a submission, so its jobs never ran."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import REFUSED
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.analysis.failures.failures import Failure

CLASS: Final = REFUSED


def detect(case: Case) -> Iterator[Incident]:
    """Yield one incident for all submissions that were refused with the same message."""
    refused = case.failures_by_class.get(CLASS, ())
    by_message: dict[str, list[Failure]] = {}
    for one in refused:
        by_message.setdefault(failed_jobs.last_message([one]), []).append(one)
    for number, (message, failed) in enumerate(by_message.items(), 1):
        times = sum(len(one.occurrences) for one in failed)
        yield Incident(
            id=f"{CLASS}:{number}",
            incident_class=CLASS,
            where="operating context",
            claim=f"the cluster refused the submission of {failed_jobs.who(failed)} "
            f"{plural(times, 'time')}{f': {message}' if message else ''}",
            strength="certain",
            explains=failed_jobs.lost(failed),
            failures=len(failed),
            evidence=failed_jobs.evidence(case, failed),
            wrong_if="the cluster's own records contain these submissions",
            action=Action(
                "submit one of these jobs by hand with the same account, partition and "
                "resources; if that is refused too, ask the cluster's administrators",
                "the jobs never ran, so the workflow's tools are not the cause",
                escalate=True,
            ),
            check=failed_jobs.check(failed),
            rules=failed_jobs.rules(case, failed),
            jobs=failed_jobs.jobs(case, failed),
        )
