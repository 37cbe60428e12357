"""The causes of failures as text, and the time lost by cause and rule."""

from collections.abc import Iterable
from typing import Final

from rich.table import Table

from snakemake_logger_plugin_observe.analysis.failures.endings import describe_exit
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.signatures import Occurrence
from snakemake_logger_plugin_observe.reporters.tables import plain_table
from snakemake_logger_plugin_observe.reporters.words import (
    duration,
    harmless,
    job_name,
)

_GROUPS: Final = 10


_CAUSES: Final = {
    "out_of_memory": "out of memory",
    "time_limit": "time limit",
    "missing_output": "an output is missing or invalid",
    "missing_input": "an input is missing",
    "refused": "the submission was refused",
    "lost": "its node or processes were lost",
    "cancelled": "cancelled from outside",
    "environment": "its software environment could not be created",
    "exception": "exception",
}


_SHORT: Final = {
    **_CAUSES,
    "missing_output": "missing output",
    "missing_input": "missing input",
    "refused": "refused",
    "lost": "node or processes lost",
    "cancelled": "cancelled",
    "environment": "environment",
    "other": "other",
}


def table_by_cause(found: Iterable[Failure], width: int) -> Table:
    """Return the time lost by cause and rule, the largest first."""
    groups: dict[tuple[str, str], list[Failure]] = {}
    for one in found:
        groups.setdefault((short_cause(one), _rule(one)), []).append(one)
    table = plain_table()
    table.add_column("Cause", no_wrap=True, max_width=width * 4 // 10, overflow="ellipsis")
    table.add_column("rule", no_wrap=True, max_width=width * 2 // 10, overflow="ellipsis")
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


def short_cause(one: Failure) -> str:
    """Return the cause of a job's last failure in a few words."""
    why = one.last.why
    if why.cause in ("exit_code", "signal"):
        return describe_exit(why.exit_code, why.signal)
    return ("" if why.certain else "probably ") + _SHORT[why.cause]


def full_cause(one: Occurrence) -> str:
    """Return why it failed: the cause, and the state, exit code or signal that show it."""
    why = one.why
    ended = describe_exit(why.exit_code, why.signal)
    if why.cause in ("exit_code", "signal"):
        return ended
    text = _CAUSES.get(why.cause, "failed")
    shown_by = ", ".join(part for part in (why.state or "", ended) if part)
    return ("" if why.certain else "probably ") + text + (f" ({shown_by})" if shown_by else "")
