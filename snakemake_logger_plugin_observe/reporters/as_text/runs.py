"""The text of ``runs``: a table of runs for each workflow, and since when they are slower."""

from collections.abc import Callable, Iterator
from typing import Final

from rich.cells import cell_len
from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.compare.trend import FEWEST, Shift
from snakemake_logger_plugin_observe.analysis.phrasing import named, plural
from snakemake_logger_plugin_observe.pasting import Command, command, path
from snakemake_logger_plugin_observe.reporters.as_text.common import next_command, warnings
from snakemake_logger_plugin_observe.reporters.run_list import (
    ListedRun,
    RunsAnswer,
    TrendChange,
    WorkflowRuns,
)
from snakemake_logger_plugin_observe.reporters.tables import fitting, not_shown
from snakemake_logger_plugin_observe.reporters.words import (
    clock_time,
    duration_s,
    harmless,
    percent,
)

_UNKNOWN: Final = "–"
_ENDED: Final = {
    "success": "succeeded",
    "failed": "failed",
    "interrupted": "was interrupted",
    "killed": "was killed",
    "running": "goes on",
    "unknown": "has no end in its journal, and its process cannot be seen from here",
    "dry_run": "was a dry run",
    "nothing_to_do": "had nothing to do",
}
_LEAST_CHANGED: Final = 24
_MOST_SHIFTS: Final = 4
_TO_THE_MINUTE: Final = len("2026-03-01 12:00")
_Column = tuple[str, bool, Callable[[ListedRun], str]]
"""A column: its heading, whether it contains numbers, and what it shows of a run."""
_BUSIER: Final = "a machine or a cluster that was busier from then on looks the same"


def parts(answer: RunsAnswer, width: int) -> list[RenderableType]:
    """Return the answer, workflow by workflow."""
    if not answer.workflows:
        return [Text("No run matches."), *warnings(answer.unread)]
    found: list[RenderableType] = []
    for one in answer.workflows:
        if found:
            found.append(Text())
        found += _workflow(one, width, filtered=answer.filtered)
    return [*found, *warnings(answer.unread)]


def _workflow(one: WorkflowRuns, width: int, *, filtered: bool) -> list[RenderableType]:
    newest = one.runs[0]
    return [
        Text(harmless(_first_sentence(one, filtered=filtered)), "bold"),
        *(Text(harmless(line)) for line in _trend(one)),
        Text(),
        *_table(one, width),
        *([Text(), next_command(next_step)] if (next_step := _next(one, newest)) else []),
    ]


def _first_sentence(one: WorkflowRuns, *, filtered: bool) -> str:
    newest = one.runs[0]
    name = one.name or "a Snakefile that was not read"
    matching = " that match" if filtered else ""
    count = f"{plural(one.matching, 'run')}{matching} of {name} in {one.folder}"
    took = ""
    if newest.makespan_s is not None and newest.state in ("success", "failed", "interrupted"):
        took = f" {'in' if newest.state == 'success' else 'after'} {duration_s(newest.makespan_s)}"
    return f"{count}: the newest {_ENDED[newest.state]}{took}."


# -- the trend ---------------------------------------------------------------------------------


def _trend(one: WorkflowRuns) -> Iterator[str]:
    trend = one.trend
    if trend is None:
        yield "No run of all its jobs has succeeded yet, so how long one takes is not known."
        return
    if trend.runs == 1:
        yield f"One full run that succeeded: it took {duration_s(trend.median_s)}."
    else:
        yield (
            f"{trend.runs} full runs of the same work took {duration_s(trend.median_s)} (median), "
            f"from {duration_s(trend.least_s)} to {duration_s(trend.most_s)}."
        )
    if trend.missing:
        yield f"Whether they became slower, nobody can tell yet: that takes {FEWEST} such runs."
        return
    if not one.changes:
        yield "No lasting change of their length, a cost class or a rule can be told from chance."
        return
    together: dict[tuple[int, bool], list[TrendChange]] = {}
    for change in one.changes:
        together.setdefault((change.shift.first, change.shift.is_slower), []).append(change)
    for changes in list(together.values())[:_MOST_SHIFTS]:
        yield from _changes(changes)
    if (more := len(together) - _MOST_SHIFTS) > 0:
        yield f"  {plural(more, 'smaller change')}: --format json has them"
    yield f"  ({_BUSIER})"


def _changes(since: list[TrendChange]) -> Iterator[str]:
    """Yield what changed with one run: the makespan, cost classes and rules."""
    first = since[0]
    word = "Slower" if first.shift.is_slower else "Faster"
    moved = [
        f"{_what(one.shift)} {duration_s(one.shift.before_s)} → {duration_s(one.shift.after_s)}"
        for one in since
    ]
    chance = max(one.shift.chance for one in since)
    yield f"{word} since the run of {clock_time(first.first.start)}, most likely: {named(moved)}."
    yield (
        f"  Medians of {first.shift.before} runs before and {first.shift.after} since; by chance "
        f"in {_chance(chance)}."
    )
    if first.changed:
        yield f"  What changed with it: {named(first.changed)}."
    else:
        yield "  The first lines of the journals show nothing that changed with it."


def _what(shift: Shift) -> str:
    match shift.kind:
        case "makespan":
            return "the makespan"
        case "class":
            return f"{shift.name}'s part of the makespan"
        case _:
            return f"the tools of a job of rule {shift.name}"


def _chance(chance: float) -> str:
    """Return ``1 of 35 cases at most``."""
    most = 1000 if chance <= 0.001 else int(1 / chance)
    return f"1 of {most:,} cases at most"


# -- the table ---------------------------------------------------------------------------------


def _table(workflow: WorkflowRuns, width: int) -> list[RenderableType]:
    columns = [one for one in _COLUMNS if one[0] != "tags" or any(r.tags for r in workflow.runs)]
    dropped: list[str] = []
    for name in _GO_FIRST:
        if _needed(columns, workflow) <= width:
            break
        if any(one[0] == name for one in columns):
            columns = [one for one in columns if one[0] != name]
            dropped.append(name)
    rows = [[harmless(show(run)) for _, _, show in columns] for run in workflow.runs]
    headings = [(heading, numbers) for heading, numbers, _ in columns]
    fold = next((n for n, one in enumerate(columns) if one[0] == _CHANGED), 2)
    older = workflow.matching - len(workflow.runs)
    more = [Text(f"  {older:,} older: --limit {workflow.matching}", "dim")] if older else []
    return [fitting(headings, rows, width, fold), *more, *not_shown(dropped)]


def _needed(columns: list[_Column], workflow: WorkflowRuns) -> int:
    """Return the width of a table in which what changed takes several lines."""
    needed = 0
    for heading, _, show in columns:
        widest = max(cell_len(harmless(show(run))) for run in workflow.runs)
        widest = min(widest, _LEAST_CHANGED) if heading == _CHANGED else widest
        needed += max(len(heading), widest) + 2
    return needed - 2


def _scope(one: ListedRun) -> str:
    if one.scope is None:
        return _UNKNOWN
    if one.scope == one.state:
        return ""
    return "part" if one.part and one.scope == "full" else one.scope.replace("_", " ")


def _or_unknown(value: float | None, show: Callable[[float], str]) -> str:
    return _UNKNOWN if value is None else show(value)


def _tools(one: ListedRun) -> str:
    if one.tools_s is None or not one.makespan_s:
        return _UNKNOWN
    return percent(round(one.tools_s * 1e6), round(one.makespan_s * 1e6))


def _changed(one: ListedRun) -> str:
    if one.changed is None:
        return _UNKNOWN
    return named(one.changed, 2) or "nothing"


_CHANGED: Final = "since the run before"
_COLUMNS: Final[tuple[_Column, ...]] = (
    ("started (UTC)", False, lambda one: clock_time(one.start)[:_TO_THE_MINUTE]),
    ("state", False, lambda one: one.state.replace("_", " ")),
    ("scope", False, _scope),
    ("makespan", True, lambda one: _or_unknown(one.makespan_s, duration_s)),
    ("jobs", True, lambda one: _or_unknown(one.job_count, lambda n: f"{n:,}")),
    ("failed", True, lambda one: _or_unknown(one.failed, lambda n: f"{n:,}")),
    ("tools %", True, _tools),
    ("tags", False, lambda one: " ".join(f"{key}={value}" for key, value in one.tags)),
    (_CHANGED, False, _changed),
    ("journal", False, lambda one: one.path.name),
)
_GO_FIRST: Final = ("journal", "tags", _CHANGED)
"""Columns that are left out where there is no room, the first one first."""


# -- what to do next -----------------------------------------------------------------------------


def _next(one: WorkflowRuns, newest: ListedRun) -> Command | None:
    slower = next((c for c in one.changes if c.shift.is_slower), None)
    if newest.state in ("killed", "interrupted") and not newest.failed:
        return command(
            *("snakemake-observe", "triage", path(str(newest.path))),
            purpose="what was in flight, and what to do",
        )
    if newest.state in ("failed", "killed", "interrupted"):
        return command(
            *("snakemake-observe", "jobs", "--failed", path(str(newest.path))),
            purpose="what failed, and why",
        )
    if slower is not None:
        before, first = path(str(slower.last_before.path)), path(str(slower.first.path))
        return command("snakemake-observe", "compare", before, first, purpose="what became slower")
    return None
