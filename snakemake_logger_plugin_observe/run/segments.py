"""Segments laid end to end: what a timeline is made of."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.records import Offset
from snakemake_logger_plugin_observe.run.phases import ATTEMPT_PHASES, UNOBSERVED


class Segment(NamedTuple):
    """A stretch of time with one label, in microseconds of the main clock.

    ``phase`` is None only inside a group's submission, where its members own the time.
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
    """An attempt's segments, and what could not be observed of it."""

    segments: list[Segment] = field(default_factory=list)
    unobserved: list[str] = field(default_factory=list)
    offset: Offset | None = None
    node: str | None = None


def phase_sums(segments: Iterable[Segment]) -> dict[str, Micros]:
    """Return microseconds per phase, in the order of the model; members' time is not counted."""
    sums: dict[str, Micros] = {}
    for segment in segments:
        if segment.phase is not None:
            sums[segment.phase] = sums.get(segment.phase, 0) + segment.length
    return {p.name: sums[p.name] for p in ATTEMPT_PHASES if p.name in sums}


class Track:
    """Lays segments end to end; what a missing stamp leaves open becomes ``unobserved``."""

    def __init__(self, start: Micros, end: Micros, shift: Micros = 0) -> None:
        """Begin at *start*; nothing is laid past *end*; *shift* is taken off node moments."""
        self.at = start
        self.end = end
        self.shift = shift
        self.segments: list[Segment] = []
        self._open = False

    def to(self, moment: Micros | None, phase: str | None) -> None:
        """Label all up to *moment* as *phase*; an unknown moment leaves it open."""
        if moment is None:
            self._open = True
            return
        label = UNOBSERVED if self._open else phase
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

    def node(self, moment: Micros | None, phase: str | None) -> None:
        """Do as ``to`` with a moment that the node's clock took."""
        self.to(None if moment is None else moment - self.shift, phase)

    def node_if(self, moment: Micros | None, phase: str | None) -> None:
        """Do as ``node``, but pass over a moment that need not have happened."""
        if moment is not None:
            self.node(moment, phase)
