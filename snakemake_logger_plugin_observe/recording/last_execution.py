"""What an attempt has of its last execution: its logs, and what it used.

A process on the node reads a log when an execution fails, so before its next one overwrites it. The
main process reads the last one's again: it also knows the executor's logs.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from snakemake_logger_plugin_observe.journal.records import Execution, Level, LogTail

_EMPTY: Final[dict[str, Any]] = {"logs": (), "used": None}


def best_logs(read: tuple[LogTail, ...], executions: Sequence[Execution]) -> tuple[LogTail, ...]:
    """Return an attempt's logs as they were *read* here, or else as its last execution's were.

    None are read here of a job whose failure the executor did not notice before the run ended.
    """
    if not executions or executions[-1].status != "failed":
        return read
    if not read:
        return executions[-1].logs
    on_node = {one.path: one for one in executions[-1].logs if one.lines}
    return tuple(one if one.lines else on_node.get(one.path, one) for one in read)


def without(
    levels: tuple[Level, ...], executions: Collection[Execution], *fields: str
) -> tuple[Level, ...]:
    """Return *levels* without *fields* of some of their *executions*, which are kept elsewhere."""

    def bare(one: Execution) -> Execution:
        update = {name: _EMPTY[name] for name in fields if getattr(one, name)}
        return one.but(**update) if update and one in executions else one

    if not any(getattr(one, name) for one in executions for name in fields):
        return levels
    return tuple(level.but(executions=tuple(map(bare, level.executions))) for level in levels)
