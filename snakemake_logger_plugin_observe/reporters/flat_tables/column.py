"""A column of a flat table, and a table as a list of columns."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, Literal, TypeVar

from snakemake_logger_plugin_observe.clock import Micros, to_seconds
from snakemake_logger_plugin_observe.run.model import Run

Item = TypeVar("Item")
Kind = Literal["text", "integer", "number", "moment"]
Cell = str | int | float | datetime | None
"""A plain value; None is unknown."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Column(Generic[Item]):
    """One column: all its values are of one kind, or unknown."""

    name: str
    kind: Kind
    meaning: str
    value: Callable[[Item], Cell]


@dataclass(frozen=True, slots=True)
class FlatTable(Generic[Item]):
    """A table of a run."""

    items: Callable[[Run], Iterable[Item]]
    """What has a row."""
    columns: tuple[Column[Item], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns, in order."""
        return tuple(column.name for column in self.columns)

    def rows(self, run: Run) -> Iterator[tuple[Cell, ...]]:
        """Yield the rows of *run*; the cells are in the order of the columns."""
        for item in self.items(run):
            yield tuple(column.value(item) for column in self.columns)


def moment_of(micros: Micros | None) -> datetime | None:
    """Return a moment in UTC, with its time zone; of one that no date can be, the nearest."""
    if micros is None:
        return None
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return _FIRST if micros < 0 else _LAST


def seconds_of(micros: Micros | None) -> float | None:
    """Return a duration in seconds, to the microsecond."""
    return None if micros is None else to_seconds(micros)
