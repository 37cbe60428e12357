"""A moment of a watched run as plain values."""

from typing import Any

from snakemake_logger_plugin_observe.clock import Micros, to_seconds
from snakemake_logger_plugin_observe.journal.events import SCHEMA_VERSION
from snakemake_logger_plugin_observe.reporters.as_json.common import moment
from snakemake_logger_plugin_observe.reporters.screen.view import WatchView


def shape(views: tuple[WatchView, ...]) -> dict[str, Any]:
    """Return what each of the watched runs does."""
    return {"schema_version": SCHEMA_VERSION, "runs": [_run(view) for view in views]}


def _run(view: WatchView) -> dict[str, Any]:
    return {
        "run_id": view.run_id,
        "journal": str(view.path),
        "status": view.status,
        "at": moment(view.now),
        "start": moment(view.start),
        "jobs": {
            "planned": view.planned,
            "done": view.count("done"),
            "in_flight": view.count("in_flight"),
            "waiting": view.count("waiting") if view.planned is not None else None,
            "failed": view.count("failed"),
            "cancelled": view.count("cancelled"),
            "will_not_run": view.count("never"),
        },
        "rules": [
            {
                "rule": row.rule,
                "planned": row.planned,
                "done": row.done,
                "in_flight": row.in_flight,
                "waiting": row.waiting,
                "failed": row.failed,
                "cancelled": row.cancelled,
                "will_not_run": row.never,
                "usual_s": _seconds(row.usual),
            }
            for row in view.rules
        ],
        "in_flight": [
            {
                "name": one.name,
                "rules": list(one.rules),
                "attempt": one.number,
                "state": one.state,
                "does": one.does,
                "for_s": _seconds(one.length),
                "node": one.node,
                "external_jobid": one.external_jobid,
                "reason": one.reason,
                "overdue": one.overdue,
                "failed_there": one.failed_there,
            }
            for one in view.flights
        ],
        "failed_attempts": view.failed_attempts,
        "failures": [
            {
                "name": one.name,
                "rule": one.rule,
                "attempt": one.number,
                "at": moment(one.moment),
                "how": one.code or one.cause or None,
                "last_line": one.last_line or None,
                "after": one.after or None,
            }
            for one in view.failures
        ],
        "classes_s": {name: to_seconds(time) for name, time in view.classes},
        "moved": moment(view.moved),
        "waits_for": view.why_still or None,
        "stands_still": view.still,
        "remaining": _remaining(view),
        "scheduler": view.asked or None,
        "still_out": None if view.still_out is None else list(view.still_out),
        "problems": list(view.problems),
    }


def _remaining(view: WatchView) -> dict[str, Any] | None:
    known = view.remaining
    if known is None:
        return None
    return {
        "median_s": _seconds(known.middle),
        "low_s": _seconds(known.low),
        "high_s": _seconds(known.high),
        "without_basis": list(known.without_basis),
        "at_least_s": _seconds(known.at_least),
        "jobs_here": known.jobs_here,
        "jobs_before": known.jobs_before,
        "runs_before": known.runs_before,
        "exact": known.exact,
        "is_bound": view.is_bound,
        "stops": known.stops,
        "checkpoints": list(known.checkpoints),
        "behind_s": to_seconds(known.behind),
    }


def _seconds(length: Micros | None) -> float | None:
    return None if length is None else to_seconds(length)
