"""Segments, which end to end make up a timeline."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.records import Offset
from snakemake_logger_plugin_observe.run.phases import ATTEMPT_PHASES, PHASES, UNOBSERVED

_IN_ORDER: Final = tuple(phase.name for phase in ATTEMPT_PHASES)


class Segment(NamedTuple):
    """A stretch of time with one label, in microseconds of the main clock.

    ``phase`` is None where others own the time: inside a group's submission its members do, and
    between two executions of a member its group does, if all of the group ran again.
    """

    start: Micros
    end: Micros
    phase: str | None

    @property
    def length(self) -> Micros:
        """The segment's length in microseconds."""
        return self.end - self.start


@dataclass(slots=True)
class Timeline:
    """An attempt's segments, and why some of its time is unobserved."""

    segments: list[Segment] = field(default_factory=list)
    unobserved: list[str] = field(default_factory=list)
    offset: Offset | None = None
    node: str | None = None
    node_ended: Micros | None = None
    """When its last process on a node had gone."""


def phase_sums(segments: Iterable[Segment]) -> dict[str, Micros]:
    """Return microseconds per phase, in chronological order; members' time is not counted."""
    sums: dict[str, Micros] = {}
    for start, end, phase in segments:
        if phase is not None:
            sums[phase] = sums.get(phase, 0) + end - start
    return {name: sums[name] for name in _IN_ORDER if name in sums}


def joined(segments: Iterable[Segment]) -> list[Segment]:
    """Return *segments* with neighbours of the same phase as one."""
    found: list[Segment] = []
    for one in segments:
        if found and found[-1].phase == one.phase and found[-1].end == one.start:
            found[-1] = Segment(found[-1].start, one.end, one.phase)
        else:
            found.append(one)
    return found


class Track:
    """Builds segments end to end; time next to a missing stamp becomes ``unobserved``."""

    def __init__(self, start: Micros, end: Micros, shift: Micros = 0) -> None:
        """Begin at *start*, cut at *end*; *shift* is subtracted from node moments."""
        self.at = start
        self.end = end
        self.shift = shift
        self.segments: list[Segment] = []
        self._open = False

    def to(self, moment: Micros | None, phase: str | None) -> None:
        """Label all time up to *moment* as *phase*; an unknown moment leaves it open.

        A wait in a tampered or newer journal may have a phase that is not known here.
        """
        if moment is None:
            self._open = True
            return
        label = UNOBSERVED if self._open or not (phase is None or phase in PHASES) else phase
        self._open = False
        moment = min(moment, self.end)
        if moment <= self.at:
            return
        last = self.segments[-1] if self.segments else None
        if last is not None and last.phase == label:
            self.segments[-1] = Segment(last.start, moment, label)
        else:
            self.segments.append(Segment(self.at, moment, label))
        self.at = moment

    def to_if(self, moment: Micros | None, phase: str | None) -> None:
        """As ``to``, but skip a moment that is not known or need not have happened."""
        if moment is not None:
            self.to(moment, phase)

    def node(self, moment: Micros | None, phase: str | None) -> None:
        """As ``to``, with a moment of the node's clock."""
        self.to(None if moment is None else moment - self.shift, phase)

    def node_if(self, moment: Micros | None, phase: str | None) -> None:
        """As ``node``, but skip a moment that need not have happened."""
        if moment is not None:
            self.node(moment, phase)
