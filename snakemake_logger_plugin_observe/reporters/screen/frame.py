"""A frame of ``watch``: what a run does now, on one screen, or as plain lines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.live.state import lasting
from snakemake_logger_plugin_observe.analysis.phrasing import named, plural
from snakemake_logger_plugin_observe.reporters.palette import PALETTE
from snakemake_logger_plugin_observe.reporters.screen.flights import Flight
from snakemake_logger_plugin_observe.reporters.screen.head import head
from snakemake_logger_plugin_observe.reporters.screen.lines import line, lines
from snakemake_logger_plugin_observe.reporters.screen.rules import RuleRow
from snakemake_logger_plugin_observe.reporters.screen.view import FailureRow, WatchView
from snakemake_logger_plugin_observe.reporters.tables import fitting
from snakemake_logger_plugin_observe.reporters.words import (
    clock_time,
    duration,
    harmless,
    percent,
)
from snakemake_logger_plugin_observe.run.phases import cost_class

Page = Literal["overview", "failures", "log"]
KEYS: Final = "q quit · r rule · f failures · ↑↓ job · l its log · o overview"
_SEVERAL: Final = " · tab next run"
_LEAST_ROOM: Final = 3
_FOR_RULES: Final = 14
_FOR_FAILURES: Final = 8
"""With less room than these, a low terminal shows what is in flight instead."""
_RULE_COLUMNS: Final = (
    *(
        "done",
        "in flight",
        "waiting",
        "failed",
        "cancelled",
        "not reached",
        "will not run",
        "usually",
    ),
)
_NO_PHASE: Final = {"gone": "bold red", "unknown": "dim"}
"""States whose time belongs to no phase that is known."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a run is on the screen."""

    page: Page = "overview"
    rule: str | None = None
    """The only rule whose jobs are shown."""
    chosen: int = 0
    """Which of the jobs in flight, and then of the failures, is chosen."""
    log_name: str = ""
    log: tuple[str, ...] = ()
    """The end of its log."""
    runs: int = 1
    """How many runs are watched."""
    keys: bool = False
    """Whether keys are read, so that they are named and a job is marked."""


def frame(view: WatchView, shown: Shown, width: int, height: int | None) -> list[RenderableType]:
    """Return the lines of a frame, at most *height* of them if that is not None."""
    top = head(view, None if height is None else width)
    bottom = _foot(view, shown, None if height is None else width)
    if height is not None and height < len(top) + _LEAST_ROOM + len(bottom) + 1:
        bottom = bottom[-1:]  # the keys: a low terminal has no room for more
    room = None if height is None else max(_LEAST_ROOM, height - len(top) - len(bottom) - 1)
    match shown.page:
        case "failures":
            middle = _failures(view, shown, room, in_full=True)
        case "log":
            middle = _log(shown, room)
        case _:
            middle = _overview(view, shown, width, room)
    return [*top, *middle, *bottom]


def choices(view: WatchView, shown: Shown) -> tuple[Flight | FailureRow, ...]:
    """Return what can be chosen: jobs in flight, then failures."""
    flights = view.of_rule(shown.rule) if shown.page == "overview" else ()
    failures = tuple(one for one in view.failures if shown.rule in (None, one.rule))
    return (*flights, *failures)


# -- the overview --------------------------------------------------------------------------------


def _overview(view: WatchView, shown: Shown, width: int, room: int | None) -> list[RenderableType]:
    rows = [row for row in view.rules if shown.rule in (None, row.rule)]
    flights = view.of_rule(shown.rule)
    failures = [one for one in view.failures if shown.rule in (None, one.rule)]
    if room is not None and room < _FOR_RULES and (flights or failures):
        rows = []
    if room is not None and room < _FOR_FAILURES and flights:
        failures = []
    shares = _shares(room, len(rows), len(flights), len(failures))
    found: list[RenderableType] = _rules(rows, shares[0], width, ended=view.ended)
    found += _in_flight(flights, shown, shares[1])
    return found + (_failures(view, shown, shares[2], first=len(flights)) if failures else [])


def _shares(room: int | None, rules: int, flights: int, failures: int) -> list[int | None]:
    """Return how many rows of each table fit: those of a short one leave room for the others."""
    if room is None:
        return [None, None, None]
    wanted = [rules, flights, 2 * failures]
    room -= 3 * sum(1 for one in wanted if one)  # their headings, what is left out, a blank line
    given = [0, 0, 0]
    open_ones = [one for one in range(3) if wanted[one]]
    while room > 0 and open_ones:
        each = max(1, room // len(open_ones))
        for one in list(open_ones):
            more = min(each, wanted[one] - given[one], room)
            given[one] += more
            room -= more
            if given[one] == wanted[one]:
                open_ones.remove(one)
            if room <= 0:
                break
    return [given[0], given[1], given[2] // 2]


def _rules(
    rows: Sequence[RuleRow], most: int | None, width: int, *, ended: bool
) -> list[RenderableType]:
    if not rows:
        return []
    # Where not all fit, those with jobs in flight, failed or waiting come first.
    kept = list(rows)
    if most is not None and len(rows) > most:
        busy = sorted(rows, key=lambda row: not (row.in_flight or row.failed or row.waiting))
        names = {row.rule for row in busy[: max(0, most)]}
        kept = [row for row in rows if row.rule in names]
    columns: dict[str, Callable[[RuleRow], str]] = {
        "done": lambda row: f"{row.done:,}",
        "in flight": lambda row: _number(row.in_flight),
        "failed": lambda row: _number(row.failed),
        "usually": lambda row: duration(row.usual) if row.usual is not None else "",
    }
    if any(row.cancelled for row in rows):
        columns["cancelled"] = lambda row: _number(row.cancelled)
    if ended:
        columns["not reached"] = lambda row: _number(row.not_reached)
    else:
        columns["waiting"] = lambda row: _number(row.waiting)
        if any(row.never for row in rows):
            columns["will not run"] = lambda row: _number(row.never)
    shown = [name for name in _RULE_COLUMNS if name in columns]
    cells = [(harmless(row.rule), *(columns[name](row) for name in shown)) for row in kept]
    headings = (("rule", False), *((name, True) for name in shown))
    table = fitting(headings, cells, width, 0) if cells else Text()
    return [table, *_more(len(rows) - len(kept), "rule"), Text()]


def _number(count: int | None) -> str:
    return "?" if count is None else f"{count:,}" if count else ""


def _in_flight(flights: Sequence[Flight], shown: Shown, most: int | None) -> list[RenderableType]:
    if not flights:
        return []
    if most is None:
        first, kept = 0, flights
    else:
        most = max(1, most)
        first = max(0, min(shown.chosen - most + 1, len(flights) - most))
        kept = flights[first : first + most]
    found: list[RenderableType] = [
        line(f"In flight{f' of {shown.rule}' if shown.rule else ''}", "bold")
    ]
    for place, one in enumerate(kept, first):
        mark = "›" if shown.keys and place == shown.chosen else " "
        text = Text(f"{mark} ", no_wrap=True, overflow="ellipsis")
        again = f" (attempt {one.number})" if one.number > 1 else ""
        text.append(harmless(f"{one.name}{again}"))
        lasted = f" {lasting(one.length)}" if one.length is not None else ""
        text.append(f"  {one.does}{lasted}", _style_of(one))
        where = f" on {one.node}" if one.node else ""
        ident = f" [{one.external_jobid}]" if one.external_jobid else ""
        reason = f": {one.reason}" if one.reason else ""
        text.append(harmless(f"{where}{ident}{reason}"))
        if one.failed_there:
            times = "once" if one.failed_there == 1 else f"{one.failed_there} times"
            text.append(f"  failed {times} there", "red")
        if one.overdue and one.state in ("computing", "running"):
            text.append("  longer than any before it", "yellow")
        found.append(text)
    groups = sum(one.is_group for one in flights) - sum(one.is_group for one in kept)
    return [*found, *_more(len(flights) - len(kept), "job", groups), Text()]


def _style_of(one: Flight) -> str:
    """Return the colour of the cost class that its time belongs to now, as everywhere."""
    if one.phase is None:
        return _NO_PHASE.get(one.state, "")
    return PALETTE[cost_class(one.phase)].terminal


def _failures(
    view: WatchView,
    shown: Shown,
    most: int | None,
    *,
    first: int = 0,
    in_full: bool = False,
) -> list[RenderableType]:
    failures = [one for one in view.failures if shown.rule in (None, one.rule)]
    if not failures:
        return [line("No failure.")] if in_full else []
    if in_full and most is not None:
        most = (most - 2) // 2
    most = most if most is None else max(1, most)
    begin = 0
    if most is not None and len(failures) > most:
        begin = max(0, min(shown.chosen - first - most + 1, len(failures) - most))
    kept = failures if most is None else failures[begin : begin + most]
    heading = f"Failures ({plural(view.failed_attempts, 'attempt')})"
    found: list[RenderableType] = [line(heading, "bold red")]
    for place, one in enumerate(kept, first + begin):
        mark = "›" if shown.keys and place == shown.chosen else " "
        when = clock_time(one.moment)[11:19]
        code = f" ({one.code})" if one.code else ""
        after = f": {one.after}" if one.after else ""
        style = "dim" if one.after == "recovered" else "red"
        found.append(line(f"{mark} {when} {one.name} attempt {one.number}{code}{after}", style))
        found.append(line(f"      {one.text or '(it left no log line)'}"))
    return [*found, *_more(len(failures) - len(kept), "failure"), Text()]


def _more(number: int, what: str, groups: int = 0) -> list[RenderableType]:
    """Return that so many rows are left out, *groups* of them submissions of groups."""
    if number <= 0:
        return []
    counts = ((number - groups, what), (groups, "group"))
    words = " and ".join(
        f"{count:,} more {name}{'s' * (count > 1)}" for count, name in counts if count
    )
    return [line(f"  … and {words}", "dim")]


def _log(shown: Shown, room: int | None) -> list[RenderableType]:
    lines = shown.log if room is None else shown.log[-max(1, room - 2) :]
    return [line(shown.log_name, "bold"), *(line(f"  {one}") for one in lines), Text()]


# -- the foot ------------------------------------------------------------------------------------


def _foot(view: WatchView, shown: Shown, width: int | None) -> list[Text]:
    found = lines(classes_line(view), "", width) if view.classes else []
    if view.asked and not view.ended:
        found.append(line(view.asked, "dim"))
    if shown.keys:
        found.append(line(KEYS + (_SEVERAL if shown.runs > 1 else ""), "dim"))
    return found


def classes_line(view: WatchView) -> str:
    """Return where the time of attempts that have ended went, by cost class."""
    whole = sum(time for _, time in view.classes)
    if not whole:
        return ""
    shares = sorted(view.classes, key=lambda one: -one[1])
    words = [f"{name} {percent(time, whole)} %" for name, time in shares]
    return f"Time of the attempts that have ended ({duration(whole)}): {named(words, len(words))}"
