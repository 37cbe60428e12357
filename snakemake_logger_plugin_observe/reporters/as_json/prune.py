"""The JSON of ``runs --keep`` and ``--older-than``: what is pruned, and what is kept."""

from typing import Any

from snakemake_logger_plugin_observe.journal.events import SCHEMA_VERSION
from snakemake_logger_plugin_observe.reporters.as_json.common import moment
from snakemake_logger_plugin_observe.reporters.run_list import ListedRun, PruneAnswer


def shape(answer: PruneAnswer) -> dict[str, Any]:
    """Return the answer as plain values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "folders": [str(folder) for folder in answer.folders],
        "action": answer.action,
        "done": answer.done,
        "pruned": [
            {
                **_run(one.run),
                "why": one.why,
                "fragments": list(one.fragments),
                "problem": one.problem or None,
                "bytes_after": one.bytes_after or None,
            }
            for one in answer.pruned
        ],
        "kept": [{**_run(run), "why": why} for run, why in answer.kept],
        "others": answer.others,
    }


def _run(one: ListedRun) -> dict[str, Any]:
    return {
        "journal": str(one.path),
        "start": moment(one.start),
        "state": one.state,
        "bytes": one.bytes,
    }
