"""How long the runs of a workflow took, one after the other, and since when they are slower."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.plots.asked import (
    NothingToDrawError,
    PlotAsked,
    Reads,
)
from snakemake_logger_plugin_observe.reporters.plots.measures import (
    INNER,
    SMALL,
    TimeScale,
    text_width,
    unit_for,
)
from snakemake_logger_plugin_observe.reporters.plots.paint import Paint, colours
from snakemake_logger_plugin_observe.reporters.plots.sheet import Drawing, pixels, texts
from snakemake_logger_plugin_observe.reporters.plots.which import shortened
from snakemake_logger_plugin_observe.reporters.run_list import (
    ListedRun,
    TrendChange,
    WorkflowRuns,
)
from snakemake_logger_plugin_observe.reporters.words import clock_time, duration_s

HELP: Final = "how long the runs of a workflow took, how they ended, and since when they are slower"
READS: Final = Reads.LIST
DETAIL: Final = Detail.TIMES
OPTIONS: Final[tuple[str, ...]] = ("workflow", "limit")

_HEIGHT: Final = 390.0
_LEFT: Final = 56.0
_RIGHT: Final = 190.0
_WIDTH: Final = INNER - _LEFT - _RIGHT
_BELOW: Final = 62.0
_WIDEST: Final = 44.0
_DATE: Final = 96.0
"""The room for a date below the axis."""
_BLOCK: Final = 17.0 * 3 + 6
"""The height of what is written next to a median."""
_HEADROOM: Final = 1.16
_NOT_DRAWN: Final = ("dry_run", "nothing_to_do")
_FULL: Final = "success, all jobs"
_PART: Final = "success, some jobs"
_OTHER: Final = "no end, or unknown"


def draw(asked: PlotAsked) -> Drawing:
    """Return the picture.

    Raises:
        NothingToDrawError: if no run of the workflow has a known length.

    """
    listed, paint = asked.listed, asked.paint
    assert listed is not None  # noqa: S101 - READS says so
    runs = [one for one in reversed(listed.runs) if one.state not in _NOT_DRAWN]
    if not any(one.makespan_s for one in runs):
        raise NothingToDrawError(
            f"{listed.folder}: no run of {listed.name or 'its workflow'} has a known length, so "
            "there is nothing to draw"
        )
    longest = round(1e6 * max(one.makespan_s or 0 for one in runs))
    unit = unit_for(longest)
    sides = _sides(listed, runs)
    up = TimeScale(unit, round(_HEADROOM * longest), _HEIGHT, unit.name)
    return Drawing(
        title=f"How long the runs of {listed.name or 'a workflow'} took",
        which=_which(listed, runs),
        facts=_facts(listed, runs),
        layers=[
            *_bands(sides, up, paint),
            _bars(runs, up, paint),
            *_medians(sides, up, paint),
            *_lengths(runs, up, paint),
            *_dates(runs, paint),
            *_without_length(runs, paint),
            *_changes(listed.changes, runs, paint),
        ],
        height=_HEIGHT,
        left=_LEFT,
        right=_RIGHT,
        below=_BELOW,
        notes=tuple(_notes(listed, runs)),
    )


def _which(listed: WorkflowRuns, runs: Sequence[ListedRun]) -> str:
    first, last = clock_time(runs[0].start), clock_time(runs[-1].start)
    span = f"of {first}" if len(runs) == 1 else f"from {first} to {last}, the oldest first"
    return f"{plural(len(runs), 'run')} {span} · {shortened(listed.folder)}"


def _middle(number: int, count: int) -> float:
    """Return where a run is, in pixels."""
    return _WIDTH * (number + 0.5) / count


# -- the runs ----------------------------------------------------------------------------------


def _kind(one: ListedRun) -> str:
    """Return how a run ended, as the legend has it."""
    match one.state:
        case "success":
            return _PART if one.scope in ("incremental", "resumed") or one.part else _FULL
        case "failed" | "interrupted" | "killed" | "running":
            return one.state
        case _:
            return _OTHER


def _kinds(paint: Paint) -> dict[str, str]:
    """Return the colour of each kind of run."""
    ground = paint.ground
    return {
        _FULL: ground.good,
        _PART: _between(ground.good, ground.ground, 0.55),
        "failed": ground.bad,
        "interrupted": paint.of("scheduling"),
        "running": paint.of("queue"),
        "killed": ground.faint,
        _OTHER: ground.line,
    }


def _between(one: str, other: str, share: float) -> str:
    """Return the colour that is *share* of the way from *one* to the *other*."""
    parts = [(int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def _bars(runs: Sequence[ListedRun], up: TimeScale, paint: Paint) -> dict[str, Any]:
    """Return the layer of bars, each in the colour of how its run ended."""
    half = min(_WIDEST, 0.7 * _WIDTH / len(runs)) / 2
    values = []
    for number, one in enumerate(runs):
        if one.makespan_s is None:
            continue
        middle = _middle(number, len(runs))
        length = {"y": 0, "y2": up.at(round(1e6 * one.makespan_s))}
        values.append({"x": middle - half, "x2": middle + half, **length, "kind": _kind(one)})
    own = _kinds(paint)
    shown = {name: own[name] for name in own if any(one["kind"] == name for one in values)}
    return {
        "data": {"values": values},
        "mark": "rect",
        "encoding": {
            "x": pixels("x"),
            "x2": {"field": "x2"},
            "y": up.y,
            "y2": {"field": "y2"},
            "color": colours("kind", shown, -_LEFT),
        },
    }


def _lengths(runs: Sequence[ListedRun], up: TimeScale, paint: Paint) -> Iterator[dict[str, Any]]:
    """Yield the layers of lengths above the bars, if each has room for its own.

    Each has a halo, so that the line of a median does not strike it through.
    """
    values: list[dict[str, Any]] = [
        {
            "x": _middle(number, len(runs)),
            "y": up.at(round(1e6 * one.makespan_s)),
            "text": duration_s(one.makespan_s),
        }
        for number, one in enumerate(runs)
        if one.makespan_s is not None
    ]
    room = _WIDTH / len(runs)
    if max(text_width(one["text"], SMALL) for one in values) > room:
        return
    halo = {"stroke": paint.ground.ground, "strokeWidth": 8, "strokeJoin": "round"}
    for around in (halo, {}):
        yield {
            "data": {"values": values},
            "mark": {"type": "text", "dy": -10, "fontSize": SMALL, **around},
            "encoding": {
                "x": pixels("x"),
                "y": up.y,
                "text": {"field": "text", "type": "nominal"},
            },
        }


def _dates(runs: Sequence[ListedRun], paint: Paint) -> Iterator[dict[str, Any]]:
    """Yield the layers of dates and times below as many runs as there is room for."""
    every = max(1, -(-len(runs) * int(_DATE) // int(_WIDTH)))
    shown = [(_middle(n, len(runs)), clock_time(one.start)) for n, one in enumerate(runs)][::every]
    for line, part in enumerate((slice(0, 10), slice(11, 16))):
        values = [{"x": x, "y": _HEIGHT + 16 + 17 * line, "text": said[part]} for x, said in shown]
        yield texts(values, align="center", color=paint.ground.faint, fontSize=SMALL)


def _without_length(runs: Sequence[ListedRun], paint: Paint) -> Iterator[dict[str, Any]]:
    """Yield the layer of a cross for each run whose length nobody knows."""
    values = [
        {"x": _middle(number, len(runs)), "y": _HEIGHT - 10, "text": "×"}
        for number, one in enumerate(runs)
        if one.makespan_s is None
    ]
    if values:
        yield texts(values, align="center", color=paint.ground.bad, fontSize=20)


# -- what is usual, and since when it is not ------------------------------------------------------


class _Side(NamedTuple):
    """Full runs that did the same work: all of them, or those on one side of a change."""

    name: str
    """Before the word ``median``; empty for all of them."""
    x: float
    x2: float
    """From where to where the runs are, in pixels."""
    runs: int
    median_s: float
    spread: tuple[float, float] | None


def _sides(listed: WorkflowRuns, runs: Sequence[ListedRun]) -> list[_Side]:
    """Return what is usual: of all runs, or on each side of the change of the makespan."""
    trend, change = listed.trend, _shown_change(listed.changes, runs)
    if trend is None or trend.runs < 2:
        return []
    if change is None or change.shift.kind != "makespan":
        spread = trend.least_s, trend.most_s
        return [_Side("", 0, _WIDTH, trend.runs, trend.median_s, spread)]
    x, shift = _place_of(change, runs), change.shift
    return [
        _Side("before: ", 0, x, shift.before, shift.before_s, shift.spread_before),
        _Side("since: ", x, _WIDTH, shift.after, shift.after_s, shift.spread_after),
    ]


def _bands(sides: Sequence[_Side], up: TimeScale, paint: Paint) -> Iterator[dict[str, Any]]:
    """Yield the layer of the spreads of full runs that did the same work."""
    values = [
        {"x": one.x, "x2": one.x2, "y": _at(one.spread[0], up), "y2": _at(one.spread[1], up)}
        for one in sides
        if one.spread is not None
    ]
    if values:
        yield {
            "data": {"values": values},
            "mark": {"type": "rect", "color": paint.ground.good, "opacity": 0.1},
            "encoding": {
                "x": pixels("x"),
                "x2": {"field": "x2"},
                "y": up.y,
                "y2": {"field": "y2"},
            },
        }


def _medians(sides: Sequence[_Side], up: TimeScale, paint: Paint) -> Iterator[dict[str, Any]]:
    """Yield the layers of the medians: a line each, and what it is, next to the plot."""
    lines: list[dict[str, Any]] = []
    above: float | None = None
    for one in sorted(sides, key=lambda side: -side.median_s):
        yield _level(one.median_s, (one.x, one.x2), up, paint)
        said = [f"{one.name}median {duration_s(one.median_s)}"]
        if one.spread is not None:
            said.append(f"{duration_s(one.spread[0])} to {duration_s(one.spread[1])}")
        said.append(f"of {plural(one.runs, 'full run')}")
        middle = _HEIGHT - up.pixels(round(1e6 * one.median_s))
        middle = middle if above is None else max(middle, above + _BLOCK)
        above = middle
        lines += [
            {"x": _WIDTH + 10, "y": middle + 17 * (n - 1), "text": text}
            for n, text in enumerate(said)
        ]
    if lines:
        yield texts(lines, color=paint.ground.faint, fontSize=SMALL + 1)


def _at(seconds: float, up: TimeScale) -> float:
    return up.at(round(1e6 * seconds))


def _level(
    seconds: float, span: tuple[float, float], up: TimeScale, paint: Paint
) -> dict[str, Any]:
    """Return the layer of a median: a line from one run to another."""
    return {
        "data": {"values": [{"x": span[0], "x2": span[1], "y": _at(seconds, up)}]},
        "mark": {"type": "rule", "color": paint.ground.ink, "strokeWidth": 1.5},
        "encoding": {"x": pixels("x"), "x2": {"field": "x2"}, "y": up.y},
    }


def _shown_change(changes: Sequence[TrendChange], runs: Sequence[ListedRun]) -> TrendChange | None:
    """Return the first change that lasts and whose runs are shown."""
    shown = {one.path for one in runs}
    return next((one for one in changes if one.first.path in shown), None)


def _place_of(change: TrendChange, runs: Sequence[ListedRun]) -> float:
    """Return where a change is, in pixels: between two runs."""
    number = next(n for n, one in enumerate(runs) if one.path == change.first.path)
    return _WIDTH * number / len(runs)


def _changes(
    changes: Sequence[TrendChange], runs: Sequence[ListedRun], paint: Paint
) -> Iterator[dict[str, Any]]:
    """Yield the layers of the first change that lasts: where it is, and what changed."""
    shown = _shown_change(changes, runs)
    if shown is None:
        return
    x = _place_of(shown, runs)
    yield {
        "data": {"values": [{"x": x, "y": 0, "y2": _HEIGHT}]},
        "mark": {"type": "rule", "color": paint.ground.bad, "strokeDash": [5, 4]},
        "encoding": {"x": pixels("x"), "y": pixels("y"), "y2": {"field": "y2"}},
    }
    left = x > _WIDTH / 2
    said = {"x": x, "y": 6, "text": _said(shown)}
    side: dict[str, Any] = {"align": "right", "dx": -8} if left else {"align": "left", "dx": 8}
    yield texts([said], color=paint.ground.bad, fontWeight="bold", **side)


def _said(change: TrendChange) -> str:
    """Return what changed: ``slower since then: 12.0 s → 20.1 s``."""
    shift = change.shift
    what = {"makespan": "", "class": f"{shift.name} ", "rule": f"rule {shift.name} "}[shift.kind]
    word = "slower" if shift.is_slower else "faster"
    return f"{what}{word} since: {duration_s(shift.before_s)} → {duration_s(shift.after_s)}"


# -- in words ----------------------------------------------------------------------------------


def _facts(listed: WorkflowRuns, runs: Sequence[ListedRun]) -> str:
    counts: dict[str, int] = {}
    for one in runs:
        counts[_kind(one)] = counts.get(_kind(one), 0) + 1
    said = [f"{count:,} {name}" for name, count in counts.items()]
    trend = listed.trend
    if trend is not None:
        said.append(
            f"{plural(trend.runs, 'full run')} of the same work: median "
            f"{duration_s(trend.median_s)}, from {duration_s(trend.least_s)} to "
            f"{duration_s(trend.most_s)}"
        )
    return "; ".join([*said, *(_said(one) for one in listed.changes[:1])])


def _notes(listed: WorkflowRuns, runs: Sequence[ListedRun]) -> Iterator[str]:
    left_out = len(listed.runs) - len(runs)
    if left_out:
        yield f"{plural(left_out, 'dry run')} or runs with nothing to do are left out."
    if (older := listed.matching - len(listed.runs)) > 0:
        yield f"{plural(older, 'older run')} not shown: --limit shows more."
    if any(one.makespan_s is None for one in runs):
        yield "×: it has no end in its journal, so nobody knows how long it took."
    if listed.trend is not None and listed.trend.runs > 1:
        count = plural(listed.trend.runs, "newest full run")
        sides = ", on each side of the change" if len(_sides(listed, runs)) > 1 else ""
        yield f"Median and spread: of the {count} that succeeded and did the same work{sides}."
    if listed.changes:
        yield (
            "A machine or a cluster that was busier from then on looks the same; runs lists what "
            "else changed."
        )
