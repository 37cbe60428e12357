"""Attempts as plain values; with ``--failed``, also what failed."""

from dataclasses import asdict
from typing import Any

from snakemake_logger_plugin_observe.analysis.failures.causes import (
    allocation_that_ran_out,
)
from snakemake_logger_plugin_observe.analysis.failures.explained import explain
from snakemake_logger_plugin_observe.analysis.failures.repeat import RunFacts
from snakemake_logger_plugin_observe.analysis.jobs.rule_use import RuleFigures
from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.analysis.live.state import LiveView
from snakemake_logger_plugin_observe.clock import format_moment, to_seconds
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.reporters.answers import JobsAnswer
from snakemake_logger_plugin_observe.reporters.as_json import failures, live, records
from snakemake_logger_plugin_observe.reporters.as_json.common import head, moment


def shape(answer: JobsAnswer) -> dict[str, Any]:
    """Return *answer* as plain values."""
    return {
        **head(answer.source),
        "live": live.shape(answer.source),
        **(
            {"attempts": [_attempt(row, answer.source.live) for row in answer.rows]}
            if answer.by_rule is None
            else {"by_rule": [rule_use(one) for one in answer.by_rule]}
        ),
        **(_failed(answer) if answer.failed_only else {}),
    }


def rule_use(one: RuleFigures) -> dict[str, Any]:
    """Return the figures of a rule's jobs."""
    figures = {name: asdict(spread) if spread else None for name, spread in one.figures.items()}
    return {"rule": one.rule, "jobs": one.jobs, **figures}


def _attempt(row: Row, view: LiveView | None) -> dict[str, Any]:
    attempt = row.attempt
    now = view.of(attempt.key) if view is not None else None
    return {
        "job_id": attempt.job_id,
        "attempt": attempt.number,
        "rule": row.rule,
        "wildcards": row.wildcards,
        "group": attempt.group,
        "group_name": row.group_name,
        "status": row.status,
        "live": live.state_of(view, now) if view is not None and now is not None else None,
        "external_jobid": attempt.external_jobid,
        "node": attempt.node,
        "exit_code": attempt.exit_code,
        "signal": attempt.signal,
        "message": attempt.message,
        "reason": row.reason,
        "start": moment(attempt.start),
        "end": moment(attempt.end),
        "phases_s": {
            name: None if micros is None else to_seconds(micros)
            for name, micros in row.phases.items()
        },
        "segments": [
            {
                "start": format_moment(segment.start),
                "end": format_moment(segment.end),
                "phase": segment.phase,
            }
            for segment in attempt.segments
        ],
        "poll_interval_s": attempt.poll_interval_s,
        "starts": len(attempt.node_starts),
        "scheduler": _scheduler(attempt.accounting),
        "requested": {
            "threads": row.use.threads,
            "memory_bytes": row.use.memory_requested_bytes,
            "runtime_s": row.use.runtime_requested_s,
        },
        "used": {
            "cpu_s": row.use.cpu_s,
            "cores": None if row.use.cores is None else round(row.use.cores, 3),
            "memory_bytes": row.use.memory_peak_bytes,
            "memory_is_bound": row.use.memory_peak_is_bound,
            "memory_least_bytes": row.use.memory_least_bytes,
            "memory_is_least": row.use.memory_peak_is_least,
            "memory_snakemake_bytes": row.use.memory_snakemake_bytes,
            "on_node_s": row.use.on_node_s,
            "read_bytes": row.use.read_bytes,
            "written_bytes": row.use.written_bytes,
            "unobserved": row.use_unknown,
        },
        "benchmark": records.shape(attempt.benchmark) if attempt.benchmark else None,
        "offset": records.shape(attempt.offset) if attempt.offset else None,
        "logs": [records.shape(one) for one in attempt.logs],
        "outputs": None
        if attempt.outputs is None
        else [records.shape(one) for one in attempt.outputs],
        "executions": [records.shape(one) for one in attempt.executions],
        "unobserved": list(attempt.unobserved),
        "line": row.line,
    }


def _scheduler(record: SchedulerRecord | None) -> dict[str, Any] | None:
    """Return a Slurm accounting record, with the wait split at *eligible*."""
    if record is None:
        return None
    return {
        **records.shape(record),
        "held_s": record.held_s,
        "queued_s": record.queued_s,
    }


def _failed(answer: JobsAnswer) -> dict[str, Any]:
    run, journal = answer.source.run, str(answer.source.path)
    facts = RunFacts(run)
    return {
        "failures": [
            failures.failure(one, explain(run, one, journal, facts)) for one in answer.failures
        ],
        "masked": sum(1 for one in answer.failures if one.masked),
        "rules": [failures.pattern(one) for one in answer.patterns],
        "error": None if answer.removed else failures.error_of_run(answer.source),
        "removed_inputs": [failures.removed_input(one) for one in answer.removed],
        "allocation_ran_out": allocation_that_ran_out(answer.source.run, answer.source.status)
        is not None,
    }
