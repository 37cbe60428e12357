"""The cluster did not take a submission: nothing of it ran."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import REFUSED
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.analysis.failures.failures import Failure

CLASS: Final = REFUSED


def detect(case: Case) -> Iterator[Incident]:
    """Yield one incident for all that was refused in the same words."""
    refused = case.failures_by_class.get(CLASS, ())
    by_words: dict[str, list[Failure]] = {}
    for one in refused:
        by_words.setdefault(failed_jobs.last_words([one]), []).append(one)
    for number, (words, found) in enumerate(by_words.items(), 1):
        times = sum(len(one.occurrences) for one in found)
        yield Incident(
            id=f"{CLASS}:{number}",
            incident_class=CLASS,
            where="operating context",
            claim=f"the cluster refused {failed_jobs.who(found)} when submitted, {times:,} "
            f"time{'' if times == 1 else 's'}{f': {words}' if words else ''}",
            strength="certain",
            explains=failed_jobs.lost(found),
            failures=len(found),
            evidence=failed_jobs.evidence(case, found),
            wrong_if="the cluster's own record knows these submissions",
            action=Action(
                "submit one of these jobs by hand with the same account, partition and resources; "
                "if that is refused, too, ask the cluster's administrators",
                "nothing of it ran: the workflow's tools have no part in it",
                escalate=True,
            ),
            check=failed_jobs.check(found),
            rules=failed_jobs.rules(case, found),
            jobs=failed_jobs.jobs(case, found),
        )
