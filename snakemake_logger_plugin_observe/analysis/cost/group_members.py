"""Which member of a group owns each moment of the group's submission."""

from collections.abc import Iterator
from typing import NamedTuple

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import UNOBSERVED


class MemberStretch(NamedTuple):
    """A stretch of a group's submission; without a member, it belongs to the group itself."""

    start: Micros
    end: Micros
    phase: str
    member: Attempt | None


def member_stretches(
    run: Run, group: Attempt, start: Micros, end: Micros
) -> Iterator[MemberStretch]:
    """Yield a tiling of [start, end] from its end back, with the member that ended last first."""
    members = [
        member
        for job_id in run.members(group.group or "")
        if (member := run.attempts.get((job_id, group.number))) and member.segments
    ]
    at = end
    while at > start:
        running = [member for member in members if (member.start or 0) < at]
        if not running:
            yield MemberStretch(start, at, UNOBSERVED, None)
            return
        last = max(running, key=lambda member: member.end or 0)
        members.remove(last)
        ended = max(start, min(last.end or 0, at))
        if ended < at:
            yield MemberStretch(ended, at, "member_wait", None)
            at = ended
        for segment in reversed(last.segments):
            begin = max(segment.start, start)
            if begin < at and segment.phase is not None:
                yield MemberStretch(begin, at, segment.phase, last)
                at = begin
