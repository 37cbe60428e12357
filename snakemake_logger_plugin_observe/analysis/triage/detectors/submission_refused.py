"""The cluster refused a submission, or the submit command could not be run: its jobs never ran."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from snakemake_logger_plugin_observe.analysis.failures import submissions
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
        said = submissions.said_of(case.run, failed[0])
        own = said.request is None and said.answer == "refused" and said.option is None
        yield Incident(
            id=f"{CLASS}:{number}",
            incident_class=CLASS,
            where="operating context",
            claim=_claim(case, failed, message),
            strength="certain",
            wrong_if="the cluster's own records contain these submissions",
            action=Action(
                submissions.to_do_about(case.run, failed[0]),
                "the jobs never ran, so the workflow's tools are not the cause",
                escalate=own,
            ),
            **failed_jobs.fields(case, failed),
        )


def _claim(case: Case, failed: Sequence["Failure"], message: str) -> str:
    """Return what was refused, how often, the option that was rejected, and the error."""
    said = submissions.said_of(case.run, failed[0])
    times = plural(sum(len(one.occurrences) for one in failed), "time")
    because = f": {message}" if message else ""
    if said.answer == "not_run":
        code = f" (exit code {said.exit_code})" if said.exit_code is not None else ""
        return (
            f"the submit command for {failed_jobs.who(failed)} could not be run, {times}{code}"
            f"{because}"
        )
    if said.answer == "not_called":
        return (
            f"Snakemake's plugin did not accept what {failed_jobs.who(failed)} requests, {times}, "
            f"and did not call sbatch: {said.text}"
        )
    option = f" because of {said.option}" if said.option else ""
    return (
        f"the cluster refused the submission of {failed_jobs.who(failed)} {times}{option}{because}"
    )
