"""Both paths of a run as plain values, with every number that a plot of them needs."""

from dataclasses import asdict
from typing import Any

from snakemake_logger_plugin_observe.analysis.cost.partition import MakespanSegment
from snakemake_logger_plugin_observe.analysis.path.explain import ExplainedSegment
from snakemake_logger_plugin_observe.analysis.path.utilisation import Utilisation
from snakemake_logger_plugin_observe.clock import format_moment, to_seconds
from snakemake_logger_plugin_observe.reporters.answers import PathAnswer
from snakemake_logger_plugin_observe.reporters.as_json import live
from snakemake_logger_plugin_observe.reporters.as_json.advice import shape_advice
from snakemake_logger_plugin_observe.reporters.as_json.common import head
from snakemake_logger_plugin_observe.run.phases import by_class, in_seconds


def shape(answer: PathAnswer) -> dict[str, Any]:
    """Return *answer* as plain values."""
    found = answer.paths
    critical, overhead = found.critical, found.overhead
    return {
        **head(answer.source),
        "makespan_s": to_seconds(found.makespan),
        "critical_path_s": None if overhead is None else to_seconds(critical.length),
        "critical": [
            {"job_id": one.job_id, "rule": one.rule, "compute_s": to_seconds(one.compute)}
            for one in critical.chain
        ],
        "critical_unknown": list(critical.unknown),
        "critical_cycles": list(critical.cycles),
        "actual": _actual(answer),
        "by_class_s": in_seconds(by_class(found.by_phase)),
        "by_phase_s": in_seconds(found.by_phase),
        "overhead_s": None if overhead is None else to_seconds(overhead),
        "overhead_by_class_s": None if overhead is None else in_seconds(found.overhead_by_class),
        "slack": {
            "jobs": [
                {
                    "job_id": one.job_id,
                    "rule": one.rule,
                    "compute_s": to_seconds(one.compute),
                    "slack_s": to_seconds(one.slack),
                }
                for one in critical.slacks
            ],
            "rules": [
                {
                    "rule": one.rule,
                    "jobs": one.jobs,
                    "on_critical_path": one.on_path,
                    "on_critical_path_s": to_seconds(one.on_path_compute),
                    "slack_s": to_seconds(one.slack),
                }
                for one in critical.rules
            ],
        },
        "utilisation": _utilisation(found.utilisation),
        "advice": shape_advice(answer.source, answer.advice),
        "blocked": live.shape_blocked(answer.blocked),
        "savings": None
        if answer.savings is None
        else [
            {"kind": one.kind, "name": one.name, "saving_s": to_seconds(one.saving)}
            for one in answer.savings
        ],
    }


def makespan_segment(segment: MakespanSegment) -> dict[str, Any]:
    """Return a segment of the makespan."""
    return {
        "start": format_moment(segment.start),
        "end": format_moment(segment.end),
        "class": segment.cost_class,
        "phase": segment.phase,
        "job_id": segment.job_id,
        "group": segment.group,
        "attempt": segment.attempt,
        "rule": segment.rule,
        "released_by": asdict(segment.released_by) if segment.released_by else None,
        "line": segment.line,
    }


def _actual(answer: PathAnswer) -> list[dict[str, Any]]:
    if answer.explained is None:
        return [makespan_segment(segment) for segment in answer.paths.actual]
    return [
        {**makespan_segment(one.segment), "evidence": _evidence(one)} for one in answer.explained
    ]


def _evidence(one: ExplainedSegment) -> dict[str, Any]:
    return {
        "start": [asdict(quote) for quote in one.begin],
        "end": [asdict(quote) for quote in one.end],
    }


def _utilisation(found: Utilisation) -> dict[str, Any]:
    return {
        "slots": found.slots,
        "slot_kind": found.slot_kind,
        "ready_s": found.ready_s,
        "queued_s": found.queued_s,
        "running_s": found.running_s,
        "stalled_s": to_seconds(found.stalled),
        "stalls": [
            {
                "start": format_moment(one.start),
                "end": format_moment(one.end),
                "ready": one.ready,
                "job_id": one.job_id,
                "group": one.group,
                "attempt": one.attempt,
                "line": one.line,
            }
            for one in found.stalls
        ],
        "steps": [
            {
                "from": format_moment(step.moment),
                "ready": step.ready,
                "queued": step.queued,
                "running": step.running,
            }
            for step in found.steps
        ],
    }
