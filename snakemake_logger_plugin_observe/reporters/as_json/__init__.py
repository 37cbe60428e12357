"""Answers as JSON for other tools: seconds with microseconds, moments as RFC 3339, unknown null."""

import json
from dataclasses import asdict
from typing import Any

from snakemake_logger_plugin_observe.analysis.check.budgets import CheckLine
from snakemake_logger_plugin_observe.analysis.failures.allocation_limit import (
    allocation_that_ran_out,
)
from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.clock import Micros, format_moment, to_seconds
from snakemake_logger_plugin_observe.journal.events import SCHEMA_VERSION
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.reporters.answers import (
    AccountingAnswer,
    Answer,
    CheckAnswer,
    CompareAnswer,
    CostAnswer,
    JobsAnswer,
    PathAnswer,
    ProposalAnswer,
    RunbookAnswer,
    SchemaAnswer,
    Source,
    TriageAnswer,
    ValidateAnswer,
    WhatIfAnswer,
    WhyAnswer,
)
from snakemake_logger_plugin_observe.reporters.as_json import compare, failures, triage, whatif, why
from snakemake_logger_plugin_observe.reporters.as_json import path as json_path
from snakemake_logger_plugin_observe.run.model import seconds


def render(answer: Answer, *, width: int = 100, color: bool = False) -> str:
    """Return *answer* as one JSON document; the terminal's width and colour do not matter."""
    return json.dumps(shape(answer), indent=2, allow_nan=False) + "\n"


def shape(answer: Answer) -> dict[str, Any]:
    """Return *answer* as plain values."""
    match answer:
        case CostAnswer():
            return _cost(answer)
        case WhatIfAnswer():
            return whatif.shape(answer)
        case PathAnswer():
            return {
                "schema_version": SCHEMA_VERSION,
                "run": _run(answer.source),
                **json_path.shape(answer),
            }
        case JobsAnswer():
            return {
                "schema_version": SCHEMA_VERSION,
                "run": _run(answer.source),
                "attempts": [_attempt(row) for row in answer.rows],
                **(_failed(answer) if answer.failed_only else {}),
            }
        case WhyAnswer():
            return {
                "schema_version": SCHEMA_VERSION,
                "run": _run(answer.source),
                **why.shape(answer),
            }
        case CompareAnswer():
            return compare.shape(answer)
        case TriageAnswer():
            return triage.shape(answer)
        case RunbookAnswer():
            return _runbook(answer)
        case AccountingAnswer():
            return {
                "schema_version": SCHEMA_VERSION,
                "run": _run(answer.source),
                "asked": answer.asked,
                "known": answer.known,
                "added": answer.added,
            }
        case ValidateAnswer():
            found = answer.verification
            return {
                "schema_version": SCHEMA_VERSION,
                "run": _run(answer.source),
                "valid": found.sound,
                "lines": found.lines,
                "problems": list(found.problems),
                "disagreements": [asdict(one) for one in found.disagreements],
            }
        case CheckAnswer():
            return {
                "schema_version": SCHEMA_VERSION,
                "run": _run(answer.source),
                "file": str(answer.file),
                "folder": str(answer.folder),
                "passed": answer.passed,
                "strict": answer.strict,
                "lines": [_line(line) for line in answer.lines],
                "notes": list(answer.notes),
            }
        case ProposalAnswer():
            return {
                "schema_version": SCHEMA_VERSION,
                "run": _run(answer.source),
                "file": None if answer.file is None else str(answer.file),
                "text": answer.text,
            }
        case SchemaAnswer():
            return answer.schema


def _runbook(answer: RunbookAnswer) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "path": str(answer.path),
        "kept": answer.kept,
        "usual": asdict(answer.usual) if answer.usual is not None else None,
        "known_incidents": [asdict(one) for one in answer.known],
    }


def _line(line: CheckLine) -> dict[str, Any]:
    return {
        **asdict(line),
        "files": [{"path": path, "bytes": count} for path, count in line.files],
    }


def _failed(answer: JobsAnswer) -> dict[str, Any]:
    return {
        "failures": [failures.failure(one) for one in answer.failures],
        "masked": sum(1 for one in answer.failures if one.masked),
        "rules": [failures.pattern(one) for one in answer.patterns],
        "allocation_ran_out": allocation_that_ran_out(answer.source.run, answer.source.status)
        is not None,
    }


def _moment(moment: Micros | None) -> str | None:
    return None if moment is None else format_moment(moment)


def _run(source: Source) -> dict[str, Any]:
    run = source.run
    return {
        "run_id": run.started.run_id if run.started else None,
        "status": source.status,
        "start": _moment(run.start),
        "end": _moment(run.end),
        "makespan_s": to_seconds(run.makespan),
        "journal": str(source.path),
        "problems": list(source.problems),
    }


def _cost(answer: CostAnswer) -> dict[str, Any]:
    account = answer.account
    return {
        "schema_version": SCHEMA_VERSION,
        "run": _run(answer.source),
        "makespan": {
            "by_class_s": seconds(account.makespan_by_class),
            "by_phase_s": seconds(account.makespan_by_phase),
            "unattributed_s": to_seconds(account.unattributed),
            "segments": [json_path.owned(segment) for segment in account.segments],
        },
        "jobs": {
            "count": account.job_count,
            "attempts": account.attempt_count,
            "failed_attempts": account.failed_attempts,
            "by_class_s": seconds(account.jobs_by_class),
            "by_phase_s": seconds(account.jobs_by_phase),
            "core_s": account.core_s,
            "failed_s": to_seconds(account.failed),
        },
        "rules": [
            {
                "rule": share.rule,
                "group": share.group,
                "jobs": share.jobs,
                "attempts": share.attempts,
                "by_phase_s": seconds(share.by_phase),
            }
            for share in account.rules
        ],
        "polling": asdict(answer.polling) if answer.polling else None,
        "file_system": [
            one.model_dump(mode="json", exclude={"event", "time"})
            for one in answer.source.run.file_systems
        ],
        "advice": [
            {
                "kind": lever.kind,
                "makespan_s": to_seconds(lever.micros),
                "setting": lever.setting,
                "value": lever.value,
                "rule": lever.rule,
                "jobs": lever.jobs,
                "overhead_s": to_seconds(lever.overhead),
                "tool_s": to_seconds(lever.tool),
            }
            for lever in answer.levers
        ],
        "clocks": [{**asdict(one), "exact": one.exact} for one in answer.clocks],
        "request_mismatches": [
            {**asdict(one), "too_little": one.too_little} for one in answer.request_mismatches
        ],
    }


def _attempt(row: Row) -> dict[str, Any]:
    attempt = row.attempt
    return {
        "job_id": attempt.job_id,
        "attempt": attempt.number,
        "rule": row.rule,
        "wildcards": row.wildcards,
        "group": attempt.group,
        "group_name": row.group_name,
        "status": attempt.status,
        "external_jobid": attempt.external_jobid,
        "node": attempt.node,
        "exit_code": attempt.exit_code,
        "signal": attempt.signal,
        "message": attempt.message,
        "reason": row.reason,
        "start": _moment(attempt.start),
        "end": _moment(attempt.end),
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
            "on_node_s": row.use.on_node_s,
            "read_bytes": row.use.read_bytes,
            "written_bytes": row.use.written_bytes,
        },
        "offset": attempt.offset.model_dump(mode="json") if attempt.offset else None,
        "logs": [one.model_dump(mode="json") for one in attempt.logs],
        "outputs": None
        if attempt.outputs is None
        else [one.model_dump(mode="json") for one in attempt.outputs],
        "executions": [one.model_dump(mode="json") for one in attempt.executions],
        "unobserved": list(attempt.unobserved),
        "line": row.line,
    }


def _scheduler(record: SchedulerRecord | None) -> dict[str, Any] | None:
    """Return a record of the cluster's accounting, with the queue's wait split at *eligible*."""
    if record is None:
        return None
    return {
        **record.model_dump(mode="json"),
        "held_s": record.held_s,
        "queued_s": record.queued_s,
    }
