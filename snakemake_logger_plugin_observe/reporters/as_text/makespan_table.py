"""The makespan as a table: its cost classes, their phases, and what governs them."""

from collections.abc import Iterator
from typing import Final

from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.cost.account import PHASE_MATTERS, Account
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer
from snakemake_logger_plugin_observe.reporters.as_text.makespan_hints import hint
from snakemake_logger_plugin_observe.reporters.palette import PALETTE
from snakemake_logger_plugin_observe.reporters.tables import plain_table
from snakemake_logger_plugin_observe.reporters.words import (
    bar,
    decimals,
    duration,
    percent,
    seconds,
)
from snakemake_logger_plugin_observe.run.phases import CLASSES, PHASES, UNATTRIBUTED

_BAR_WIDTH: Final = 20
_ROOM_FOR_BARS: Final = 90
ROOM_FOR_MEANINGS: Final = 68
"""A terminal of so many columns has room for words next to figures."""
_HELD: Final = "the cluster's, on your jobs"


def makespan(answer: CostAnswer, width: int) -> Table:
    """Return the makespan by class and phase; a narrow terminal gets no bars and no meanings."""
    account = answer.account
    whole = account.makespan
    places = decimals(whole)
    with_bars, with_meanings = width >= _ROOM_FOR_BARS, width >= ROOM_FOR_MEANINGS
    with_shares = not (answer.source.length_unknown or answer.source.stopped)
    until = _until(answer)
    table = plain_table()
    table.add_column(f"Where the {length_in_words(answer)} went", no_wrap=True)
    if with_bars:
        table.add_column(width=_BAR_WIDTH, no_wrap=True)
    table.add_column("s", justify="right", no_wrap=True)
    if with_shares:
        table.add_column("%", justify="right", no_wrap=True)

    def row(name: Text, drawn: Text | str, *numbers: str, style: str = "") -> None:
        shown = numbers if with_shares else numbers[:1]
        table.add_row(name, *([drawn] if with_bars else []), *shown, style=style)

    def label(indent: int, name: str, meaning: str, style: str = "") -> Text:
        shown = with_meanings or name == "Σ"
        return Text.assemble((" " * indent + f"{name:<14}", style), meaning if shown else "")

    largest = max(account.makespan_by_class.values())
    classes = sorted(
        account.makespan_by_class.items(), key=lambda item: (item[0] == UNATTRIBUTED, -item[1])
    )
    hints_given: set[tuple[str, ...]] = set()
    for name, micros in classes:
        if not micros and name != UNATTRIBUTED:
            continue
        drawn = Text(bar(micros, largest, _BAR_WIDTH), PALETTE[name].terminal)
        share = percent(micros, whole)
        row(
            label(2, name, meaning_of(name, account), "bold"), drawn, seconds(micros, places), share
        )
        for phase, part in phases_of(name, account.makespan_by_phase, whole):
            meaning = label(5, phase, PHASES[phase].meaning)
            row(meaning, "", seconds(part, places), percent(part, whole), style="dim")
            lines = hint(phase, answer) if with_meanings else ()
            if lines not in hints_given:
                hints_given.add(lines)
                for line in lines:
                    row(Text(f"       {line}"), "", style="dim")
    total = sum(account.makespan_by_class.values())
    known = "= makespan" if answer.source.ended else f"={until}"
    check = known if total == whole else f"is not the makespan: {seconds(whole, 6)} s"
    row(label(2, "Σ", check, "bold"), "", seconds(total, places))
    return table


def length_in_words(answer: CostAnswer) -> str:
    """Return how long the run took, or how long it is known to have lived."""
    return f"{duration(answer.account.makespan)}{_until(answer)}"


def _until(answer: CostAnswer) -> str:
    if answer.source.length_unknown or answer.source.stopped:
        return " until the last sign of life"
    return " so far" if answer.source.status == "running" else ""


def phases_of(
    name: str, by_phase: dict[str, Micros], whole: Micros
) -> Iterator[tuple[str, Micros]]:
    """Yield the phases of a class that matter, unless the class is a single phase."""
    own = [(phase, part) for phase, part in by_phase.items() if PHASES[phase].cost_class == name]
    large = [(phase, part) for phase, part in own if part >= whole * PHASE_MATTERS]
    if name not in by_phase:
        yield from sorted(large, key=lambda item: -item[1])


def meaning_of(name: str, account: Account) -> str:
    """Return what a cost class means in this run."""
    return _HELD if name == "limits" and account.mostly_held else CLASSES[name]
