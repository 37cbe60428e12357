"""The run failed, but no job did: Snakemake itself could not continue."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures import workflow_errors
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.planning_errors import missed_in_planning

CLASS: Final = "workflow_error"


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
    found = workflow_errors.explain_run(case.run, message, case.alongside)
    name = f" ({found.exception})" if found.exception and found.exception not in found.cause else ""
    yield Incident(
        id=f"{CLASS}:{found.kind}" if found.kind else CLASS,
        incident_class=CLASS,
        where=found.where,
        claim=f"{found.cause}{name}",
        strength="certain",
        explains=case.run.makespan,
        failures=0,
        evidence=case.side.at_event(message, message.text),
        wrong_if=found.wrong_if or _without_the_error(case),
        action=Action(found.to_do, found.why, commands=found.commands),
    )


def _without_the_error(case: Case) -> str:
    if not case.run.attempts:
        return "a dry run of the same targets succeeds"
    return "the same command ends without this error when run again"


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
