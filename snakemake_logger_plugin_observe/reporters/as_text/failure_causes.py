"""The time lost to failures, by cause and rule."""

from collections.abc import Iterable
from typing import Final

from rich.table import Table

from snakemake_logger_plugin_observe.analysis.failures.cause_names import short_cause
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.reporters.tables import plain_table
from snakemake_logger_plugin_observe.reporters.words import (
    duration,
    harmless,
    job_name,
)

_GROUPS: Final = 10


def table_by_cause(found: Iterable[Failure], width: int) -> Table:
    """Return the time lost by cause and rule, the largest first."""
    groups: dict[tuple[str, str], list[Failure]] = {}
    for one in found:
        cause = short_cause(one)
        if len(one.ways) > 1:  # its other attempts ended in other ways
            cause = f"several, in the end {cause}"
        groups.setdefault((cause, _rule(one)), []).append(one)
    table = plain_table()
    table.add_column("Cause", max_width=width * 4 // 10, overflow="fold")
    table.add_column("rule", max_width=width * 2 // 10, overflow="fold")
    for heading in ("jobs", "failures", "lost"):
        table.add_column(heading, justify="right", no_wrap=True)
    costly = sorted(groups.items(), key=lambda item: -sum(one.lost for one in item[1]))
    for (cause, rule), of_one in costly[:_GROUPS]:
        times = sum(len(one.occurrences) for one in of_one)
        lost = duration(sum(one.lost for one in of_one))
        table.add_row(f"  {cause}", rule, f"{len(of_one):,}", f"{times:,}", lost)
    if (left := len(costly) - _GROUPS) > 0:
        table.add_row(f"  … {left} more")
    return table


def _rule(one: Failure) -> str:
    return harmless(one.rule) if one.rule is not None else job_name(None, {}, one.group_name)
