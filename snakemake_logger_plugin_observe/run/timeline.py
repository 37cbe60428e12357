"""The decomposition: from the stamps of one attempt to the segments that tile it.

Pure, and the core of the project: the plugins call it inside Snakemake when an attempt ends, and
the reader calls it again to check what they wrote. Moments of the node's clock are converted to the
main clock by one offset per clock (``clock_offsets``); where a stamp is missing, the time around it
is one segment called ``unobserved``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from msgspec.structs import astuple

from snakemake_logger_plugin_observe.clock import TICK, Micros, to_seconds
from snakemake_logger_plugin_observe.journal.events import Paused
from snakemake_logger_plugin_observe.journal.records import (
    Execution,
    Level,
    Offset,
    Stamps,
    StatusCheck,
    Wait,
)
from snakemake_logger_plugin_observe.run.clock_offsets import (
    LeadBounds,
    MainProcess,
    lead_of_same_boot,
    on_common_clock,
)
from snakemake_logger_plugin_observe.run.node_processes import (
    label_members,
    label_tool,
    span_of,
    was_spawned,
)
from snakemake_logger_plugin_observe.run.node_starts import label_start, leads_of, node_starts
from snakemake_logger_plugin_observe.run.pauses import without_pauses
from snakemake_logger_plugin_observe.run.phases import UNOBSERVED
from snakemake_logger_plugin_observe.run.segments import Timeline, Track
from snakemake_logger_plugin_observe.run.unobserved import (
    NO_NODE_STAMPS,
    NO_WRAPPER,
    NOT_TIMED,
    STARTED_AGAIN,
    TOUCHED,
    UNNOTICED,
)

_UNKNOWN: Final = MainProcess()


@dataclass(slots=True)
class TimelineInput:
    """What is known about one attempt: its stamps, and the processes that took part in it."""

    stamps: Stamps
    status_check: StatusCheck | None = None
    """The status check that found its end."""
    waits: Sequence[Wait] = ()
    node_starts: Sequence[Micros] = ()
    levels: Sequence[Level] = ()
    wrapped: bool = True
    touched: bool = False
    """Whether the run only touched outputs: Snakemake then wraps no executor."""
    group: bool = False
    main: MainProcess = _UNKNOWN
    clocks: Mapping[str, LeadBounds] = field(default_factory=dict)
    """Bounds of the nodes' clocks from earlier attempts."""
    until: Micros | None = None
    """Where to cut an attempt without an end: it is still running, or the run was killed."""
    tool_started: Micros | None = None
    """When the tool started in the main process, for an attempt without an end."""
    pauses: Sequence[Paused] = ()
    """When the main process did not run."""


def timeline(evidence: TimelineInput) -> Timeline:
    """Return the segments of one attempt, from ready (or its first stamp) to finished."""
    stamps = evidence.stamps
    known = [m for m in astuple(stamps) if m is not None]
    if not known:
        return Timeline()
    start = stamps.ready if stamps.ready is not None else min(known)
    end = stamps.finished if stamps.finished is not None else (evidence.until or max(known))
    result = Timeline()
    evidence = _comparable(evidence)
    track = Track(min(start, end), end)
    track.to(stamps.selected, "slot_wait")
    if not evidence.wrapped:
        track.to(end, UNOBSERVED)
        result.unobserved.append(TOUCHED if evidence.touched else NO_WRAPPER)
    elif _given_up_unsubmitted(evidence):
        _until_submitted(track, evidence)
        track.to(end, "dispatch" if stamps.submitting is None else "submit")
    else:
        _until_submitted(track, evidence)
        _submission(track, evidence, result)
        if stamps.finished is not None:
            _after_report(track, evidence)
        elif evidence.tool_started is not None:
            track.to(evidence.tool_started, "stage_in")
            track.to(end, "compute")
        else:
            track.to(end, UNOBSERVED)
    track.to(end, "postprocess")
    result.segments = track.segments
    in_main = evidence.tool_started is not None or any(lv.in_main for lv in evidence.levels)
    without_pauses(result, evidence.pauses, in_main=in_main)
    _explain_unobserved(result, noticed=stamps.reported is not None)
    return result


def _comparable(evidence: TimelineInput) -> TimelineInput:
    """Return *evidence* with all moments of one clock on the same timescale.

    The shell's signs of life are on the plain wall clock, like those of the process after it.
    """
    if not evidence.node_starts and all(level.in_main for level in evidence.levels):
        return evidence
    levels = on_common_clock(evidence.levels, evidence.main)
    first = next((level for level in levels if not level.in_main), None)
    lead = 0
    if first is not None and evidence.main.shares_clock_with(first):
        lead = lead_of_same_boot(first, evidence.main)
    starts = [moment - lead for moment in evidence.node_starts]
    return replace(evidence, levels=levels, node_starts=starts)


def _given_up_unsubmitted(evidence: TimelineInput) -> bool:
    """Whether the attempt ended before any executor had accepted it."""
    stamps = evidence.stamps
    return stamps.accepted is None and stamps.reported is None and not evidence.levels


def _explain_unobserved(result: Timeline, *, noticed: bool = True) -> None:
    """Give unobserved time a reason if none was found so far."""
    since = [one.start for one in result.segments if one.phase == UNOBSERVED]
    if result.unobserved or not since:
        return
    ended = result.node_ended
    after = ended is not None and min(since) >= ended
    result.unobserved.append(UNNOTICED if after and not noticed else NOT_TIMED)


def _until_submitted(track: Track, evidence: TimelineInput) -> None:
    """Label what the main process does before it begins the submission."""
    stamps = evidence.stamps
    if stamps.submitting is None:
        return
    for wait in evidence.waits:
        if wait.end <= stamps.submitting:
            track.to(wait.start, "dispatch")
            track.to(wait.end, wait.phase)
    track.to(stamps.submitting, "dispatch")


def _after_report(track: Track, evidence: TimelineInput) -> None:
    """Label what the main process does after the executor has reported the end."""
    for wait in evidence.waits:
        if wait.start >= track.at:
            track.to(wait.start, "postprocess")
            track.to(wait.end, wait.phase)
    track.to(evidence.stamps.finished, "postprocess")


def _submission(track: Track, evidence: TimelineInput, result: Timeline) -> None:
    """Label the submission itself, from its start to the executor's report of its end."""
    stamps = evidence.stamps
    main = [level for level in evidence.levels if level.in_main]
    spawned = [level for level in evidence.levels if not level.in_main]
    if main:
        result.node = main[0].host
        _in_main(track, main[0], spawned, evidence, result)
        return
    if stamps.submitting is None:
        if stamps.reported is not None:
            track.to(stamps.reported, UNOBSERVED)
            result.unobserved.append(NOT_TIMED)
        return
    if stamps.accepted is None and not spawned:
        track.to(stamps.reported, "submit")
        return
    if stamps.accepted is not None and not _ran_while_submitting(spawned, evidence):
        track.to(stamps.accepted, "submit")
    if evidence.tool_started is not None:
        return
    _on_node(track, spawned, evidence, result)


def _ran_while_submitting(levels: Sequence[Level], evidence: TimelineInput) -> bool:
    """Whether the submit command only came back when the job had ended, with all its processes.

    Only processes on the main clock can show that: on another, they seem to if it is behind.
    """
    if not levels or not all(map(evidence.main.shares_clock_with, levels)):
        return False
    submitting, accepted = evidence.stamps.submitting, evidence.stamps.accepted
    signs = [*evidence.node_starts, *(one.started for one in levels if one.started is not None)]
    ends = [one.ended for one in levels]
    if submitting is None or accepted is None or not signs or min(signs) >= accepted:
        return False
    ended = [moment for moment in ends if moment is not None]
    if not ended or len(ended) < len(ends):
        return False
    return submitting <= min(signs) + TICK and max(ended) - TICK <= accepted


def _in_main(
    track: Track, level: Level, spawned: list[Level], evidence: TimelineInput, result: Timeline
) -> None:
    """Label what ran in the main process: preparation, the tool, or a process spawned for it."""
    if evidence.group:
        label_members(track, level)
        # Its own loop sleeps for a second before it looks again whether they have ended.
        track.to(evidence.stamps.reported, "postprocess")
        return
    for execution in level.executions:
        _local_execution(track, execution, spawned, result)
    track.to(evidence.stamps.reported, "stage_out")


def _local_execution(
    track: Track, execution: Execution, spawned: list[Level], result: Timeline
) -> None:
    track.node_if(execution.begun, "dispatch")
    track.node_if(execution.prepared, "stage_in")
    track.node_if(execution.running, "dispatch")
    if execution.tool_started is None:  # a cache hit, or it failed before its tool began
        track.node_if(execution.reported, "stage_in")
        return
    label_tool(track, execution, spawned, result)


def _on_node(track: Track, levels: list[Level], evidence: TimelineInput, result: Timeline) -> None:
    """Label the time between a remote submission's acceptance and its reported end."""
    stamps = evidence.stamps
    accepted = stamps.accepted
    starts = node_starts(evidence.node_starts, levels)
    if not starts:
        result.unobserved.append(NO_NODE_STAMPS)
        track.to(stamps.reported, UNOBSERVED)
        return
    limit = track.end
    before = "queue_wait" if accepted is not None else UNOBSERVED
    if _ran_while_submitting(levels, evidence):
        # What the order of events says of the clocks does not hold; the submission is around it.
        stamps = stamps.but(accepted=stamps.submitting)
        before = "submit"
    if stamps.reported is not None:
        track.end = min(track.end, stamps.reported)
    leads = leads_of(starts, stamps, evidence.main, evidence.clocks)
    for start in starts:
        reported = stamps.reported if start is starts[-1] else None
        known = leads.get(start.clock), reported
        label_start(track, start, known, result, group=evidence.group, before=before)
    if len(starts) > 1:
        result.unobserved.append(STARTED_AGAIN.format(count=len(starts)))
    if before == "submit":
        track.to(accepted, before)
    last = starts[-1].levels
    if last and last[0].ended is not None:
        result.node_ended = track.at
        if evidence.status_check is not None:
            _until_checked(track, evidence.status_check)
            track.to(stamps.reported, "postprocess")
            result.offset = _less_than_the_poll(result, track, stamps.reported)
    track.to(stamps.reported, "poll_wait")
    track.end = limit


def _until_checked(track: Track, check: StatusCheck) -> None:
    """Label the time from the end of a node's processes to the status check that saw it.

    The check before that one still found the job running: until then the cluster had not ended it,
    or its node's clock is off. From there on Snakemake was behind: it checked other jobs, or waited
    to report them, and slept.
    """
    track.to_if(check.previous, "poll_wait" if track.shift else "node_exit")
    track.to_if(check.slept, "postprocess")
    track.to(check.begun, "poll_wait")


def _less_than_the_poll(result: Timeline, track: Track, reported: Micros | None) -> Offset | None:
    """Return the offset with bounds of ``poll_wait`` alone: other phases are in that time, too."""
    offset, ended = result.offset, result.node_ended
    if offset is None or offset.poll_wait_bounds_s is None or reported is None or ended is None:
        return offset
    after = [one for one in track.segments if one.end > ended and one.phase != "poll_wait"]
    other = to_seconds(sum(one.end - max(one.start, ended) for one in after))
    low, high = (max(0.0, round(bound - other, 6)) for bound in offset.poll_wait_bounds_s)
    return offset.but(poll_wait_bounds_s=(low, high))


def member_timeline(
    levels: Sequence[Level],
    offset: Offset | None,
    end: Micros,
    main: MainProcess = _UNKNOWN,
    pauses: Sequence[Paused] = (),
) -> Timeline:
    """Return the timeline of a group's member: only its staging and its tool.

    Args:
        levels: the processes that ran it, each with only this member's executions.
        offset: the group's clock offset, if its node had another clock.
        end: the group's end, where segments are cut.
        main: the main process.
        pauses: when it did not run.

    """
    result = Timeline(offset=offset)
    levels = on_common_clock(levels, main)
    # Others only start the processes that run it: that time is the group's.
    in_own_processes = any(level.wraps != "local" for level in levels)
    levels = [level for level in levels if level.wraps == "local"]
    outer = [
        (level, execution)
        for level in levels
        if not was_spawned(level, levels)
        for execution in level.executions
    ]
    spans = [span for _, execution in outer if (span := span_of(execution))]
    if not spans:
        result.unobserved.append(NO_NODE_STAMPS)
        return result
    shift = round(offset.assumed_s * 1_000_000) if offset is not None else 0
    if any(map(main.shares_clock_with, levels)):
        shift = 0
    track = Track(min(spans)[0] - shift, end, shift)
    before = outer[0][0]
    for level, execution in outer:
        result.node = level.node or level.host
        if track.segments and level is not before:  # a retry in another process
            if in_own_processes and level.restarts == before.restarts:
                track.node_if(level.started, "node_exit")
                track.node_if(level.loaded, "node_startup")
                track.node_if(level.planned, "node_plan")
            elif span := span_of(execution):  # all of its group ran again, which owns that time
                track.node(span[0], None)
        before = level
        ran = execution.tool_started is not None
        if ran:
            others = [other for other in levels if other is not level]
            until = end if level.in_main else None
            label_tool(track, execution, others, result, until)
        if span := span_of(execution):
            track.node(span[1], "stage_out" if ran else "stage_in")
    result.segments = track.segments
    if any(level.in_main for level in levels):
        without_pauses(result, pauses, in_main=True)
    _explain_unobserved(result)
    return result
