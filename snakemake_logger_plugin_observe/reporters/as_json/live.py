"""What is out on the cluster now, as plain values."""

from collections.abc import Sequence
from typing import Any

from snakemake_logger_plugin_observe.analysis.live.state import LiveState, LiveView
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.as_json import records
from snakemake_logger_plugin_observe.reporters.as_json.common import moment


def shape(source: Source) -> dict[str, Any] | None:
    """Return the state of each submission that is out; null if the run has ended, or has none."""
    view = source.live
    if view is None:
        return None
    return {
        "at": moment(view.now),
        "problem": view.problem,
        "submissions": [
            {
                "job_id": one.key[0] if isinstance(one.key[0], int) else None,
                "group": None if isinstance(one.key[0], int) else one.key[0],
                "attempt": one.key[1],
                "external_jobid": one.external_jobid,
                **state_of(view, one),
                "scheduler": records.shape(one.record) if one.record else None,
            }
            for one in view.submissions
        ],
    }


def shape_blocked(found: Sequence[Incident]) -> list[dict[str, Any]]:
    """Return why a run stands still, or would do so again, and what to do about each reason."""
    return [
        {
            "class": one.incident_class,
            "claim": one.claim,
            "to_do": one.action.text,
            "commands": [each.line for each in one.action.commands if each.line is not None],
        }
        for one in found
    ]


def state_of(view: LiveView, one: LiveState) -> dict[str, Any]:
    """Return a state, since when, why and where."""
    length = view.length(one)
    return {
        "state": one.state,
        "since": moment(one.since),
        "for_s": None if length is None else to_seconds(length),
        "reason": one.reason,
        "node": one.node,
    }
