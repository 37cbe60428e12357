"""What the page's script draws of a run: phases, attempts, the actual path, and curves."""

from collections.abc import Sequence
from typing import Any

from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.analysis.path.paths import Paths
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.page import columns, curves
from snakemake_logger_plugin_observe.run.phases import PHASES


def of_run(source: Source, rows: Sequence[Row], paths: Paths) -> dict[str, Any]:
    """Return the pictures of one run."""
    tick = columns.tick_of(source.run.makespan, len(rows))
    return {**phases(), "tick_us": tick, **_picture(source, rows, paths, tick)}


def of_two(*sides: tuple[Source, Sequence[Row], Paths]) -> dict[str, Any]:
    """Return the pictures of runs with one unit of time."""
    tick = max(columns.tick_of(one.run.makespan, len(rows)) for one, rows, _ in sides)
    pictures = [_picture(*side, tick) for side in sides]
    return {
        **phases(),
        "tick_us": tick,
        "end": max(one["end"] for one in pictures),
        "sides": pictures,
    }


def phases() -> dict[str, Any]:
    """Return all phases, in the order of their numbers in the columns."""
    return {
        "phases": [
            {"name": one.name, "cost_class": one.cost_class, "meaning": one.meaning}
            for one in PHASES.values()
        ]
    }


def _picture(source: Source, rows: Sequence[Row], paths: Paths, tick: Micros) -> dict[str, Any]:
    run = source.run
    start, end = run.start or 0, run.end or 0
    return {
        "end": max(0, end - start) // tick,
        "ended": source.ended,
        "attempts": columns.attempts(run, rows, tick, cut=source.length_unknown),
        "path": columns.path(run, rows, paths.actual, tick),
        "curves": curves.curves(paths.utilisation, start, end, tick),
    }
