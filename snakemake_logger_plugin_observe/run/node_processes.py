"""Labels for the time of Snakemake processes, with their tools and the processes inside them."""

from collections.abc import Hashable, Iterable, Sequence

from snakemake_logger_plugin_observe.clock import TICK, Micros
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.journal.records import Execution, Level
from snakemake_logger_plugin_observe.run.segments import Timeline, Track
from snakemake_logger_plugin_observe.run.unobserved import NODE_CUT_OFF, STILL_RUNNING


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
    tools = any(e.tool_started is not None or e.begun is not None for e in level.executions)
    if group and level.wraps != "local" and any(e.rule is not None for e in level.executions):
        _label_members_processes(track, [other for other in deeper if _inside(other, level)])
    elif level.wraps != "local" or not tools:
        inner = [other for other in deeper if _inside(other, level)]
        while inner:
            child = inner[0]
            track.node_if(child.started, "node_startup")
            label_process(track, child, inner[1:], group, result)
            inner = [other for other in inner[1:] if (other.started or 0) >= (child.ended or 0)]
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
    for execution in level.executions:
        if execution.tool_started is not None:
            label_tool(track, execution, deeper, result)
        else:
            track.node_if(execution.reported, "stage_in")
        track.node_if(execution.checked, "stage_out")


def _label_members_processes(track: Track, inner: Sequence[Level]) -> None:
    """Label the time between a group's members where each runs in a process of its own.

    They may run side by side: what a member does itself comes first, then another's start-up.
    """
    own: dict[tuple[Hashable, ...], list[tuple[Micros, Micros]]] = {}
    stretches: list[tuple[Micros, Micros, str | None]] = []
    for level in inner:
        stretches += _start_up(level)
        for execution in level.executions if level.wraps == "local" else ():
            if (span := span_of(execution)) is not None:
                name = (execution.rule, *sorted(execution.wildcards.items()))
                own.setdefault(name, []).append(span)
    stretches += [(min(s)[0], max(end for _, end in s), None) for s in own.values()]
    edges = [(begin, 1, label) for begin, _, label in stretches]
    edges += [(end, -1, label) for _, end, label in stretches]
    going_on: dict[str | None, int] = dict.fromkeys((None, "node_plan", "node_startup"), 0)
    otherwise = "node_startup"
    for moment, step, label in sorted(edges, key=lambda edge: edge[0]):
        track.node(moment, next((one for one, count in going_on.items() if count), otherwise))
        going_on[label] += step
        otherwise = "member_wait" if label is None else otherwise


def _start_up(level: Level) -> list[tuple[Micros, Micros, str | None]]:
    """Return the stretches in which *level* started and planned, as far as they are known."""
    edges = (
        (level.started, level.loaded, "node_startup"),
        (level.loaded, level.planned, "node_plan"),
    )
    return [(a, b, label) for a, b, label in edges if a is not None and b is not None and a < b]


def label_members(track: Track, level: Level) -> None:
    """Label the time between a group's members; each of them has a timeline for its own time."""
    between = "dispatch" if level.in_main else "member_wait"
    for span in sorted(filter(None, map(span_of, level.executions))):
        track.node(span[0], between)
        track.node(span[1], None)
        between = "member_wait"


def span_of(execution: Execution) -> tuple[Micros, Micros] | None:
    """Return when a member's own time began and ended on the node's clock."""
    if execution.rule is None:  # a group inside the group: its members record their own time
        return None
    begun = execution.selected if execution.selected is not None else execution.begun
    last = execution.checked or execution.reported or execution.tool_ended or execution.tool_started
    return None if begun is None or last is None else (begun, last)


def total_length(executions: Iterable[Execution]) -> Micros:
    """Return how long *executions* took together, by the node's clock."""
    spans = filter(None, map(span_of, executions))
    return sum(max(0, end - begun) for begun, end in spans)


def label_tool(
    track: Track,
    execution: Execution,
    levels: list[Level],
    result: Timeline,
    until: Micros | None = None,
) -> None:
    """Label an execution's tool, or the Snakemake process that was spawned to run it.

    A tool without an end is one that was still running at *until*, if that is given: a service that
    is slow to stop, which the main process no longer waits for.
    """
    track.node(execution.tool_started, "stage_in")
    inner = [level for level in levels if runs(level, execution)]
    for level in inner[:1]:
        label_process(
            track, level, [other for other in levels if other is not level], False, result
        )
    if execution.tool_ended is None and until is not None:
        result.unobserved.append(STILL_RUNNING)
        track.to(until, "node_exit" if inner else "compute")
    elif execution.tool_ended is None:
        result.unobserved.append(NODE_CUT_OFF)
        track.to(None, None)
    else:
        track.node(execution.tool_ended, "node_exit" if inner else "compute")


def runs(level: Level, execution: Execution) -> bool:
    """Whether *level* is the process that was spawned to run the tool of *execution*."""
    if level.started is None or execution.tool_started is None:
        return False
    inside = level.started >= execution.tool_started - TICK and (
        execution.tool_ended is None or level.started <= execution.tool_ended
    )
    return inside and any(_same_job(inner, execution) for inner in level.executions)


def _same_job(a: Execution, b: Execution) -> bool:
    return a is not b and a.rule == b.rule and a.wildcards == b.wildcards


def only_of(job: JobDescribed, levels: Iterable[Level]) -> tuple[Level, ...]:
    """Return those of *levels* that ran *job*, each with only its executions."""
    found = []
    for level in levels:
        executions = tuple(
            execution
            for execution in level.executions
            if (execution.rule, execution.wildcards) == (job.rule, job.wildcards)
        )
        if executions:
            found.append(level.but(executions=executions, waits=()))
    return tuple(found)


def innermost_executions(levels: Sequence[Level]) -> list[Execution]:
    """Return the executions of tools, each from the innermost process that recorded it."""
    return [
        execution
        for level in levels
        for execution in level.executions
        if level.wraps == "local"
        and not any(runs(other, execution) for other in levels if other is not level)
    ]


def was_spawned(level: Level, levels: Sequence[Level]) -> bool:
    """Whether *level* was started to run the tool of another of *levels*."""
    return any(
        runs(level, execution)
        for other in levels
        if other is not level
        for execution in other.executions
    )
