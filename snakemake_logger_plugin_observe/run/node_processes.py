"""Snakemake processes labelled on a track: each with its tools and the processes inside it."""

from collections.abc import Sequence

from snakemake_logger_plugin_observe.clock import TICK, Micros
from snakemake_logger_plugin_observe.journal.records import Execution, Level
from snakemake_logger_plugin_observe.run.segments import Timeline, Track
from snakemake_logger_plugin_observe.run.unobserved import NODE_CUT_OFF


def label_process(
    track: Track, level: Level, deeper: list[Level], group: bool, result: Timeline
) -> None:
    """Label one Snakemake process on the node, with the processes inside it."""
    track.node_if(level.started, "node_startup")
    track.node(level.loaded, "node_startup")
    planned_from = level.loaded or level.started or 0
    for wait in level.waits:
        if planned_from <= wait.start and (level.planned is None or wait.end <= level.planned):
            track.node(wait.start, "node_plan")
            track.node(wait.end, wait.phase)
    if level.planned is None and not level.executions and level.ended is not None:
        track.node(level.ended, "node_plan")  # its Snakefile failed, for example
        return
    track.node(level.planned, "node_plan")
    tools = any(one.tool_started is not None or one.begun is not None for one in level.executions)
    if level.wraps != "local" or not tools:
        inner = [one for one in deeper if _inside(one, level)]
        while inner:
            child = inner[0]
            track.node_if(child.started, "node_startup")
            label_process(track, child, inner[1:], group, result)
            inner = [one for one in inner[1:] if (one.started or 0) >= (child.ended or 0)]
    elif group:
        label_members(track, level)
    else:
        _label_executions(track, level, deeper, result)
    for wait in level.waits:
        if level.planned is not None and wait.start >= level.planned:
            track.node(wait.end, wait.phase)
    track.node(level.ended, "node_exit")


def _inside(inner: Level, outer: Level) -> bool:
    if inner.started is None or outer.started is None:
        return False
    return inner.started >= outer.started and (outer.ended is None or inner.started <= outer.ended)


def _label_executions(track: Track, level: Level, deeper: list[Level], result: Timeline) -> None:
    """Label a single job's executions inside one process: rule-level retries run several."""
    for one in level.executions:
        if one.tool_started is not None:
            label_tool(track, one, deeper, result)
        else:
            track.node_if(one.reported, "stage_in")
        track.node_if(one.checked, "stage_out")


def label_members(track: Track, level: Level) -> None:
    """Label the time between a group's members; their own time is left to them."""
    between = "dispatch" if level.in_main else "member_wait"
    for span in sorted(filter(None, map(span_of, level.executions))):
        track.node(span[0], between)
        track.node(span[1], None)
        between = "member_wait"


def span_of(one: Execution) -> tuple[Micros, Micros] | None:
    """Return when a member's own time began and ended on the node's clock."""
    if one.rule is None:  # a group inside the group: its members record their own time
        return None
    begun = one.selected if one.selected is not None else one.begun
    last = one.checked or one.reported or one.tool_ended or one.tool_started
    return None if begun is None or last is None else (begun, last)


def label_tool(track: Track, one: Execution, levels: list[Level], result: Timeline) -> None:
    """Label an execution's tool, or the Snakemake process that was spawned to run it."""
    track.node(one.tool_started, "stage_in")
    inner = [level for level in levels if runs(level, one)]
    for level in inner[:1]:
        label_process(
            track, level, [other for other in levels if other is not level], False, result
        )
    if one.tool_ended is None:
        result.unobserved.append(NODE_CUT_OFF)
        track.to(None, None)
    else:
        track.node(one.tool_ended, "node_exit" if inner else "compute")


def runs(level: Level, one: Execution) -> bool:
    """Whether *level* is the process that was spawned to run the tool of *one*."""
    if level.started is None or one.tool_started is None:
        return False
    inside = level.started >= one.tool_started - TICK and (
        one.tool_ended is None or level.started <= one.tool_ended
    )
    return inside and any(_same_job(inner, one) for inner in level.executions)


def _same_job(a: Execution, b: Execution) -> bool:
    return a is not b and a.rule == b.rule and a.wildcards == b.wildcards


def innermost_executions(levels: Sequence[Level]) -> list[Execution]:
    """Return the executions of tools, each from the innermost process that recorded it."""
    return [
        one
        for level in levels
        for one in level.executions
        if level.wraps == "local"
        and not any(runs(other, one) for other in levels if other is not level)
    ]


def was_spawned(level: Level, levels: Sequence[Level]) -> bool:
    """Whether *level* was started to run the tool of another of *levels*."""
    return any(
        runs(level, one) for other in levels if other is not level for one in other.executions
    )
