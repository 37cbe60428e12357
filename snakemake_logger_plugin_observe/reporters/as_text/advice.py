"""What to change, in one sentence; and which requested resources differ much from their use."""

from collections.abc import Sequence
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.cost.advice import Lever
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import RequestMismatch
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.reporters.tables import plain_table
from snakemake_logger_plugin_observe.reporters.words import (
    duration,
    duration_s,
    harmless,
    percent,
    size,
)

_MOST_LEVERS: Final = 2
_RULES_SHOWN: Final = 8
_ROOM_FOR_REASONS: Final = 84
_LEAST_OF_A_NAME: Final = 12
_HEADINGS: Final = ("requested", "used", "")


def sentence(levers: Sequence[Lever], makespan: Micros) -> list[RenderableType]:
    """Return what to change first, and what next if that is worth it too."""
    changes = [_lever(lever, percent(lever.micros, makespan)) for lever in levers[:_MOST_LEVERS]]
    if not changes:
        return []
    return [Text.assemble(("What to change: ", "bold"), harmless("; then ".join(changes)) + ".")]


def _lever(lever: Lever, share: str) -> str:
    match lever.kind:
        case "polling":
            return (
                f"lower {lever.setting} ({lever.value:g} s here; poll_wait and shutdown, which it "
                f"governs, took {share} % of the run)"
            )
        case "grouping":
            return (
                f"group the {plural(lever.jobs, 'job')} of {lever.rule} (each with "
                f"{duration(lever.tool)} of work and {duration(lever.overhead)} of overhead; "
                f"{share} % of the run)"
            )
        case "limits":
            return (
                f"raise {lever.setting} ({lever.value:g} here; {share} % of the run was waiting "
                "for a free slot under this limit)"
            )
        case "queue":
            return (
                "request less from the cluster, or submit fewer jobs "
                f"({share} % of the run was waiting in its queue)"
            )
        case "staging":
            return (
                "move files closer to where they are used "
                f"({share} % of the run was waiting for files)"
            )
        case "planning":
            return f"make the Snakefile faster to read and plan ({share} % of the run)"
        case _:
            return f"speed up the tools, starting with {lever.rule} ({share} % of the run)"


def requests(found: Sequence[RequestMismatch], width: int) -> list[RenderableType]:
    """Return a row for each over- or under-requested resource of a rule."""
    if not found:
        return []
    reason = ": the next job may not fit" if width >= _ROOM_FOR_REASONS else ""
    rows = [
        (
            _amount(one, one.requested),
            ("≤ " if one.at_most else "") + _amount(one, one.used),
            f"nearly all used{reason}" if one.too_little else _times(one),
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
