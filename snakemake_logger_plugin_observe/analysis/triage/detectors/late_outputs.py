"""Outputs that came late: jobs failed for want of files that are there now."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.evidence import Evidence
from snakemake_logger_plugin_observe.analysis.failures import Failure
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.truth.finding import jobs_of, named

CLASS: Final = "late_outputs"
_CITED: Final = 3


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for the jobs whose outputs came after all."""
    came = [(one, files) for one in case.failures if (files := came_later(case, one))]
    if came:
        yield _incident(case, came)


def came_later(case: Case, one: Failure) -> tuple[str, ...]:
    """Return the outputs for want of which a job failed, of those that are in the folder now.

    What was there when it failed was deleted then, unless incomplete outputs were to be kept.
    """
    job = case.run.jobs.get(one.job_id) if one.job_id is not None else None
    if job is None or one.cause != "missing_output":
        return ()
    there = tuple(path for path in job.output if path in case.there)
    kept = case.run.started is None or case.run.started.settings.get("keep_incomplete")
    return there if not kept or len(there) == len(job.output) else ()


def _allowed_s(case: Case) -> object:
    return case.run.started.settings.get("latency_wait_s") if case.run.started else None


def _incident(case: Case, came: list[tuple[Failure, tuple[str, ...]]]) -> Incident:
    files = [path for _, paths in came for path in paths]
    rules = tuple(dict.fromkeys(one.rule for one, _ in came if one.rule is not None))
    allowed = _allowed_s(case)
    within = "" if allowed is None else f" within the {allowed} s that --latency-wait gave them"
    cited: list[Evidence] = []
    for one, paths in came[:_CITED]:
        attempt = one.rows[-1].attempt
        cited.extend(case.side.at_line(attempt.line, attempt.message or "missing output"))
        cited.extend(Evidence("file", path, "it is there now") for path in paths[:_CITED])
    return Incident(
        id=CLASS,
        incident_class=CLASS,
        lives_in="storage and visibility",
        claim=f"{jobs_of(len(came))} of {named(rules)} failed for want of {named(files)}, not seen"
        f"{within}, but there now",
        strength="likely",
        explains=sum(one.lost for one, _ in came),
        failures=len(came),
        evidence=tuple(cited),
        refuted_by="the files were made since by somebody else: a run without a journal here, or "
        "a person",
        action=Action(
            f"raise --latency-wait{'' if allowed is None else f' above {allowed} s'}, or have "
            "these outputs put where every node sees them at once",
            "the tool ended well and its outputs came, only later than they were looked for",
        ),
        check="failed_jobs <= 0",
        rules=rules,
        jobs=tuple(one.job_id for one, _ in came if one.job_id is not None),
    )
