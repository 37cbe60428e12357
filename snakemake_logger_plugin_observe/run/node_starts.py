"""The starts of a submission on nodes: one, or more if the cluster requeued it.

For each: its processes in order, the lead of their clock, and its segments up to their end.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from snakemake_logger_plugin_observe.clock import TICK, Micros
from snakemake_logger_plugin_observe.journal.records import Level, Stamps
from snakemake_logger_plugin_observe.run.clock_offsets import (
    ClockLead,
    LeadBounds,
    MainProcess,
    clock_lead,
)
from snakemake_logger_plugin_observe.run.node_processes import label_process
from snakemake_logger_plugin_observe.run.segments import Timeline, Track
from snakemake_logger_plugin_observe.run.unobserved import (
    CLOCK_SET,
    ENDED_EARLY,
    ENDED_EARLY_OR_SET,
    NODE_CUT_OFF,
    ONLY_A_SIGN,
)

Clock = tuple[str, str | None]
"""The host and the boot of a node's processes."""


class NodeStart(NamedTuple):
    """A start of a submission on a node: its first sign of life, and its processes in order."""

    first: Micros
    levels: list[Level]

    @property
    def clock(self) -> Clock | None:
        """What identifies the clock of its processes."""
        return (self.levels[0].host, self.levels[0].boot_id) if self.levels else None


def node_starts(signs: Sequence[Micros], levels: Sequence[Level]) -> list[NodeStart]:
    """Return a submission's starts: one, unless the cluster requeued it.

    Each start writes a sign of life before its processes; where there is none, the cluster's own
    count of restarts separates them.
    """
    in_order = sorted(levels, key=lambda level: level.started or 0)
    if not signs:
        by_restart: dict[int, list[Level]] = {}
        for level in in_order:
            by_restart.setdefault(level.restarts, []).append(level)
        return [
            NodeStart(processes[0].started, processes)
            for processes in by_restart.values()
            if processes[0].started is not None
        ]
    starts = [NodeStart(first, []) for first in sorted(signs)]
    for level in in_order:
        began = (level.started or 0) + TICK
        holder = [start for start in starts if start.first <= began] or starts[:1]
        holder[-1].levels.append(level)
    return starts


def leads_of(
    starts: Sequence[NodeStart],
    stamps: Stamps,
    main: MainProcess,
    clocks: Mapping[str, LeadBounds],
) -> dict[Clock | None, ClockLead]:
    """Return the lead of each clock that timed a submission's starts.

    Args:
        starts: the starts.
        stamps: the submission's, which bound the leads.
        main: the main process.
        clocks: bounds of the nodes' clocks from earlier attempts.

    """
    by_clock: dict[Clock | None, tuple[Level, LeadBounds]] = {}
    for start in starts:
        if not start.levels:
            continue
        outermost, bounds = by_clock.get(start.clock, (start.levels[0], LeadBounds()))
        low = high = None
        if start is starts[0] and stamps.accepted is not None:
            high = start.first - stamps.accepted
        ended = start.levels[0].ended
        if start is starts[-1] and stamps.reported is not None and ended is not None:
            low = ended - stamps.reported
        by_clock[start.clock] = outermost, bounds.intersected(LeadBounds(low, high))
    return {
        name: clock_lead(level, main, bounds, clocks, once=len(starts) == 1)
        for name, (level, bounds) in by_clock.items()
    }


def label_start(
    track: Track,
    start: NodeStart,
    known: tuple[ClockLead | None, Micros | None],
    result: Timeline,
    *,
    group: bool,
    before: str,
) -> None:
    """Label one start of a submission, up to its processes' end.

    *known* is its clock's lead and when its end was reported; *group*: whether it was a group's;
    *before* is what came before it.
    """
    lead, reported = known
    outermost = start.levels[0] if start.levels else None
    ended = outermost.ended if outermost is not None else None
    if outermost is not None and lead is not None:
        result.node = outermost.node or outermost.host
        result.offset = lead.offset
        track.shift = lead.shift
        if any(lv.stepped_s and None in (lv.boot_id, lv.boot_time) for lv in start.levels):
            result.unobserved.append(CLOCK_SET)
        result.unobserved += [lead.reason] if lead.reason else []
        if ended is not None and reported is not None and ended - track.shift > reported:
            result.unobserved.append(ENDED_EARLY if lead.certain else ENDED_EARLY_OR_SET)
    if before == "queue_wait":
        _label_job_script(track, start)
    else:
        track.node(start.first, before)
    if outermost is not None:
        label_process(track, outermost, start.levels[1:], group, result)
    if ended is None:
        result.unobserved.append(NODE_CUT_OFF if outermost is not None else ONLY_A_SIGN)
        track.to(None, None)


def _label_job_script(track: Track, start: NodeStart) -> None:
    """Label the wait for the scheduler, then its job script up to the first sign of life.

    The job began with the first of the processes that led to Snakemake's on the node and that was
    started after the submission was accepted. One from before may have waited for it to begin; so
    may any, for all that is known, where the node's clock is off.
    """
    ancestors = start.levels[0].ancestors if start.levels and not track.shift else ()
    began = [moment for moment in ancestors if moment >= track.at]
    if began:
        track.node(min(began), "queue_wait")
    track.node(start.first, "job_script" if began else "queue_wait")
