"""The text of what jobs used and had requested: job by job, and summed up by rule."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.jobs.rule_use import RuleFigures, Spread
from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.journal.records import Benchmark
from snakemake_logger_plugin_observe.reporters.tables import not_shown, plain_table
from snakemake_logger_plugin_observe.reporters.words import (
    duration_s,
    harmless,
    job_name,
    requested_size,
    size,
)

_JOB: Final = ("job", "attempt")
_FIGURES: Final = (
    *("cores", "memory", "time", "CPU", "read", "written"),
    *("benchmark: memory", "CPU"),
)
_LEAST_OF_A_NAME: Final = 12
_MOST_NAMES: Final = 3
_NEARLY_EQUAL: Final = 1.1
_UNKNOWN: Final = "?"
_BOUND: Final = "≤ "
_LEAST: Final = "≥ "
_WHY_MORE: Final = "benchmark: of run: it counts the Snakemake that runs the code, too"
_WHY_BOUNDS: Final = "a–b: between its largest sample and Snakemake's own size"
_WHY_A_BOUND: Final = "≤: at most (the kernel counts from Snakemake's size on)"
_WHY_LEAST: Final = "≥: at least (its processes held this much at once when they were looked at)"


def table(rows: Sequence[Row], width: int) -> Iterator[RenderableType]:
    """Yield used and requested resources of each attempt, as many columns as there is room for.

    Jobs that ran no command are left out, and figures that are known of no job; below the table is
    why something is not known.
    """
    found = [row for row in rows if row.attempt.job_id is not None and not row.use.ran_nothing]
    names = [job_name(row.rule, row.wildcards, None) for row in found]
    cells = [_cells(row) for row in found]
    columns = list(zip((*_JOB, *_FIGURES), *cells, strict=True))
    known = [
        column
        for column in columns
        if any(cell and not cell.startswith(_UNKNOWN) for cell in column[1:])
        and not (column[0] == "attempt" and all(row.attempt.number == 1 for row in found))
    ]
    if any(column[0] in _FIGURES for column in known):
        yield from _as_wide_as(known, names, width)
    elif found:
        yield Text("What these jobs used is not known.")
    yield from _foot(rows, found, names)


def _as_wide_as(
    columns: list[tuple[str, ...]], names: list[str], width: int
) -> Iterator[RenderableType]:
    """Yield the table of *columns*, and which of them have no room."""
    room = width - _LEAST_OF_A_NAME - 2
    shown: list[tuple[str, ...]] = []
    for column in columns:
        room -= max(map(len, column)) + 2
        if room < 0:
            break
        shown.append(column)
    without_room = [column[0] for column in columns[len(shown) :]]
    widest = _LEAST_OF_A_NAME + max(0, room)
    shown.insert(sum(1 for column in shown if column[0] in _JOB), ("rule", *names))
    table = plain_table()
    for heading, *_ in shown:
        if heading == "rule":
            table.add_column(heading, max_width=widest, overflow="fold")
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    for cells in zip(*(column[1:] for column in shown), strict=True):
        table.add_row(*cells)
    yield table
    yield from not_shown(without_room)


def _cells(row: Row) -> tuple[str, ...]:
    """Return the used and requested resources of an attempt; unknown is a question mark."""
    use = row.use
    peak = _known(use.memory_peak_bytes, size)
    if use.memory_peak_is_bound:
        least = use.memory_least_bytes
        peak = _BOUND + peak if least is None else f"{size(least)}–{peak}"
    elif use.memory_peak_is_least:
        peak = _LEAST + peak
    took = use.on_node_s if use.on_node_s is not None else use.compute_s
    return (
        str(row.attempt.job_id),
        str(row.attempt.number),
        _of(_known(use.cores, "{:.2f}".format), _known(use.threads, str)),
        _of(peak, _known(use.memory_requested_bytes, requested_size)),
        _of(_known(took, duration_s), _known(use.runtime_requested_s, duration_s)),
        _known(use.cpu_s, duration_s),
        _known(use.read_bytes, size),
        _known(use.written_bytes, size),
        *_benchmark(row.attempt.benchmark),
    )


def _benchmark(figures: Benchmark | None) -> tuple[str, str]:
    """Return what the job's own benchmark file says, or nothing where it has none."""
    if figures is None:
        return "", ""
    return _known(figures.peak_rss_bytes, size), _known(figures.cpu_s, duration_s)


def _known(value: Any, say: Callable[[Any], str]) -> str:
    return _UNKNOWN if value is None else say(value)


def _of(used: str, requested: str) -> str:
    """Return used of requested: ``0.98 of 4``; just the use if nothing was requested."""
    return used if requested == _UNKNOWN else f"{used} of {requested}"


def _foot(rows: Sequence[Row], found: list[Row], names: list[str]) -> Iterator[RenderableType]:
    """Yield why something is not known, and how many jobs are not listed."""
    reasons: dict[str, list[str]] = {}
    for row, name in zip(found, names, strict=True):
        if row.use_unknown is not None:
            reasons.setdefault(row.use_unknown, []).append(name)
    for reason, of_jobs in reasons.items():
        kinds = list(dict.fromkeys(of_jobs))
        more = f" and {len(kinds) - _MOST_NAMES} more" if len(kinds) > _MOST_NAMES else ""
        who = "" if len(of_jobs) == len(found) else f" ({', '.join(kinds[:_MOST_NAMES])}{more})"
        yield _below(f"not known: {harmless(reason)}{who}")
    bounds = [row.use.memory_least_bytes for row in found if row.use.memory_peak_is_bound]
    if None in bounds:
        yield _below(_WHY_A_BOUND)
    if any(least is not None for least in bounds):
        yield _below(_WHY_BOUNDS)
    if any(row.use.memory_peak_is_least for row in found):
        yield _below(_WHY_LEAST)
    if own := sorted(filter(None, (row.use.memory_snakemake_bytes for row in found))):
        low, high = size(own[0]), size(own[-1])
        each = low if own[-1] <= own[0] * _NEARLY_EQUAL else f"{low} to {high}"
        yield _below(f"memory: about {each} of it are Snakemake's own, on the node")
    if any(row.attempt.benchmark and row.attempt.phases.get("node_startup") for row in found):
        yield _below(_WHY_MORE)
    if idle := sum(1 for row in rows if row.use.ran_nothing):
        yield _below(f"not listed: {plural(idle, 'job')} without a command")


def _below(text: str) -> RenderableType:
    return Padding(Text(text, "dim"), (0, 0, 0, 2))


# -- by rule ---------------------------------------------------------------------------------------

_BY_RULE: Final = (
    ("compute_s", "tool's time", duration_s),
    ("cpu_s", "CPU time", duration_s),
    ("memory_bytes", "memory", size),
    ("read_bytes", "read", size),
    ("written_bytes", "written", size),
)


def by_rule(uses: Sequence[RuleFigures]) -> Iterator[RenderableType]:
    """Yield the figures of each rule's jobs: a line for each figure."""
    table = plain_table()
    for heading in ("rule", "jobs", "", "mean", "min", "max", "sum"):
        right = heading in ("jobs", "mean", "min", "max", "sum")
        table.add_column(
            heading,
            justify="right" if right else "left",
            no_wrap=heading != "rule",
            overflow="fold",
        )
    bounds = leasts = False
    for one in uses:
        first = True
        for name, label, say in _BY_RULE:
            spread = one.figures[name]
            if spread is None:
                continue
            bounds, leasts = bounds or spread.is_bound, leasts or spread.is_least
            of_some = "" if spread.jobs == one.jobs else f" of {spread.jobs}"
            begin = (harmless(one.rule), str(one.jobs)) if first else ("", "")
            table.add_row(*begin, label + of_some, *_numbers(name, spread, say))
            first = False
        if first:
            table.add_row(harmless(one.rule), str(one.jobs), "not known", "", "", "", "")
    yield table
    if bounds:
        yield _below(_WHY_A_BOUND)
    if leasts:
        yield _below(_WHY_LEAST)


def _numbers(name: str, spread: Spread, say: Callable[[Any], str]) -> Iterator[str]:
    """Yield mean, min, max and sum; a sum of peaks means nothing."""
    mark = _BOUND if spread.is_bound else ""
    least = _LEAST if spread.is_least else ""
    yield ("" if mark and least else mark or least) + say(spread.mean)
    yield mark + say(spread.min)
    yield (_BOUND if spread.max_is_bound else least) + say(spread.max)
    yield "" if name == "memory_bytes" else say(spread.sum)
