"""The scheduler was asked for less than a rule requests: another setting won over the rule's."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.jobs.submitted_requests import overridden
from snakemake_logger_plugin_observe.analysis.phrasing import plural, submission_name
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import NO_MEMORY, NO_TIME
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

CLASS: Final = "request_overridden"
_ANSWERED: Final = {"memory": NO_MEMORY, "runtime": NO_TIME}
"""The classes of failures whose incidents say it already."""
_CITED: Final = 3


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each request of a rule that the scheduler never got."""
    for one in overridden(case.run):
        ended = case.failures_by_class.get(_ANSWERED[one.resource], ())
        if one.rule in {failure.rule for failure in ended}:
            continue
        cited = tuple(
            each
            for attempt in one.attempts[:_CITED]
            for each in case.side.at_line(attempt.line, f"job_id: {attempt.job_id}")
        )
        if not cited:
            continue
        job = case.run.job_of(one.attempts[0])
        who = plural(len(one.attempts), "submission") + f" of {one.rule}"
        if len(one.attempts) == 1 and job is not None:
            who = submission_name(job.rule, job.wildcards)
        yield Incident(
            id=f"{CLASS}:{one.rule}:{one.resource}",
            incident_class=CLASS,
            where="operating context",
            claim=f"for {who}, {one.claim}",
            strength="certain",
            explains=0,
            failures=0,
            evidence=cited,
            wrong_if="the scheduler's own record of these jobs shows another request",
            action=Action(one.fix, "the scheduler ends a job that uses more than it was asked for"),
            rules=(one.rule,),
            jobs=tuple(each.job_id for each in one.attempts if each.job_id is not None),
        )
