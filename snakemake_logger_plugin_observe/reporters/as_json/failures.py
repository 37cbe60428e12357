"""Failures as plain values: what the text shows, for every job."""

from dataclasses import asdict
from typing import Any

from snakemake_logger_plugin_observe.analysis.failures import workflow_errors
from snakemake_logger_plugin_observe.analysis.failures.endings import of_attempts
from snakemake_logger_plugin_observe.analysis.failures.explained import Explained
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.removed_input import RemovedInput
from snakemake_logger_plugin_observe.analysis.failures.repeat import HowToRepeat
from snakemake_logger_plugin_observe.analysis.failures.rule_patterns import RulePattern
from snakemake_logger_plugin_observe.analysis.failures.signatures import Occurrence
from snakemake_logger_plugin_observe.clock import Micros, to_seconds
from snakemake_logger_plugin_observe.reporters.answers import Source


def failure(one: Failure, explained: Explained) -> dict[str, Any]:
    """Return what failed, how often, why, what that means, and whether retries helped."""
    return {
        "job_id": one.job_id,
        "group": one.group,
        "group_name": one.group_name,
        "rule": one.rule,
        "wildcards": one.wildcards,
        "outcome": one.outcome,
        "verdict": one.verdict,
        "masked": one.masked,
        "cause": one.cause,
        "certain": one.decisive.why.certain,
        "attempts": len(one.rows),
        "succeeded_on_attempt": one.succeeded_on,
        "executions": one.executions,
        "failed_executions": one.failed_executions,
        "all_executions_seen": one.all_seen,
        "lost_s": to_seconds(one.lost),
        "memory": {
            "used_bytes": one.use.memory_bytes,
            "requested_bytes": one.use.memory_requested_bytes,
        },
        "time": {"used_s": one.use.time_s, "requested_s": one.use.time_requested_s},
        "failures": [_occurrence(each) for each in one.occurrences],
        "ways": [
            {"attempts": list(way.attempts), "text": of_attempts(way, one.requested)}
            for way in one.ways
        ],
        "stopped": list(one.stopped),
        "undone": list(one.undone),
        "prevented": list(one.prevented),
        "retries": one.retries,
        "own_retries": one.own_retries,
        "repeats": [{**asdict(each), "differs": list(each.differs)} for each in one.repeats],
        "inputs": list(one.inputs),
        "meanings": [asdict(each) for each in explained.meanings],
        "raised": explained.raised,
        "log_advice": explained.log,
        "repeat": _repeat(explained.repeat),
    }


def pattern(one: RulePattern) -> dict[str, Any]:
    """Return how the jobs of a rule failed before they recovered."""
    return {
        "rule": one.rule,
        "pattern": one.pattern,
        "jobs": one.jobs,
        "failed_first": one.failed_first,
        "recovered": one.recovered,
        "succeeded_on_attempt": one.succeeded_on,
    }


def removed_input(one: RemovedInput) -> dict[str, Any]:
    """Return inputs that were gone when a job needed them, and what removed them."""
    return {
        "job_id": one.reader.job_id,
        "rule": one.reader.rule,
        "wildcards": one.reader.wildcards,
        "files": list(one.files),
        "made_by": one.maker.job_id if one.maker is not None else None,
        "gone_within_s": to_seconds(one.gone_within),
        "how": one.how,
        "by": one.by or None,
        "jobs": [job.job_id for job in one.jobs],
        "certain": one.certain,
        "claim": one.claim,
        "action": one.fix,
        "line": one.line,
    }


def _repeat(how: HowToRepeat | None) -> dict[str, Any] | None:
    """Return the commands that run a job again as Snakemake ran it."""
    if how is None:
        return None
    lines = [one.line for one in how.commands if one.line is not None]
    return {"how": how.how, "commands": lines}


def _occurrence(one: Occurrence) -> dict[str, Any]:
    return {
        "attempt": one.attempt,
        "execution": one.execution,
        "cause": one.why.cause,
        "certain": one.why.certain,
        "exit_code": one.why.exit_code,
        "signal": one.why.signal,
        "state": one.why.state,
        "message": one.message,
        "last_line": asdict(one.line) if one.line is not None else None,
        "duration_s": _seconds(one.duration),
    }


def _seconds(micros: Micros | None) -> float | None:
    return None if micros is None else to_seconds(micros)


def error_of_run(source: Source) -> dict[str, Any] | None:
    """Return what ended a run that failed without a failed job, and what to do; or None."""
    run = source.run
    error = workflow_errors.ending_error(run)
    failed = any(one.status == "failed" for one in run.attempts.values())
    if source.status != "failed" or failed or error is None:
        return None
    found = workflow_errors.explain_run(run, error, source.other_run)
    commands = found.commands if source.owner is None else ()
    return {
        "kind": found.kind,
        "exception": found.exception,
        "where": found.where,
        "cause": found.cause,
        "to_do": found.to_do,
        "why": found.why,
        "wrong_if": found.wrong_if or None,
        "commands": [one.line for one in commands if one.line is not None],
        "line": error.line,
    }
