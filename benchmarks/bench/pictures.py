"""The pictures of docs/performance.md: what is installed, what records, what reads."""

import json
from pathlib import Path
from typing import Any, Final

from bench import imports, local_jobs, reader
from bench.results import BARE, LOADS, STARTS, Results
from bench.spans import Span, span

_CONFIG: Final = {"font": "sans-serif", "background": "white", "view": {"stroke": None}}
_WIDTH: Final = 620


def draw(results: Results, folder: Path) -> None:
    """Write each picture that there are samples for to *folder*."""
    import vl_convert  # an extra, which need not be there where only tables are wanted

    for name, spec in (
        ("performance_imports", _imports(results)),
        ("performance_local_jobs", _local_jobs(results)),
        ("performance_reader", _reader(results)),
    ):
        if spec is not None:
            picture = vl_convert.vegalite_to_svg(json.dumps({"config": _CONFIG, **spec}))
            (folder / f"{name}.svg").write_text(picture + "\n")


def _imports(results: Results) -> dict[str, Any] | None:
    values = [
        {"name": name, **_row(span(results.values(imports.MEASURE, 0, name, "taken_ms")))}
        for name in results.variants(imports.MEASURE)
    ]
    title = "What each start of Snakemake pays for an installed, unused plugin"
    return _ranges(values, title, "ms of CPU (logarithmic)", {"type": "log"})


def _local_jobs(results: Results) -> dict[str, Any] | None:
    values = []
    for jobs in results.sizes(local_jobs.MEASURE):
        for name in results.variants(local_jobs.MEASURE):
            pairs = results.pairs(local_jobs.MEASURE, jobs, name, "cpu_s")
            more = [100 * (other / bare - 1) for bare, other in pairs]
            if name != BARE and more:
                values.append({"name": name, "jobs": f"{jobs:,} jobs", **_row(span(more))})
    title = "CPU of trivial local jobs, more than without a logger plugin"
    return _ranges(values, title, "% more", {"zero": True})


def _row(found: Span) -> dict[str, float]:
    return {name: round(value, 4) for name, value in found._asdict().items()}


def _ranges(
    values: list[dict[str, Any]], title: str, unit: str, scale: dict[str, Any]
) -> dict[str, Any] | None:
    """Return a picture of medians as dots, with lines from the lowest to the highest value."""
    if not values:
        return None
    y: dict[str, Any] = {"field": "name", "type": "nominal", "sort": None, "title": None}
    shared: dict[str, Any] = {"y": y}
    if "jobs" in values[0]:
        shared["yOffset"] = {"field": "jobs", "sort": None}
        shared["color"] = {"field": "jobs", "type": "nominal", "title": None, "sort": None}
    x = {"type": "quantitative", "title": unit, "scale": scale}
    return {
        "title": title,
        "width": _WIDTH,
        "height": {"step": 26},
        "data": {"values": values},
        "encoding": shared,
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
                "encoding": {"x": {"field": "median", **x}},
            },
        ],
    }


def _reader(results: Results) -> dict[str, Any] | None:
    values = [
        {
            "jobs": size,
            "name": name,
            "s": span(results.values(reader.MEASURE, size, name, "cpu_s")).median,
        }
        for size in results.sizes(reader.MEASURE)
        for name in results.variants(reader.MEASURE)
        if name != STARTS and results.of(reader.MEASURE, size, name)
    ]
    if not values:
        return None
    axis = {"type": "quantitative", "scale": {"type": "log"}}
    ticks = {"values": results.sizes(reader.MEASURE), "format": ",d"}
    dashed = {"test": f"datum.name === '{LOADS}'", "value": [5, 4]}
    return {
        "title": "What reading a journal takes",
        "width": _WIDTH,
        "height": 360,
        "data": {"values": values},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "jobs", "title": "jobs in the journal", "axis": ticks, **axis},
            "y": {"field": "s", "title": "CPU, s", **axis},
            "color": {"field": "name", "type": "nominal", "title": None, "sort": None},
            "strokeDash": {"condition": dashed, "value": [1, 0]},
        },
    }
