"""How many submissions were ready, queued and running over time, and how many slots there were."""

from collections.abc import Sequence
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.path.utilisation import (
    UsageStep,
    Utilisation,
    utilisation,
)
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.plots.asked import (
    NothingToDrawError,
    PlotAsked,
    Reads,
    check_ran_jobs,
)
from snakemake_logger_plugin_observe.reporters.plots.measures import INNER, TimeScale, unit_for
from snakemake_logger_plugin_observe.reporters.plots.paint import Paint, colours
from snakemake_logger_plugin_observe.reporters.plots.sheet import Drawing, pixels
from snakemake_logger_plugin_observe.reporters.plots.which import of_run
from snakemake_logger_plugin_observe.reporters.usage_curve import highest
from snakemake_logger_plugin_observe.reporters.words import duration, duration_s

HELP: Final = "how many jobs were ready, queued and running over time, against the limit of slots"
READS: Final = Reads.RUN
DETAIL: Final = Detail.TIMES
OPTIONS: Final[tuple[str, ...]] = ()

_HEIGHT: Final = 400.0
_LEFT: Final = 56.0
_RIGHT: Final = 104.0
_MOST_STEPS: Final = 1_000
_FAR: Final = 3
"""A limit that is more than so many times as high as the curves is only named."""
_STATES: Final = {
    "ready": ("limits", "ready, waiting for a slot"),
    "queued": ("queue", "queued, not started yet"),
    "running": ("compute", "running"),
}
_DASHES: Final = {"ready": [1, 0], "queued": [7, 4], "running": [1, 0]}


def draw(asked: PlotAsked) -> Drawing:
    """Return the picture.

    Raises:
        NothingToDrawError: if no job of the run has a recorded time.

    """
    source, paint = asked.source, asked.paint
    check_ran_jobs(source)
    run = source.run
    start, end = run.start or 0, run.end or 0
    found = utilisation(run)
    if not found.steps:
        raise NothingToDrawError(
            f"{source.path}: no job was ready or ran, so there is nothing to draw"
        )
    unit = unit_for(end - start)
    steps, merged = _steps(found.in_slots, start, end)
    most = max(max(one.ready, one.queued, one.running) for one in steps)
    limit = found.slots if found.slots is not None and found.slots <= _FAR * most else None
    top = 1.08 * max(most, limit or 0, 1)
    scale = TimeScale(unit, end - start, INNER - _LEFT - _RIGHT, f"{unit.name} since the run began")
    in_cores = found.in_cores is not None
    y = _counts(top, "cores of these jobs" if in_cores else "jobs")
    return Drawing(
        title=f"{'Cores of jobs' if in_cores else 'Jobs'} that were ready, queued and running",
        which=of_run(source),
        facts=_facts(found),
        layers=[
            _curves(steps, (start, end), scale, y, paint),
            *(_limit(found, limit, scale, y, paint) if limit is not None else ()),
        ],
        height=_HEIGHT,
        left=_LEFT,
        right=_RIGHT,
        notes=(*merged, *_without_line(found, limit), _IN_CORES if in_cores else _FORMS),
    )


_FORMS: Final = "A group counts as one. Running is from its first sign of life to its reported end."


_IN_CORES: Final = (
    "Each job counts with its threads, as it does for --cores; a group with those of the members "
    "that run together. Running is from its first sign of life to its reported end."
)


def _steps(
    steps: Sequence[UsageStep], start: Micros, end: Micros
) -> tuple[list[UsageStep], list[str]]:
    """Return the steps that there is room for, and what is said if they were merged."""
    if len(steps) <= _MOST_STEPS:
        return list(steps), []
    stretch = max(1, -(-(end - start) // int(INNER - _LEFT - _RIGHT)))
    said = f"A pixel is {duration(stretch)}, and shows the most that there were of each in it."
    return highest(steps, start, stretch), [said]


def _counts(top: float, title: str) -> dict[str, Any]:
    return {
        "field": "count",
        "type": "quantitative",
        "scale": {"domain": [0, top], "nice": False},
        "axis": {
            "title": title,
            "tickMinStep": 1,
            "tickCount": 6,
            "format": ",d",
            "domain": False,
        },
    }


def _curves(
    steps: Sequence[UsageStep],
    span: tuple[Micros, Micros],
    scale: TimeScale,
    y: dict[str, Any],
    paint: Paint,
) -> dict[str, Any]:
    """Return the layer of the three curves, each of which begins and ends with the run."""
    start, end = span
    whole = [UsageStep(start), *(one for one in steps if start <= one.moment < end)]
    whole.append(whole[-1]._replace(moment=end))
    values = [
        {"x": scale.at(one.moment - start), "count": getattr(one, name), "state": said}
        for name, (_, said) in _STATES.items()
        for one in _turns(whole, name)
    ]
    own = {said: paint.of(cost_class) for cost_class, said in _STATES.values()}
    dashes = [_DASHES[name] for name in _STATES]
    return {
        "data": {"values": values},
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2.5},
        "encoding": {
            "x": scale.x,
            "y": y,
            "color": colours("state", own, -_LEFT, symbolType="stroke", symbolStrokeWidth=3),
            "strokeDash": {
                "field": "state",
                "type": "nominal",
                "scale": {"domain": list(own), "range": dashes},
                "legend": None,
            },
        },
    }


def _turns(steps: Sequence[UsageStep], name: str) -> list[UsageStep]:
    """Return the steps at which one of the counts changes, with the last."""
    found = [steps[0]]
    for one in steps[1:-1]:
        if getattr(one, name) != getattr(found[-1], name):
            found.append(one)
    return [*found, steps[-1]]


def _limit(
    found: Utilisation, limit: int, scale: TimeScale, y: dict[str, Any], paint: Paint
) -> list[dict[str, Any]]:
    """Return the layers of the limit of slots: a line, with what sets it."""
    ink = paint.ground.ink
    own = {"values": [{"x": scale.width, "count": limit, "text": f"--{found.slot_kind} {limit:,}"}]}
    said = {"type": "text", "align": "left", "baseline": "middle", "dx": 8, "color": ink}
    return [
        {
            "data": own,
            "mark": {"type": "rule", "strokeDash": [2, 3], "color": ink},
            "encoding": {"y": y},
        },
        {
            "data": own,
            "mark": said,
            "encoding": {"x": pixels("x"), "y": y, "text": {"field": "text", "type": "nominal"}},
        },
    ]


def _without_line(found: Utilisation, limit: int | None) -> list[str]:
    """Return what is said of a limit that has no line."""
    if found.slots is None:
        return ["The limit of slots is not known."]
    if limit is None:
        return [f"The limit, --{found.slot_kind} {found.slots:,}, is far above the curves."]
    return []


def _facts(found: Utilisation) -> str:
    cores = "cores " if found.in_cores is not None else ""
    most = {name: max(getattr(one, name) for one in found.in_slots) for name in _STATES}
    sums = {"ready": found.ready_s, "queued": found.queued_s, "running": found.running_s}
    said = (
        f"at most {most[name]:,} {cores}{name}, {duration_s(sums[name])} in all" for name in _STATES
    )
    limit = f"; the limit is --{found.slot_kind} {found.slots:,}" if found.slots is not None else ""
    return f"{'; '.join(said)}{limit}"
