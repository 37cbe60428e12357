"""What the JSON of several commands has in common: its first keys, and how a moment is written."""

from dataclasses import asdict
from typing import Any

from snakemake_logger_plugin_observe.clock import Micros, format_moment, to_seconds
from snakemake_logger_plugin_observe.journal.events import SCHEMA_VERSION
from snakemake_logger_plugin_observe.reporters.answers import EarlierRun, Source
from snakemake_logger_plugin_observe.run.scope import job_counts


def head(source: Source) -> dict[str, Any]:
    """Return the version of the schema, and which run the answer is about."""
    run = source.run
    return {
        "schema_version": SCHEMA_VERSION,
        "run": {
            "run_id": run.started.run_id if run.started else None,
            "status": source.status,
            "scope": source.scope,
            "resumes": _earlier(source.resumes),
            "jobs": asdict(job_counts(run)),
            "start": moment(run.start),
            "end": moment(run.end) if source.ended else None,
            "alive_until": moment(run.end),
            "makespan_s": to_seconds(run.makespan),
            "makespan_is_bound": not source.ended,
            "journal": str(source.path),
            "owner": source.owner,
            "problems": [*source.unread, *source.problems],
        },
    }


def _earlier(run: EarlierRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {"journal": str(run.path), "start": moment(run.start), "status": run.status}


def moment(micros: Micros | None) -> str | None:
    """Return a moment as RFC 3339, null if it is not known."""
    return None if micros is None else format_moment(micros)
