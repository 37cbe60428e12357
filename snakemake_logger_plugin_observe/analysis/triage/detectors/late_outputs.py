"""Outputs that came late: jobs failed for want of files that are there now."""

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
    """Yield an incident for the jobs whose outputs came after all."""
    if late := case.failures_by_class.get(CLASS):
        yield _incident(case, late)


def _incident(case: Case, late: list[Failure]) -> Incident:
    files = failed_jobs.missed_outputs(case, late)
    allowed = case.run.started.settings.get("latency_wait_s") if case.run.started else None
    within = "" if allowed is None else f" within the {allowed} s of --latency-wait"
    return Incident(
        id=CLASS,
        incident_class=CLASS,
        where="storage and visibility",
        claim=f"{failed_jobs.who(late)} failed for want of {named(files)}, not seen{within}, but "
        "there now",
        strength="likely",
        explains=failed_jobs.lost(late),
        failures=len(late),
        evidence=(
            *failed_jobs.evidence(case, late),
            *(Citation("file", path, "it is there now") for path in files[:_CITED]),
        ),
        wrong_if="the files were made since by somebody else: a run without a journal here, or "
        "a person",
        action=Action(
            f"raise --latency-wait{'' if allowed is None else f' above {allowed} s'}, or have "
            "these outputs put where every node sees them at once",
            "the tool ended well and its outputs came, only later than they were looked for",
        ),
        check=failed_jobs.check(late),
        rules=failed_jobs.rules(case, late),
        jobs=failed_jobs.jobs(case, late),
    )
