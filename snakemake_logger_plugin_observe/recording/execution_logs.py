"""The logs of executions on a node: each execution's own, and the last one's as its attempt's.

A process on the node reads a log when an execution fails, so before its next one overwrites it. The
main process reads the last one's again: it also knows the executor's logs.
"""

from collections.abc import Collection, Sequence

from snakemake_logger_plugin_observe.journal.records import Execution, Level, LogTail


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


def without_logs(levels: tuple[Level, ...], executions: Collection[Execution]) -> tuple[Level, ...]:
    """Return *levels* without the logs of some of their *executions*, which are kept elsewhere."""
    if not any(one.logs for one in executions):
        return levels
    return tuple(
        level.model_copy(
            update={
                "executions": tuple(
                    one.model_copy(update={"logs": ()}) if one.logs and one in executions else one
                    for one in level.executions
                )
            }
        )
        for level in levels
    )
