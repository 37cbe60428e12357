"""Incidents of failures that were the same on every retry, or in every job of a rule.

Retries hid them if the jobs succeeded in the end, and did not help if they did not: two classes.
"""

from collections.abc import Iterator, Sequence

from snakemake_logger_plugin_observe.analysis.failures.failure_advice import FailureAdvice
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.signatures import (
    Occurrence,
    signature,
)
from snakemake_logger_plugin_observe.analysis.failures.story import (
    retry_setting,
    story_of,
)
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.ways import Signature, Way, ways_of


def incidents(case: Case, incident_class: str) -> Iterator[Incident]:
    """Yield one incident for each way in which the jobs of a rule failed in spite of retries.

    If there are many ways, the rarest share one incident.
    """
    of_class = case.failures_by_class.get(incident_class, ())
    for name, failed in failed_jobs.by_rule(of_class).items():
        every_job = name in case.failing_in_every_job

        def key(one: Failure, *, every_job: bool = every_job) -> Signature:
            return signature(_typical(one, every_job=every_job), one.wildcards)

        for way in ways_of(f"{incident_class}:{name}", failed, key):
            yield _incident(case, incident_class, way, every_job=every_job)


def _typical(one: Failure, *, every_job: bool) -> Occurrence:
    """Return a job's first failure if every job of the rule failed first, else its decisive one."""
    return one.occurrences[0] if every_job else one.decisive


def _incident(case: Case, incident_class: str, way: Way, *, every_job: bool) -> Incident:
    failed = way.failed
    name = failed_jobs.name_of(failed[0])
    times = sum(_times(one) for one in failed)
    message = failed_jobs.message_of([_typical(one, every_job=every_job) for one in failed])
    recovered = failed_jobs.recovered(failed)
    found = case.advice_about(name, failed)
    message = message or found.means
    texts_known = all(one.texts_known for one in failed)
    same = "in the same way" if texts_known else failed_jobs.how(failed)
    if way.ways > 1:
        same = f"in {way.ways:,} other ways, each job in the same way every time"
    return Incident(
        id=way.id,
        incident_class=incident_class,
        about=way.about,
        ways=way.ways,
        where=found.where,
        claim=_claim(
            failed, f"{name} failed {plural(times, 'time')} {same}", message, every_job=every_job
        )
        + failed_jobs.called_successful(case, failed)[0]
        + failed_jobs.stopped_too(failed),
        strength="certain" if times > 1 and (texts_known or not recovered) else "likely",
        wrong_if="one of these failures differs from the others, or a retry of the same job "
        "succeeds only sometimes",
        action=_action(name, failed, found, recovered=recovered),
        **failed_jobs.fields(case, failed),
    )


def _claim(failed: Sequence[Failure], several: str, message: str, *, every_job: bool) -> str:
    """Return what failed in spite of retries; *several*: how often, if it is more than one job."""
    text = f": {message}" if message else ""
    if every_job and failed_jobs.recovered(failed):
        return f"{several} (every job failed at first){text}"
    if len(failed) > 1:
        return f"{several} (retries did not help){text}"
    return f"{failed_jobs.who(failed)} {story_of(failed[0], text=message)}"


def _action(
    name: str, failed: Sequence[Failure], found: FailureAdvice, *, recovered: bool
) -> Action:
    if found.strength == "possible":  # who ended it is to be found out first
        return Action(found.fix, found.why, commands=found.commands)
    if recovered:
        fix = found.fix
        if found.commands and not found.means:  # run again now, it may succeed at once
            fix = f"fix the error that {name} reported"
        why = "all failed at first in the same way, which is no accident: a retry only hides it"
        retries = retry_setting(failed[0]) or "its retries"
        return Action(f"{fix}, and remove {retries}", why)
    why = "it failed in the same way on every retry, so more of them cannot help"
    if not all(one.texts_known for one in failed):
        why = "it ended in the same way on every retry, so more of them are unlikely to help"
    return Action(
        f"{found.fix}, then run again: what is done stays done", why, commands=found.commands
    )


def _times(one: Failure) -> int:
    """Return how often a job failed in the same way; 1 if its failures differ."""
    return len(one.occurrences) if one.verdict in ("deterministic", "repeated") else 1
