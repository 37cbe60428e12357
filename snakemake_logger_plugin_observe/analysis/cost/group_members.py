"""Which member of a group owns each moment of the group's submission."""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import UNOBSERVED
from snakemake_logger_plugin_observe.run.segments import Segment


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
        (member, segments)
        for job_id in run.members(group.group or "")
        if (member := run.attempts.get((job_id, group.number)))
        for segments in _in_one_go(member)
    ]
    at = end
    for member, segments in sorted(members, key=lambda one: one[1][-1].end, reverse=True):
        if at <= start:
            return
        if segments[0].start >= at:
            continue  # others that ended later own all of it
        ended = max(start, min(segments[-1].end, at))
        if ended < at:
            yield MemberStretch(ended, at, "member_wait", None)
            at = ended
        for segment in reversed(segments):
            begin = max(segment.start, start)
            if begin < at:
                yield MemberStretch(begin, at, segment.phase or UNOBSERVED, member)
                at = begin
    if at > start:
        yield MemberStretch(start, at, UNOBSERVED, None)


def _in_one_go(member: Attempt) -> Iterator[list[Segment]]:
    """Yield the segments of a member between those that are its group's: it may run again."""
    for labelled, found in groupby(member.segments, key=lambda one: one.phase is not None):
        if labelled:
            yield list(found)
