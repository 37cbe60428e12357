"""What to change, in one sentence; and which requests are far from what jobs used."""

from collections.abc import Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.advice import Lever
from snakemake_logger_plugin_observe.analysis.requests import FarOff
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.reporters.words import (
    duration,
    harmless,
    percent,
    plural,
    size,
)

_MOST_LEVERS: Final = 2
_RULES_SHOWN: Final = 8


def sentence(levers: Sequence[Lever], makespan: Micros) -> list[RenderableType]:
    """Return what to change first, and what next where that is worth it too."""
    told = [_lever(lever, percent(lever.micros, makespan)) for lever in levers[:_MOST_LEVERS]]
    if not told:
        return []
    said = harmless("; then ".join(told)) + "."
    return [Text.assemble(("What to change: ", "bold"), said)]


def _lever(lever: Lever, share: str) -> str:
    match lever.kind:
        case "polling":
            return (
                f"lower {lever.setting} ({lever.value:g} s here: {share} % of the run passed "
                "before Snakemake looked)"
            )
        case "grouping":
            return (
                f"group the {plural(lever.jobs, 'job')} of {lever.rule} ({duration(lever.tool)} "
                f"of work each, {duration(lever.overhead)} to submit and start it: {share} %)"
            )
        case "limits":
            return f"raise {lever.setting} ({lever.value:g} here: {share} % was waiting under it)"
        case "queue":
            return f"ask the cluster for less, or for fewer jobs ({share} % was its queue)"
        case "staging":
            return f"bring files closer to where they are used ({share} % was waiting for them)"
        case "planning":
            return f"read and plan less in the Snakefile ({share} %)"
        case _:
            return f"speed up the tool of {lever.rule} first ({share} % was tools)"


def requests(found: Sequence[FarOff]) -> list[RenderableType]:
    """Return the rules whose requests are far from their use, a line each."""
    if not found:
        return []
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    table.add_column("Requests far from use", no_wrap=True, max_width=26, overflow="ellipsis")
    table.add_column("asks", justify="right", no_wrap=True)
    table.add_column("used", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for one in found[:_RULES_SHOWN]:
        bound = "≤ " if one.at_most else ""
        verdict = "nearly all: the next may not fit" if one.too_little else _times(one)
        used = bound + _amount(one, one.used)
        table.add_row("  " + harmless(one.rule), _amount(one, one.asked), used, verdict)
    if len(found) > _RULES_SHOWN:
        table.add_row(f"  … {len(found) - _RULES_SHOWN} more", "", "", "")
    return [table, Text()]


def _times(one: FarOff) -> str:
    return f"{one.asked / one.used:.0f} times as much" if one.used >= one.asked / 1000 else ""


def _amount(one: FarOff, amount: float) -> str:
    match one.resource:
        case "memory":
            return size(round(amount))
        case "threads":
            return f"{amount:.2g} cores" if amount < 10 else f"{amount:.0f} cores"
        case _:
            return duration(round(amount * 1e6))
