"""What passed in the baseline's context failed in a stricter one: profile, executor, machine."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.changes import RUN, Change
from snakemake_logger_plugin_observe.analysis.evidence import Evidence
from snakemake_logger_plugin_observe.analysis.failures import Failure
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.truth.finding import jobs_of, named
from snakemake_logger_plugin_observe.run import Run

CLASS: Final = "stricter_context"
_CITED: Final = 3
_CONTEXT: Final = (
    *("profile", "executor", "configfiles", "host", "platform", "Python", "Snakemake"),
    *("deployment_methods", "apptainer_args", "shared_fs_usage", "shadow_prefix", "precommand"),
    *("jobscript", "container_image", "default_resources", "resources", "strict_evaluation"),
    *("conda_not_block_search_path_envvars", "wrapper_prefix"),
)
"""In what a run takes place; how often it tries, or how long it waits, is not of it."""
_OTHER_WORK: Final = ("code", "script", "inputs")
_OTHERWISE: Final = ("missing_output", "missing_input", "cancelled", "lost", "refused")
"""Causes that lie not in what the tool was given to run in."""


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for jobs that succeeded in the baseline, where the context has changed."""
    if case.comparison is None or case.baseline is None:
        return
    changes = case.comparison.work.changes
    context = [one for one in changes if one.subject == RUN and one.what in _CONTEXT]
    failed = list(_passed_before(case, case.baseline, _reworked(changes)))
    if context and failed:
        yield _incident(case, context, failed)


def _reworked(changes: tuple[Change, ...]) -> set[str]:
    """Return the rules that are not what they were: their failures are their own."""
    return {one.subject for one in changes if one.what in _OTHER_WORK}


def _passed_before(case: Case, baseline: Run, reworked: set[str]) -> Iterator[Failure]:
    assert case.comparison is not None  # noqa: S101 - asked only with a baseline
    passed = {a.job_id for a in baseline.attempts.values() if a.status == "success"}
    was = {p.after.job_id: p.before.job_id for p in case.comparison.work.match.pairs}
    for one in case.failures:
        if one.outcome != "failed" or one.cause in _OTHERWISE or one.rule in reworked:
            continue
        if one.job_id in was and was[one.job_id] in passed:
            yield one


def _incident(case: Case, context: list[Change], failed: list[Failure]) -> Incident:
    rules = tuple(dict.fromkeys(one.rule for one in failed if one.rule is not None))
    what = named([f"{one.what} {_short(one.before)} → {_short(one.after)}" for one in context])
    earlier = named([f"{one.what} {_short(one.before)}" for one in context])
    last = failed[0].last
    said = f": {last.line.text.strip()}" if last.line is not None else ""
    return Incident(
        id=CLASS,
        incident_class=CLASS,
        lives_in="operating context",
        claim=f"{jobs_of(len(failed))} of {named(rules)} passed in the baseline and failed here"
        f"{said} (the context is another: {what})",
        strength="likely",
        explains=sum(one.lost for one in failed),
        failures=len(failed),
        evidence=(*_cited(case, failed), *(e for one in context[:2] for e in one.evidence)),
        refuted_by=f"{named(rules)} failing in the baseline's context, too",
        action=Action(
            f"decide with whoever owns this context whether {named(rules)} has to meet it: until "
            f"then, run as the baseline ran ({earlier})",
            "the same work passed there; what the stricter context asks for is for its owner to "
            "say, and is not to be loosened to make a run pass",
            escalate=True,
        ),
        check="failed_jobs <= 0",
        rules=rules,
        jobs=tuple(one.job_id for one in failed if one.job_id is not None),
    )


def _short(value: str | None) -> str:
    """Return a value; of paths, the names alone."""
    return ", ".join(one.rpartition("/")[2] for one in value.split(", ")) if value else "none"


def _cited(case: Case, failed: list[Failure]) -> Iterator[Evidence]:
    for one in failed[:_CITED]:
        attempt = one.rows[-1].attempt
        yield from case.side.at_line(attempt.line, attempt.message or "failed")
        if (line := one.last.line) is not None and line.number is not None:
            yield Evidence("log", f"{line.path}:{line.number}", line.text)
