"""How long a run would have taken with other limits of slots: each simulated, by cost class."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import (
    CORES,
    JOBS,
    limits_in_force,
)
from snakemake_logger_plugin_observe.analysis.path.critical import critical_path
from snakemake_logger_plugin_observe.analysis.path.utilisation import utilisation
from snakemake_logger_plugin_observe.analysis.whatif.scenario import Scenario, ScenarioError
from snakemake_logger_plugin_observe.analysis.whatif.scenario_effects import SAME
from snakemake_logger_plugin_observe.analysis.whatif.whatif import Prediction, WhatIf, what_if
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.as_text import unended
from snakemake_logger_plugin_observe.reporters.as_text.whatif import assumed
from snakemake_logger_plugin_observe.reporters.plots.asked import (
    NothingToDrawError,
    PlotAsked,
    Reads,
    check_ran_jobs,
)
from snakemake_logger_plugin_observe.reporters.plots.measures import (
    INNER,
    TEXT,
    TimeScale,
    unit_for,
)
from snakemake_logger_plugin_observe.reporters.plots.paint import Paint
from snakemake_logger_plugin_observe.reporters.plots.sheet import Drawing, pixels
from snakemake_logger_plugin_observe.reporters.plots.which import of_run
from snakemake_logger_plugin_observe.reporters.words import duration
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import CLASSES

HELP: Final = "how long the run would have taken with more or less --jobs or --cores, simulated"
READS: Final = Reads.RUN
DETAIL: Final = Detail.TIMES
OPTIONS: Final[tuple[str, ...]] = ("jobs", "cores")

_HEIGHT: Final = 390.0
_LEFT: Final = 56.0
_RIGHT: Final = 170.0
_HEADROOM: Final = 1.12
_HALVED, _DOUBLED = 2, 3
"""So many powers of two below the run's limit are simulated, and above it."""
_LEAST: Final = 0.4
"""Of a pixel: what is less of a bar is not drawn, and has no place in the legend."""
_BOUNDS: Final = {"lower": "≥ ", "upper": "≤ ", None: ""}


def draw(asked: PlotAsked) -> Drawing:
    """Return the picture.

    Raises:
        NothingToDrawError: if nobody knows how long the run took, or its simulation is not like it.

    """
    source, paint = asked.source, asked.paint
    check_ran_jobs(source)
    if source.length_unknown:
        raise NothingToDrawError(
            f"{source.path}: nobody knows how long the run took, and so what another setting would "
            "have saved"
        )
    name, had = _limit(source.run, asked.limit)
    values = asked.values or around(had or _most_at_once(source.run))
    found = _simulated(source, name, values)
    critical = critical_path(source.run).length
    longest = max(found.measured, *(_longest(one) for one in found.predictions))
    unit = unit_for(longest)
    up = TimeScale(unit, round(_HEADROOM * longest), _HEIGHT, unit.name)
    x = _bands(name, values)
    return Drawing(
        title=f"How long the run would have taken with other --{name}",
        which=of_run(source),
        facts=_facts(found, name, values, critical),
        layers=[
            _bars(list(zip(values, found.predictions, strict=True)), x, up, paint),
            *_ranges(list(zip(values, found.predictions, strict=True)), x, up, paint),
            *(_measured(found.measured, had, x, up, paint) if had in values else ()),
            *(_critical(critical, up, paint) if critical else ()),
        ],
        height=_HEIGHT,
        left=_LEFT,
        right=_RIGHT,
        notes=tuple(_notes(found, source)),
    )


# -- what is simulated -------------------------------------------------------------------------


def _limit(run: Run, asked: str | None) -> tuple[str, int | None]:
    """Return which limit is varied, and what the run had of it; None if it had none."""
    limits = limits_in_force(run)
    name = asked or (CORES if CORES in limits else JOBS)
    return name, limits.get(name)


def around(had: int) -> tuple[int, ...]:
    """Return the powers of two around *had*, with that itself."""
    exponent = max(0, had.bit_length() - 1)
    powers = (1 << one for one in range(max(0, exponent - _HALVED), exponent + _DOUBLED + 1))
    return tuple(sorted({had, *powers}))


def _most_at_once(run: Run) -> int:
    """Return how many submissions were out at once, at most, in a run without a limit."""
    return max([1, *(one.queued + one.running for one in utilisation(run).steps)])


def _simulated(source: Source, name: str, values: Sequence[int]) -> WhatIf:
    """Return what the run would have taken with each of *values*.

    Raises:
        NothingToDrawError: if that cannot be simulated, or the simulation is not like the run.

    """
    run = source.run
    scenarios = [Scenario(jobs=one) if name == JOBS else Scenario(cores=one) for one in values]
    try:
        found = what_if(run, scenarios, partition(run))
    except ScenarioError as error:
        raise NothingToDrawError(f"{source.path}: {error}") from error
    if not found.is_like_the_run:
        raise NothingToDrawError(
            f"{source.path}: what another setting would have saved cannot be told: simulated "
            f"without changes, the run takes {duration(found.unchanged.predicted)}, and it took "
            f"{duration(found.measured)}"
        )
    return found


# -- what is drawn -----------------------------------------------------------------------------

_Simulated = Sequence[tuple[int, Prediction]]


def _bands(name: str, values: Sequence[int]) -> dict[str, Any]:
    """Return the encoding of ``x`` by the value of the limit, each in a band of its own."""
    return {
        "field": "value",
        "type": "ordinal",
        "sort": None,
        "scale": {
            "domain": [f"{one:,}" for one in values],
            "paddingInner": 0.4,
            "paddingOuter": 0.3,
        },
        "axis": {"title": f"--{name}", "labelAngle": 0, "ticks": False, "labelFontSize": TEXT},
    }


def _longest(one: Prediction) -> Micros:
    return max(one.predicted, one.interval[1] if one.interval is not None else 0)


def _bars(simulated: _Simulated, x: dict[str, Any], up: TimeScale, paint: Paint) -> dict[str, Any]:
    """Return the layer of bars, each by cost class, the first in display order at the bottom."""
    boxes: list[dict[str, Any]] = []
    for value, one in simulated:
        start = 0
        for name in CLASSES:
            length = one.by_class.get(name, 0)
            if up.pixels(length) >= _LEAST:
                own = {"y": up.at(start), "y2": up.at(start + length), "class": name}
                boxes.append({"value": f"{value:,}", **own})
            start += length
    return {
        "data": {"values": boxes},
        "mark": "bar",
        "encoding": {
            "x": x,
            "y": {**up.y, "axis": {"title": up.title, "grid": False, "tickCount": 6}},
            "y2": {"field": "y2"},
            "color": paint.by_class((one["class"] for one in boxes), -_LEFT),
        },
    }


def _ranges(
    simulated: _Simulated, x: dict[str, Any], up: TimeScale, paint: Paint
) -> Iterator[dict[str, Any]]:
    """Yield the layers of how long each takes, and of its range where what it draws decides."""
    ink = paint.ground.ink
    ranges = [
        {"value": f"{value:,}", "y": up.at(one.interval[0]), "y2": up.at(one.interval[1])}
        for value, one in simulated
        if one.interval is not None
    ]
    if ranges:
        yield {
            "data": {"values": ranges},
            "mark": {"type": "rule", "color": ink, "strokeWidth": 2},
            "encoding": {"x": x, "y": up.y, "y2": {"field": "y2"}},
        }
    texts = [
        {"value": f"{value:,}", "y": up.at(_longest(one)), "text": _said(one)}
        for value, one in simulated
    ]
    yield {
        "data": {"values": texts},
        "mark": {"type": "text", "dy": -17, "fontWeight": "bold"},
        "encoding": {"x": x, "y": up.y, "text": {"field": "text", "type": "nominal"}},
    }


def _said(one: Prediction) -> str:
    return f"{_BOUNDS[one.bound]}{duration(one.predicted)}"


def _measured(
    measured: Micros, had: int | None, x: dict[str, Any], up: TimeScale, paint: Paint
) -> Iterator[dict[str, Any]]:
    """Yield the layers of the run itself: a point at its limit and its length, and what it is."""
    ground = paint.ground
    own = {"values": [{"value": f"{had:,}", "y": up.at(measured)}]}
    yield {
        "data": own,
        "mark": {
            "type": "point",
            "shape": "diamond",
            "size": 220,
            "filled": True,
            "opacity": 1,
            "color": ground.ink,
            "stroke": ground.ground,
            "strokeWidth": 2,
        },
        "encoding": {"x": x, "y": up.y},
    }


def _critical(length: Micros, up: TimeScale, paint: Paint) -> Iterator[dict[str, Any]]:
    """Yield the layers of the critical path: no limit makes the run shorter than this line."""
    ink = paint.ground.ink
    own = {"values": [{"x": INNER - _LEFT - _RIGHT, "y": up.at(length), "text": _CRITICAL}]}
    yield {
        "data": own,
        "mark": {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1.5, "color": ink},
        "encoding": {"y": up.y},
    }
    for dy, text, weight in ((-9, _CRITICAL, "normal"), (9, duration(length), "bold")):
        yield {
            "data": {"values": [{**own["values"][0], "text": text}]},
            "mark": {"type": "text", "align": "left", "dx": 8, "dy": dy, "fontWeight": weight},
            "encoding": {
                "x": pixels("x"),
                "y": up.y,
                "text": {"field": "text", "type": "nominal"},
            },
        }


_CRITICAL: Final = "critical path of tools"


def _facts(found: WhatIf, name: str, values: Sequence[int], critical: Micros) -> str:
    said = (
        f"--{name} {value:,}: {_said(one)}"
        + (f" ({duration(one.interval[0])} to {duration(one.interval[1])})" if one.interval else "")
        for value, one in zip(values, found.predictions, strict=True)
    )
    return f"{'; '.join(said)}; the critical path of the tools is {duration(critical)}"


def _notes(found: WhatIf, source: Source) -> Iterator[str]:
    """Yield what is marked how, what the simulation assumes, and what is not known of the run."""
    upto = "" if source.status == "success" else "; what is simulated is the work up to then"
    yield f"The diamond is the run itself: {unended.how_long(source)}{upto}."
    if any(one.interval is not None for one in found.predictions):
        yield "A line at the end of a bar is where 8 of 10 simulations end."
    if any(one.bound for one in found.predictions):
        yield "≥: at least so long; ≤: at most so long. What is assumed says why."
    yield f"Assumed: {'; '.join(one for one in assumed(found.predictions) if one != SAME)}."
    yield from (f"Not known: {one}." for one in found.gaps)
