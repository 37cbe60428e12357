"""What a submission's processes leave on the node; where it lies, the executor plugin knows."""

from dataclasses import dataclass
from typing import Protocol

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal.records import Level


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What a submission's processes on the node left: first signs of life, and levels."""

    starts: tuple[clock.Micros, ...] = ()
    levels: tuple[Level, ...] = ()
    complete: bool = False
    problem: str | None = None


class NodeReports(Protocol):
    """Where the node's reports lie; the executor plugin knows."""

    def read(self, submission: tuple[str, ...]) -> NodeReport:
        """Return what there is of *submission*'s reports."""

    def remove(self, submission: tuple[str, ...]) -> None:
        """Remove the reports; they have been folded in."""

    def remove_left_over(self) -> None:
        """Remove what runs that were killed long ago left behind."""
