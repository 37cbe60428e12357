"""What to change, in one sentence; and which requested resources differ much from their use."""

from collections.abc import Sequence
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.advice.advised import (
    MOST_SHOWN,
    Advice,
    varies,
    whatif,
)
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import THREADS, Reduced
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import RequestMismatch
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import RunStarted
from snakemake_logger_plugin_observe.pasting import path
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.as_text.common import next_command
from snakemake_logger_plugin_observe.reporters.tables import plain_table
from snakemake_logger_plugin_observe.reporters.words import (
    duration,
    duration_s,
    harmless,
    percent,
    size,
)

_RULES_SHOWN: Final = 8
_ROOM_FOR_REASONS: Final = 84
_LEAST_OF_A_NAME: Final = 12
_HEADINGS: Final = ("requested", "used", "")


def sentence(found: Sequence[Advice] | None, makespan: Micros) -> list[RenderableType]:
    """Return what to change first, and what else is worth it."""
    if not found:
        return []
    return [Text.assemble(("What to change: ", "bold"), changes(found, makespan))]


def changes(found: Sequence[Advice], makespan: Micros) -> str:
    """Return the first pieces of advice in one sentence, each with what it would save."""
    return harmless("; or ".join(in_words(one, makespan) for one in found[:MOST_SHOWN])) + "."


def in_words(one: Advice, makespan: Micros) -> str:
    """Return a piece of advice, and what it would save."""
    return f"{one.lever.text} ({one.lever.why}), to save {saved_in_words(one, makespan)}"


def saved_in_words(one: Advice, makespan: Micros) -> str:
    """Return what a piece of advice would save: ``at most 12.3 s (40 %)``."""
    most = "at most " if one.lever.at_most else ""
    lengths = (one.saves, one.between[1]) if varies(one) and one.between else (one.saves,)
    saved = " to ".join(map(duration, lengths))
    shares = " to ".join(percent(length, makespan) for length in lengths)
    return f"{most}{saved} ({shares} %)"


def trials(source: Source, found: Sequence[Advice]) -> list[Text]:
    """Return the command that simulates each piece of advice shown that a setting makes."""
    moves = [one.lever.move for one in found[:MOST_SHOWN] if one.lever.move]
    journal = (path(str(source.path)),)
    return [next_command(whatif(journal, move, "what that would save")) for move in moves]


def reduced(found: Sequence[Reduced], started: RunStarted | None) -> list[RenderableType]:
    """Return a line for each rule whose jobs got less than it asks for."""
    return [Text(harmless(_reduced(one, started))) for one in found[:_RULES_SHOWN]]


def _reduced(one: Reduced, started: RunStarted | None) -> str:
    limit = f"{one.resource}={one.given} in --resources"
    more = f": try {one.resource}={one.requested}, if there is as much"
    if one.resource == THREADS:
        limit = f"--cores {started.cores}" if started and started.cores else "--max-threads"
        more = _more_cores(one, started)
    jobs = f" in {plural(one.jobs, 'job')}" if one.jobs > 1 else ""
    asks = f"{one.rule} asks for {one.requested} {one.resource}"
    return f"{asks}, and was given {one.given}{jobs} ({limit}){more}."


def _more_cores(one: Reduced, started: RunStarted | None) -> str:
    """Return what to try for a rule that has fewer threads than it asks for."""
    if started is None or started.cores is None or started.cores >= one.requested:
        return ""
    if started.cpus is None:
        return f": try --cores {one.requested}, if the machine has as many"
    cores = min(one.requested, started.cpus)
    if cores <= started.cores:
        return f": the machine has {plural(started.cpus, 'core')}"
    return f": try --cores {cores} (of the machine's {started.cpus})"


def requests(found: Sequence[RequestMismatch], width: int) -> list[RenderableType]:
    """Return a row for each over- or under-requested resource of a rule."""
    if not found:
        return []
    reason = ": the next job may not fit" if width >= _ROOM_FOR_REASONS else ""
    rows = [
        (
            _amount(one, one.requested),
            ("≤ " if one.at_most else "≥ " if one.at_least else "") + _amount(one, one.used),
            verdict(one, reason),
        )
        for one in found[:_RULES_SHOWN]
    ]
    columns = zip(_HEADINGS, *rows, strict=True)
    room = width - 2 - sum(max(map(len, column)) + 2 for column in columns)
    widest = max(room, _LEAST_OF_A_NAME)
    table = plain_table()
    table.add_column("Over-/under-requested", max_width=widest, overflow="fold")
    for heading in _HEADINGS:
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for one, cells in zip(found, rows, strict=False):
        table.add_row("  " + harmless(one.rule), *cells)
    if len(found) > _RULES_SHOWN:
        table.add_row(f"  … {len(found) - _RULES_SHOWN} more", "", "", "")
    return [table, Text()]


def verdict(one: RequestMismatch, reason: str = "") -> str:
    """Return what is wrong with a requested resource; *reason* why too little is."""
    return _too_little(one, reason) if one.too_little else _times(one)


def _too_little(one: RequestMismatch, reason: str) -> str:
    if one.resource == "threads":
        return f"uses more: needs threads: {round(one.used)}"
    if one.exceeded:
        return "more than requested"
    return f"nearly all used{reason}"


def _times(one: RequestMismatch) -> str:
    return (
        f"{one.requested / one.used:.0f}× over-requested"
        if one.used >= one.requested / 1000
        else ""
    )


def _amount(one: RequestMismatch, amount: float) -> str:
    match one.resource:
        case "memory":
            return size(round(amount))
        case "threads":
            number = f"{amount:.2g}" if amount < 10 else f"{amount:.0f}"
            return f"{number} core" if number == "1" else f"{number} cores"
        case _:
            return duration_s(amount)
