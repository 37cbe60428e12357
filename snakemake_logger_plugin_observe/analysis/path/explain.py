"""The journal lines and stamps behind each segment of the actual path.

Nothing is recomputed here: the begin and end of a segment are looked up among the moments in its
own line, in its neighbours' lines, and in the line of the attempt that released it. Moments of a
node's clock are compared after correcting for the offset in the same line.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.cost.partition import MakespanSegment
from snakemake_logger_plugin_observe.clock import Micros, format_moment
from snakemake_logger_plugin_observe.journal.events import line_of
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.refined import RecordMoments

_TOLERANCE: Final = 1_000  # reading two clocks of the same kernel differs by less
_FIRST_MOMENT: Final = 10**15  # in 2001; hardly anything else in a line is as large a number
_ON_THE_NODE: Final = ("levels", "node_starts")


@dataclass(frozen=True, slots=True)
class StampSource:
    """A stamp, and where in the journal it is."""

    line: int
    event: str
    field: str
    """Its place in the line: ``stamps.submitting``, ``levels[0].executions[0].tool_started``."""
    text: str


@dataclass(frozen=True, slots=True)
class ExplainedSegment:
    """A segment of the actual path, and the stamps that its begin and end come from."""

    segment: MakespanSegment
    begin: tuple[StampSource, ...]
    end: tuple[StampSource, ...]


def lines_needed(run: Run, segments: Sequence[MakespanSegment]) -> set[int]:
    """Return the numbers of the lines that ``explain`` reads."""
    wanted = {line_of(run.finished)}
    for one in segments:
        wanted.update(_own_lines(run, one), [_releasing_line(run, one)])
        owner = _owner(run, one)
        wanted.add(owner.accounting_line if owner is not None else None)
    return {line for line in wanted if line is not None}


def explain(
    run: Run, segments: Sequence[MakespanSegment], lines: Mapping[int, Mapping[str, Any]]
) -> Iterator[ExplainedSegment]:
    """Yield each of *segments* with the stamps of its begin and end.

    Args:
        run: the run.
        segments: its actual path, in order.
        lines: the JSON objects of the lines that ``lines_needed`` returned.

    """
    stamps = {number: list(_stamps(line)) for number, line in lines.items()}
    for index, segment in enumerate(segments):
        before = segments[index - 1].line if index else None
        after = segments[index + 1].line if index + 1 < len(segments) else line_of(run.finished)
        own, releasing = _own_lines(run, segment), _releasing_line(run, segment)
        yield ExplainedSegment(
            segment,
            _sources(segment.start, (*own, releasing, before), lines, stamps)
            or _of_the_record(run, segment, segment.start, lines),
            _sources(segment.end, (*own, after), lines, stamps)
            or _of_the_record(run, segment, segment.end, lines),
        )


def _sources(
    moment: Micros,
    numbers: Iterable[int | None],
    lines: Mapping[int, Mapping[str, Any]],
    stamps: Mapping[int, Sequence[tuple[str, str, Micros]]],
) -> tuple[StampSource, ...]:
    """Return the stamps nearest to *moment* in the lines *numbers*, one from each line at most."""
    near = [
        (abs(when - moment), StampSource(number, lines[number]["event"], field, text))
        for number in dict.fromkeys(numbers)
        if number is not None and number in stamps
        for field, text, when in stamps[number]
        if abs(when - moment) <= _TOLERANCE
    ]
    nearest = min((distance for distance, _ in near), default=0)
    by_line: dict[int, StampSource] = {}
    for distance, source in near:
        if distance == nearest:
            by_line.setdefault(source.line, source)
    return tuple(by_line.values())


def _of_the_record(
    run: Run, segment: MakespanSegment, moment: Micros, lines: Mapping[int, Mapping[str, Any]]
) -> tuple[StampSource, ...]:
    """Return what in the scheduler's record a border at *moment* follows from.

    Its clock may differ, and it rounds down: a border may lie at the end of the second.
    """
    attempt = _owner(run, segment)
    if attempt is None or attempt.accounting is None or attempt.accounting_line is None:
        return ()
    by_main = RecordMoments(attempt.accounting, attempt.stamps)
    record = lines.get(attempt.accounting_line, {}).get("record", {})
    for name in ("submitted", "eligible", "started", "ended"):
        known = getattr(by_main, name)
        borders = () if known is None else (known, known + by_main.resolution)
        if any(abs(moment - border) <= _TOLERANCE for border in borders):
            written = record.get(name)
            text = format_moment(written) if isinstance(written, int) else "null"
            return (StampSource(attempt.accounting_line, "accounting", f"record.{name}", text),)
    return ()


def _owner(run: Run, segment: MakespanSegment) -> Attempt | None:
    name = segment.job_id if segment.job_id is not None else segment.group
    return run.attempts.get((name, segment.attempt or 1)) if name is not None else None


def _own_lines(run: Run, segment: MakespanSegment) -> tuple[int | None, ...]:
    """Return the lines about a segment's owner; also the submission's, if it has not ended."""
    attempt = _owner(run, segment)
    if attempt is None or attempt.status in FINAL:
        return (segment.line,)
    return segment.line, attempt.submitted_line


def _releasing_line(run: Run, segment: MakespanSegment) -> int | None:
    release = segment.released_by
    if release is None or release.attempt is None:
        return None
    key = (release.job_id if release.job_id is not None else release.group or "", release.attempt)
    attempt = run.attempts.get(key)
    return attempt.line if attempt is not None else None


def _stamps(line: Mapping[str, Any]) -> Iterator[tuple[str, str, Micros]]:
    """Yield every moment in *line*: its place, its text, and its value on the main clock."""
    offset = line.get("offset")
    assumed = offset.get("assumed_s") if isinstance(offset, dict) else None
    ahead = round(assumed * 1_000_000) if isinstance(assumed, int | float) else 0
    for field, value in line.items():
        node = field in _ON_THE_NODE
        for name, moment in _moments(field, value):
            yield name, format_moment(moment), moment - ahead if node else moment


def _moments(name: str, value: Any) -> Iterator[tuple[str, Micros]]:
    """Yield each number in *value* that may be a moment, with its place."""
    if isinstance(value, int):
        if value >= _FIRST_MOMENT:
            yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _moments(f"{name}.{key}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _moments(f"{name}[{index}]", inner)
