"""When each attempt ran: a lane each, its phases by cost class, the actual path through them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.cost.partition import MakespanSegment, partition
from snakemake_logger_plugin_observe.analysis.path.paths import PathStep, steps
from snakemake_logger_plugin_observe.analysis.phrasing import group_name, plural
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.plots import drawn_path
from snakemake_logger_plugin_observe.reporters.plots.asked import (
    NothingToDrawError,
    PlotAsked,
    Reads,
    check_ran_jobs,
)
from snakemake_logger_plugin_observe.reporters.plots.cells import (
    FAILED_MARK,
    OPEN_MARK,
    PixelRow,
    PixelRun,
)
from snakemake_logger_plugin_observe.reporters.plots.drawn_path import Stretch
from snakemake_logger_plugin_observe.reporters.plots.lanes import Band, LaneAttempt, Lanes, lanes_of
from snakemake_logger_plugin_observe.reporters.plots.measures import (
    INNER,
    SMALL,
    TimeScale,
    text_width,
    unit_for,
)
from snakemake_logger_plugin_observe.reporters.plots.paint import Paint, colours
from snakemake_logger_plugin_observe.reporters.plots.sheet import Drawing, pixels, texts
from snakemake_logger_plugin_observe.reporters.plots.which import of_run
from snakemake_logger_plugin_observe.reporters.words import duration, job_name
from snakemake_logger_plugin_observe.run.attempt import FAILED, FINAL, Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import CLASSES, PHASES
from snakemake_logger_plugin_observe.run.segments import Segment

HELP: Final = "when each attempt ran: a lane each, its phases, the actual path through them"
READS: Final = Reads.RUN
DETAIL: Final = Detail.TIMES
OPTIONS: Final[tuple[str, ...]] = ("by",)

_LEFT: Final = 132.0
_WIDTH: Final = INNER - _LEFT
_STRIP: Final = 20.0
_TOP: Final = 34.0
"""The strip of the actual path, and the gap below it."""
_MOST_HIGH: Final = 420.0
_HIGHEST_LANE, _LOWEST_LANE = 34.0, 3.0
_MOST_RUNS: Final = 30_000
"""Of pixels, in all lanes: with more, fewer lanes are shown."""
_ROOM_FOR_GAPS: Final = 5.0
_ROOM_FOR_TEXT: Final = 14.0
_LEAST_NAME: Final = 18
"""A narrower stretch has no name in it."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of the picture: one for each lane, or for the middle one of several."""

    height: float
    """Of one."""
    lanes: tuple[int, ...]
    """The lane that each shows."""
    runs: tuple[tuple[PixelRun, ...], ...]
    of: int
    """How many lanes there are."""

    def row(self, lane: int) -> int:
        """Return the row where a lane is, or those next to it are."""
        return lane * len(self.lanes) // self.of

    def first_lane(self, row: int) -> int:
        """Return the first lane that is in a row."""
        return -(-row * self.of // len(self.lanes))

    def middle(self, row: float) -> float:
        """Return the middle of a row, in pixels."""
        return _TOP + (row + 0.5) * self.height


def draw(asked: PlotAsked) -> Drawing:
    """Return the picture.

    Raises:
        NothingToDrawError: if no job of the run has a recorded time.

    """
    source, paint = asked.source, asked.paint
    check_ran_jobs(source)
    run = source.run
    lanes = lanes_of(run, asked.lanes_by)
    if not lanes.lanes:
        raise NothingToDrawError(f"{source.path}: no job was selected, so there is nothing to draw")
    span = run.start or 0, run.end or 0
    unit = unit_for(span[1] - span[0])
    scale = TimeScale(unit, span[1] - span[0], _WIDTH, f"{unit.name} since the run began")
    rows = _rows(lanes, span)
    actual = partition(run)
    path = list(_path(steps(actual), lanes, rows, span))
    strip = _strip(actual, span)
    return Drawing(
        title=f"When each attempt ran, by {asked.lanes_by}",
        which=of_run(source),
        facts=_facts(lanes, rows, source.run.makespan),
        layers=[
            *_stretches(strip, rows, scale, paint),
            *_names_in_lanes(lanes, rows, span, path, paint),
            *drawn_path.layers(path, rows.height, paint),
            *_names(lanes.bands, rows, _path_words(source)[0], paint),
        ],
        height=_TOP + rows.height * len(rows.lanes) + 2,
        left=_LEFT,
        notes=tuple(_notes(lanes, rows, scale, _path_words(source)[1])),
    )


# -- rows of pixels ----------------------------------------------------------------------------

_Span = tuple[Micros, Micros]


def _rows(lanes: Lanes, span: _Span) -> _Rows:
    """Return the rows that there is room for, and of which the picture stays small."""
    count = min(len(lanes.lanes), int(_MOST_HIGH / _LOWEST_LANE))
    while True:
        rows = _painted(lanes, count, span)
        if sum(map(len, rows.runs)) <= _MOST_RUNS or count == 1:
            return rows
        count = max(1, count * 3 // 4)


def _painted(lanes: Lanes, count: int, span: _Span) -> _Rows:
    """Return so many rows: each with the lane at its middle, and the failures of all its lanes."""
    every, height = len(lanes.lanes), min(_HIGHEST_LANE, _MOST_HIGH / count)
    shown = tuple((2 * row + 1) * every // (2 * count) for row in range(count))
    painted = [PixelRow(*span, int(_WIDTH)) for _ in shown]
    for row, lane in zip(painted, shown, strict=True):
        for one in lanes.lanes[lane]:
            row.paint_attempt(one, gap=height >= _ROOM_FOR_GAPS)
            if one.attempt.status not in FINAL:
                row.mark_open(one.begin, one.end)
    for number, own in enumerate(lanes.lanes):
        for one in (each for group in own for each in (group, *group.members)):
            if one.attempt.status in FAILED:
                painted[number * count // every].mark_failure(one.attempt.end or one.end)
    return _Rows(height, shown, tuple(tuple(row.runs()) for row in painted), every)


def _strip(actual: Sequence[MakespanSegment], span: _Span) -> list[PixelRun]:
    """Return the actual path in time."""
    row = PixelRow(*span, int(_WIDTH))
    for one in actual:
        row.paint(one.start, one.end, one.cost_class, gap=True)
    return list(row.runs())


# -- what is drawn of them -----------------------------------------------------------------------


def _stretches(
    strip: Sequence[PixelRun], rows: _Rows, scale: TimeScale, paint: Paint
) -> Iterator[dict[str, Any]]:
    """Yield the layers of the strip and of all lanes: a line for each cost class in each.

    One line with breaks in it takes a tenth of the bytes of a box for each stretch.
    """
    every = [run for runs in (strip, *rows.runs) for run in runs]
    present = {one.cost_class for one in every}
    own = {name: paint.of(name) for name in CLASSES if name in present}
    if FAILED_MARK in present:
        own[FAILED_MARK] = paint.ground.bad
    if OPEN_MARK in present:
        own[OPEN_MARK] = paint.ground.line
    gap = 1 if rows.height >= _ROOM_FOR_GAPS else 0
    lanes = [(rows.middle(row), run) for row, runs in enumerate(rows.runs) for run in runs]
    for values, high in (
        ([(_STRIP / 2, run) for run in strip], _STRIP),
        (lanes, rows.height - gap),
    ):
        yield {
            "data": {"values": list(_points(values, scale))},
            "mark": {"type": "line", "strokeWidth": high, "strokeCap": "butt", "clip": True},
            "encoding": {
                "x": scale.x,
                "y": pixels("y"),
                "order": {"field": "order", "type": "quantitative"},
                "color": colours("class", own, -_LEFT, symbolType="stroke", symbolStrokeWidth=12),
            },
        }


def _points(values: Sequence[tuple[float, PixelRun]], scale: TimeScale) -> Iterator[dict[str, Any]]:
    """Yield the ends of each stretch, and a break behind it."""
    for number, (y, one) in enumerate(values):
        both = {"y": y, "class": one.cost_class}
        yield {**both, "x": scale.at(scale.length(one.first)), "order": 3 * number}
        yield {**both, "x": scale.at(scale.length(one.behind)), "order": 3 * number + 1}
        yield {**both, "x": None, "order": 3 * number + 2}


def _names_in_lanes(
    lanes: Lanes, rows: _Rows, span: _Span, path: Sequence[Stretch], paint: Paint
) -> Iterator[dict[str, Any]]:
    """Yield the layer of the names of jobs and phases, where there is room for them."""
    if rows.height < _ROOM_FOR_TEXT:
        return
    row = PixelRow(*span, int(_WIDTH))
    values = []
    for number, lane in enumerate(rows.lanes):
        y = rows.middle(number)
        for one in (each for own in lanes.lanes[lane] for each in (own, *own.members)):
            for segment, names in _names_of(one, lanes.run):
                block = row.pixel(segment.start), row.pixel(segment.end)
                if block[1] - block[0] < _LEAST_NAME:
                    continue
                begin, end = drawn_path.room(path, rows.height, block, y)
                fits = (n for n in names if text_width(n, SMALL - 1) + 12 <= end - begin)
                if (text := next(fits, None)) is not None:
                    ink = paint.on(PHASES[segment.phase or ""].cost_class)
                    values.append({"x": begin + 5, "y": y, "text": text, "ink": ink})
    if values:
        yield texts(values, fontSize=SMALL - 1)


def _names_of(one: LaneAttempt, run: Run) -> Iterator[tuple[Segment, tuple[str, ...]]]:
    """Yield what may be written into each stretch of an attempt, what says most first.

    The longest one has the name of its job or rule, the others have those of their phases.
    """
    named = [segment for segment in one.segments if segment.phase is not None]
    longest = max(named, key=lambda segment: segment.length, default=None)
    for segment in named:
        phase = segment.phase or ""
        if segment is longest:
            rule, job = _names_of_job(one.attempt, run)
            both = (f"{job} · {phase}", f"{rule} · {phase}")
            yield segment, (*both, job, rule, phase)
        else:
            yield segment, (phase,)


def _names_of_job(attempt: Attempt, run: Run) -> tuple[str, str]:
    """Return the name of an attempt's rule or group, and of its job."""
    job = run.job_of(attempt)
    rule = run.rule_of(attempt)
    name = group_name(run, attempt.group) if rule is None else None
    return (
        job_name(rule, {}, name),
        job_name(rule, job.wildcards if job is not None else {}, name),
    )


def _path(path: Sequence[PathStep], lanes: Lanes, rows: _Rows, span: _Span) -> Iterator[Stretch]:
    """Yield the parts of the actual path that an attempt in a lane owns."""
    row = PixelRow(*span, int(_WIDTH))
    for one in path:
        owner = one.job_id if one.job_id is not None else one.group or ""
        lane = lanes.lane_of.get((owner, one.attempt)) if one.attempt is not None else None
        if lane is not None:
            middle = rows.middle(rows.row(lane))
            yield Stretch(row.pixel(one.start), row.pixel(one.end), middle)


# -- words -------------------------------------------------------------------------------------


def _path_words(source: Source) -> tuple[str, str]:
    """Return what the path is called, and what it is: of a run without an end, a part of one."""
    if source.ended:
        return "actual path", "the actual path, which the run's end waited for"
    return "path so far", "the path so far: what the last sign of life waited for"


def _names(bands: Sequence[Band], rows: _Rows, path: str, paint: Paint) -> Iterator[dict[str, Any]]:
    """Yield the layers of the names of lanes, or of bands of them, and lines between these."""
    named = [(path, _STRIP / 2)]
    lines = []
    for band in bands:
        first, behind = rows.row(band.first), rows.row(band.first + band.count - 1) + 1
        if not band.title:
            every = max(1, -(-int(_ROOM_FOR_TEXT) // int(rows.height)))
            shown = range(first, behind, every)
            named += [(f"slot {rows.first_lane(row) + 1:,}", rows.middle(row)) for row in shown]
        elif (y := rows.middle((first + behind - 1) / 2)) - named[-1][1] >= SMALL + 1:
            named.append((band.title, y))
        if band.first:
            y = rows.middle(first) - rows.height / 2 - 0.5
            lines.append({"x": -_LEFT, "x2": _WIDTH, "y": y})
    values = [{"x": -10, "y": y, "text": text} for text, y in named]
    yield texts(values, align="right", limit=_LEFT - 12, color=paint.ground.faint, fontSize=SMALL)
    if lines and rows.height * len(rows.lanes) / len(bands) >= SMALL - 1:
        yield {
            "data": {"values": lines},
            "mark": {"type": "rule", "color": paint.ground.line},
            "encoding": {"x": pixels("x"), "x2": {"field": "x2"}, "y": pixels("y")},
        }


def _facts(lanes: Lanes, rows: _Rows, makespan: Micros) -> str:
    attempts = len(lanes.lane_of)
    return f"{plural(attempts, 'attempt')} in {plural(rows.of, 'lane')} over {duration(makespan)}"


def _notes(lanes: Lanes, rows: _Rows, scale: TimeScale, path: str) -> Iterator[str]:
    """Yield what is merged or left out, and what the path is."""
    if len(rows.lanes) < rows.of:
        yield (
            f"{rows.of:,} lanes: each of the {len(rows.lanes):,} rows shows the middle one of "
            f"{rows.of / len(rows.lanes):.2g}, and the failures and the path of all of these."
        )
    pixel = duration(scale.length(1))
    yield f"A pixel is {pixel}: of what is shorter, it shows what lies at its middle."
    if rows.height >= _ROOM_FOR_GAPS:
        yield f"Framed, or with a line along it: {path}."
    else:
        yield f"The dark lines are {path}."
    marks = {one.cost_class for runs in rows.runs for one in runs}
    if FAILED_MARK in marks:
        yield "A red mark is the end of a failed attempt."
    if OPEN_MARK in marks:
        yield "An attempt with a pale end was in flight then: its own end is not known."
    if any(one.members for lane in lanes.lanes for one in lane):
        at_once = ", of those at once the one that ended last" if lanes.at_once else ""
        yield f"A group takes one lane: its members are in it{at_once}."
    if lanes.untimed:
        yield f"{plural(lanes.untimed, 'attempt')} without times: not in any lane."
