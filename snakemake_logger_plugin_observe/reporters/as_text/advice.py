"""What to change, in one sentence; and which requests are far from what jobs used."""

from collections.abc import Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.cost.advice import Lever
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import RequestMismatch
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.reporters.words import duration, harmless, percent, size

_MOST_LEVERS: Final = 2
_RULES_SHOWN: Final = 8
_ROOM_FOR_REASONS: Final = 80
_NAME: Final = range(12, 27)  # how many characters of a rule's name are shown


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


def requests(found: Sequence[RequestMismatch], width: int) -> list[RenderableType]:
    """Return the rules whose requests are far from their use, a line each; names give way."""
    if not found:
        return []
    reason = ": the next may not fit" if width >= _ROOM_FOR_REASONS else ""
    lines = [
        (
            _amount(one, one.requested),
            ("≤ " if one.at_most else "") + _amount(one, one.used),
            f"nearly all{reason}" if one.too_little else _times(one),
        )
        for one in found[:_RULES_SHOWN]
    ]
    room = width - 2 - sum(max(map(len, column)) + 2 for column in zip(*lines, strict=True))
    widest = min(max(room, _NAME[0]), _NAME[-1])
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    table.add_column("Requests far from use", no_wrap=True, max_width=widest, overflow="ellipsis")
    table.add_column("asks", justify="right", no_wrap=True)
    table.add_column("used", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for one, cells in zip(found, lines, strict=False):
        table.add_row("  " + harmless(one.rule), *cells)
    if len(found) > _RULES_SHOWN:
        table.add_row(f"  … {len(found) - _RULES_SHOWN} more", "", "", "")
    return [table, Text()]


def _times(one: RequestMismatch) -> str:
    return (
        f"{one.requested / one.used:.0f} times as much" if one.used >= one.requested / 1000 else ""
    )


def _amount(one: RequestMismatch, amount: float) -> str:
    match one.resource:
        case "memory":
            return size(round(amount))
        case "threads":
            said = f"{amount:.2g}" if amount < 10 else f"{amount:.0f}"
            return f"{said} core" if said == "1" else f"{said} cores"
        case _:
            return duration(round(amount * 1e6))
