"""The run failed, but no job did: Snakemake itself could not continue."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures import tracebacks, workflow_errors
from snakemake_logger_plugin_observe.analysis.phrasing import cut
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.planning_errors import missed_in_planning

CLASS: Final = "workflow_error"
_LONGEST: Final = 240


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident if the run failed although no job did, or all recovered."""
    ended = ("failed", "cancelled", "unfinished")
    if case.status != "failed" or any(one.outcome in ended for one in case.failures):
        return
    if missed_in_planning(case.run) or case.removed_inputs:
        return  # missing_input or removed_input reports it
    message = workflow_errors.ending_error(case.run)
    if message is None:
        yield _without_message(case)
        return
    error = case.run.with_relative_paths(message.text)
    advice = case.about_lock(error) or workflow_errors.advice(error)
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where=advice.where,
        claim=f"Snakemake itself failed: {cut(tracebacks.summary(error), _LONGEST)}",
        strength="certain",
        explains=case.run.makespan,
        failures=0,
        evidence=case.side.at_event(message, message.text),
        wrong_if="a dry run of the same targets succeeds"
        if not case.run.attempts
        else "the same command ends without this error when run again",
        action=Action(advice.text, advice.why),
    )


def _without_message(case: Case) -> Incident:
    return Incident(
        id=CLASS,
        incident_class=CLASS,
        where="workflow semantics",
        claim="the run failed, but the journal has neither a failed job nor an error",
        strength="possible",
        explains=case.run.makespan,
        failures=0,
        evidence=case.side.at_end("status: failed"),
        wrong_if="Snakemake's own log of the run names a job that failed",
        action=Action(
            "read Snakemake's own log of this run in .snakemake/log, and send it to the "
            "maintainers of the workflow",
            "no detector explains the failure",
            escalate=True,
        ),
    )
