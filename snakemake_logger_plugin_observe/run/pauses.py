"""Pauses of the main process: what an attempt did meanwhile is unobserved.

A process that is stopped (Ctrl-Z, SIGSTOP) or whose machine sleeps notices nothing, and a tool that
ends meanwhile is waited for only afterwards. Whether the tool ran on is not known either: Ctrl-Z
stops both.
"""

from collections.abc import Sequence
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros, format_moment
from snakemake_logger_plugin_observe.journal.events import Paused
from snakemake_logger_plugin_observe.run.phases import UNOBSERVED
from snakemake_logger_plugin_observe.run.segments import Segment, Timeline
from snakemake_logger_plugin_observe.run.unobserved import PAUSED

_OF_THE_MAIN_PROCESS: Final = frozenset(
    {"dispatch", "submit", "poll_wait", "latency_wait", "postprocess"}
)
"""Phases of a job on a node that the main process observes; its node times the others."""
# No slot was given away meanwhile, whatever the reason; members own the time without a phase.
_KEPT: Final = frozenset({"slot_wait", UNOBSERVED, None})


def without_pauses(result: Timeline, pauses: Sequence[Paused], *, in_main: bool) -> None:
    """Make what the main process cannot have observed in *pauses* unobserved.

    Args:
        result: the timeline, which is changed.
        pauses: when the main process did not run.
        in_main: whether the attempt's tool was started by the main process itself.

    """
    for pause in pauses:
        cut = [part for one in result.segments for part in _cut(one, pause, in_main=in_main)]
        if cut != result.segments:
            result.segments = _joined(cut)
            moments = {"start": format_moment(pause.time), "end": format_moment(pause.end)}
            result.unobserved.append(PAUSED.format(**moments))


def paused_in(start: Micros, end: Micros, pauses: Sequence[Paused]) -> Micros:
    """Return how much of the time from *start* to *end* fell into *pauses*."""
    return sum(max(0, min(end, one.end) - max(start, one.time)) for one in pauses)


def _cut(one: Segment, pause: Paused, *, in_main: bool) -> list[Segment]:
    """Return *one* as it is, or in up to three parts."""
    seen_by_main = one.phase not in _KEPT and (in_main or one.phase in _OF_THE_MAIN_PROCESS)
    begin, end = max(one.start, pause.time), min(one.end, pause.end)
    if not seen_by_main or begin >= end:
        return [one]
    parts = [
        Segment(one.start, begin, one.phase),
        Segment(begin, end, UNOBSERVED),
        Segment(end, one.end, one.phase),
    ]
    return [part for part in parts if part.length]


def _joined(segments: Sequence[Segment]) -> list[Segment]:
    """Return *segments* with neighbours of one label joined."""
    joined: list[Segment] = []
    for one in segments:
        if joined and joined[-1].phase == one.phase and joined[-1].end == one.start:
            joined[-1] = Segment(joined[-1].start, one.end, one.phase)
        else:
            joined.append(one)
    return joined
