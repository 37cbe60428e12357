"""Outputs that appeared late: jobs failed because of missing files that exist now."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import LATE
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

CLASS: Final = LATE
_CITED: Final = 3


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for the jobs whose outputs exist now."""
    if late := case.failures_by_class.get(CLASS):
        yield _incident(case, late)


def _incident(case: Case, late: list[Failure]) -> Incident:
    files = failed_jobs.missed_outputs(case, late)
    latency_wait = case.run.started.settings.get("latency_wait_s") if case.run.started else None
    storage = "storage that every node sees at once" if case.run.on_cluster else "a local disk"
    within = "" if latency_wait is None else f" within the {latency_wait} s of --latency-wait"
    return Incident(
        id=CLASS,
        incident_class=CLASS,
        where="storage and visibility",
        claim=f"{failed_jobs.who(late)} failed because {named(files)} did not appear{within}, but "
        f"{'exists' if len(files) == 1 else 'exist'} now{failed_jobs.attempt_by_attempt(late)}",
        strength="likely",
        wrong_if="something else made the files later: a user, or a run without a journal",
        action=Action(
            f"raise --latency-wait{'' if latency_wait is None else f' above {latency_wait} s'}, or "
            f"write these outputs to {storage}",
            "the tool succeeded and its outputs appeared, but after Snakemake had stopped waiting",
        ),
        **failed_jobs.fields(
            case, late, cited=(Citation("file", path, "it exists now") for path in files[:_CITED])
        ),
    )
