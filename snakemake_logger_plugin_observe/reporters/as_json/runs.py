"""The JSON of ``runs``: the list of runs by workflow, and how each workflow's runs developed."""

from dataclasses import asdict
from typing import Any

from snakemake_logger_plugin_observe.journal.events import SCHEMA_VERSION
from snakemake_logger_plugin_observe.reporters.as_json.common import moment
from snakemake_logger_plugin_observe.reporters.run_list import (
    ListedRun,
    RunsAnswer,
    TrendChange,
    WorkflowRuns,
)


def shape(answer: RunsAnswer) -> dict[str, Any]:
    """Return the answer as plain values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "folders": [str(folder) for folder in answer.folders],
        "journals": answer.journals,
        "workflows": [_workflow(one) for one in answer.workflows],
        "problems": list(answer.unread),
    }


def _workflow(one: WorkflowRuns) -> dict[str, Any]:
    trend = one.trend
    return {
        "snakefile": one.name or None,
        "workdir": one.folder,
        "matching": one.matching,
        "runs": [listed_run(run) for run in one.runs],
        "trend": None
        if trend is None
        else {
            "full_runs": trend.runs,
            "median_s": trend.median_s,
            "least_s": trend.least_s,
            "most_s": trend.most_s,
            "missing_runs": trend.missing,
            "changes": [_change(change) for change in one.changes],
        },
    }


def _change(one: TrendChange) -> dict[str, Any]:
    shift = one.shift
    return {
        "what": shift.kind,
        "name": shift.name or None,
        "slower": shift.is_slower,
        "since": moment(one.first.start),
        "first": str(one.first.path),
        "last_before": str(one.last_before.path),
        "runs_before": shift.before,
        "runs_since": shift.after,
        "before_s": shift.before_s,
        "since_s": shift.after_s,
        "chance": shift.chance,
        "changed": list(one.changed),
    }


def listed_run(one: ListedRun) -> dict[str, Any]:
    """Return a line of the list."""
    known = asdict(one)
    del known["path"], known["start"], known["part"], known["tags"]
    share = one.tools_s / one.makespan_s if one.tools_s is not None and one.makespan_s else None
    return {
        "journal": str(one.path),
        "start": moment(one.start),
        **known,
        "part": one.part or None,
        "tools_share": share,
        "tags": dict(one.tags),
        "changed": None if one.changed is None else list(one.changed),
    }
