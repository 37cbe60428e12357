"""Snakemake itself failed the run, or single jobs of it whose tools did not fail."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures import workflow_errors
from snakemake_logger_plugin_observe.analysis.failures.error_meanings import Explanation
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.snakemake_failures import error_of
from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import WORKFLOW
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.planning_errors import missed_in_planning

CLASS: Final = WORKFLOW
_Found = tuple[Explanation, Failure]


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each rule whose jobs Snakemake failed, and one if it failed the run."""
    found: dict[tuple[str, str | None], list[_Found]] = {}
    for one in case.failures_by_class.get(CLASS, ()):
        if (error := error_of(case.run, one)) is not None:
            found.setdefault((failed_jobs.name_of(one), error.kind), []).append((error, one))
    for (name, kind), of_one in found.items():
        yield _of_jobs(case, f"{CLASS}:{name}:{kind}", of_one)
    yield from _of_the_run(case)


def _of_jobs(case: Case, incident: str, found: list[_Found]) -> Incident:
    """Return an incident of a rule's jobs that Snakemake failed for the same reason."""
    failed = [one for _, one in found]
    error = found[0][0]
    others = f" (and {jobs_of(len(failed) - 1)} more of it)" if len(failed) > 1 else ""
    recovered = "; it recovered on a retry" if failed_jobs.recovered(failed) else ""
    return Incident(
        id=incident,
        incident_class=CLASS,
        where=error.where,
        claim=f"{error.cause}{others}{recovered}",
        strength="certain",
        wrong_if=error.wrong_if,
        action=_action(case, error),
        **failed_jobs.fields(case, failed),
    )


def _action(case: Case, found: Explanation) -> Action:
    """Return what to do; a command of another user's journal is not one to paste."""
    return Action(found.to_do, found.why, commands=found.commands if case.is_own else ())


def _of_the_run(case: Case) -> Iterator[Incident]:
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
        action=_action(case, found),
        rules=(message.error.rule,) if message.error is not None and message.error.rule else (),
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
