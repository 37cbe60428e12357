"""Segments, which end to end make up a timeline."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice, repeat
from typing import Any, Final, NamedTuple, final, overload

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


Label = str | None
"""A phase, or None where others own the time."""

_GAP: Final[Any] = ...
"""In place of a label: the second of two segments does not begin where the first ends.

There is hardly ever such time.
"""
_LABELS: Final[dict[tuple[Label, ...], "_Labels"]] = {}


@final
class _Labels:
    """The labels of a row of segments, and what follows from them: most attempts share theirs."""

    __slots__ = ("_places", "count", "gaps", "in_order", "row")

    def __init__(self, row: tuple[Label, ...]) -> None:
        self.row = row
        self.gaps = _GAP in row
        self.count = len(row) - row.count(_GAP)
        self.in_order = tuple(name for name in _IN_ORDER if name in row)
        self._places: dict[frozenset[str], tuple[int, ...]] = {}

    def places(self, phases: frozenset[str]) -> tuple[int, ...]:
        """Return where in the row one of *phases* is."""
        found = self._places.get(phases)
        if found is None:
            found = tuple(at for at, label in enumerate(self.row) if label in phases)
            self._places[phases] = found
        return found

    @classmethod
    def of(cls, row: tuple[Label, ...]) -> "_Labels":
        """Return those of *row*, which may be known already."""
        return _LABELS.get(row) or _LABELS.setdefault(row, cls(row))


@final
class Segments(Sequence[Segment]):
    """The segments of an attempt, as they are kept: their borders, and the labels in between.

    There may be millions, so each is made when it is asked for. As those of most attempts have the
    same labels in the same order, these are shared.
    """

    __slots__ = ("_borders", "_labels")

    def __init__(self, segments: Iterable[Segment] = ()) -> None:
        """Keep *segments*, which are in order."""
        borders: list[Micros] = []
        row: list[Label] = []
        for start, end, phase in segments:
            if borders and borders[-1] != start:
                row.append(_GAP)
                borders.append(start)
            elif not borders:
                borders.append(start)
            row.append(phase)
            borders.append(end)
        self._borders = _packed(borders)
        self._labels = _Labels.of(tuple(row))

    @classmethod
    def end_to_end(
        cls, start: Micros, lengths: Iterable[Micros], labels: tuple[Label, ...]
    ) -> "Segments":
        """Return the segments with these *lengths* and *labels*, end to end from *start*."""
        if not labels:
            return NO_SEGMENTS
        made = cls.__new__(cls)
        made._borders = _packed(list(accumulate(lengths, initial=start)))
        made._labels = _Labels.of(labels)
        return made

    @property
    def start(self) -> Micros | None:
        """The beginning of the first; None if there is none."""
        return self._borders[0] if self._borders else None

    @property
    def end(self) -> Micros | None:
        """The end of the last; None if there is none."""
        return self._borders[-1] if self._borders else None

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases that occur, each once, in chronological order."""
        return self._labels.in_order

    def plain(self) -> Iterator[tuple[Micros, Micros, Label]]:
        """Yield start, end and phase of each as a plain tuple, which takes less time."""
        borders, labels = self._borders, self._labels
        found = zip(borders, islice(borders, 1, None), labels.row, strict=False)
        return found if not labels.gaps else (one for one in found if one[2] is not _GAP)

    def of_phases(self, phases: frozenset[str]) -> list[tuple[Micros, Micros, Label]]:
        """Return those of some *phases*, as plain tuples."""
        borders, row = self._borders, self._labels.row
        return [(borders[at], borders[at + 1], row[at]) for at in self._labels.places(phases)]

    def add_to(self, sums: dict[str, Micros]) -> None:
        """Add the length of each to the sum of its phase; all that occur have one already."""
        for start, end, phase in self.plain():
            if phase is not None:
                sums[phase] += end - start

    def __iter__(self) -> Iterator[Segment]:
        """Yield each segment."""
        return map(tuple.__new__, repeat(Segment), self.plain())

    def __len__(self) -> int:
        """Return how many there are."""
        return self._labels.count

    @overload
    def __getitem__(self, index: int) -> Segment: ...
    @overload
    def __getitem__(self, index: slice) -> list[Segment]: ...
    def __getitem__(self, index: int | slice) -> Segment | list[Segment]:
        """Return one of them, or several."""
        return list(self)[index]

    def __reversed__(self) -> Iterator[Segment]:
        """Yield each segment, the last first."""
        return reversed(list(self))

    def __eq__(self, other: object) -> bool:
        """Whether *other* has the same segments, in whatever kind of sequence."""
        if isinstance(other, Segments):
            return self._labels.row == other._labels.row and self._borders == other._borders
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        """Return the same for the same segments: they never change."""
        return hash((self.start, self.end, self._labels.row))

    def __repr__(self) -> str:
        """Return it as the list of segments that it stands for."""
        return repr(list(self))


def _packed(borders: list[Micros]) -> Sequence[Micros]:
    """Return *borders* in little memory; what no 64 bits hold comes from a tampered journal."""
    try:
        return array("q", borders)
    except OverflowError:
        return tuple(borders)


NO_SEGMENTS: Final = Segments()


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
    for start, end, phase in segments.plain() if isinstance(segments, Segments) else segments:
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
