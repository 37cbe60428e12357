"""The software environment of a job could not be created."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import NO_ENVIRONMENT
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

CLASS: Final = NO_ENVIRONMENT


def detect(case: Case) -> Iterator[Incident]:
    """Yield one incident for each rule whose environment could not be created."""
    for name, failed in failed_jobs.by_rule(case.failures_by_class.get(CLASS, ())).items():
        message = failed_jobs.last_message(failed)
        yield Incident(
            id=f"{CLASS}:{name}",
            incident_class=CLASS,
            where="operating context",
            claim=f"the software environment of {failed_jobs.who(failed)} could not be created: "
            f"{message}{failed_jobs.attempt_by_attempt(failed)}",
            strength="certain",
            wrong_if=f"the environment of {name} can be created by hand on the same machine",
            action=Action(
                f"create the environment of {name} on a machine with network access (snakemake "
                "--conda-create-envs-only, or pull its image), and pin its packages",
                "its tool never started",
            ),
            **failed_jobs.fields(case, failed),
        )
