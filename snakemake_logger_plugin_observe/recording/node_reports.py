"""Node reports: what a submission's processes wrote on the node; the executor plugin reads them."""

from dataclasses import dataclass
from typing import Protocol

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal.records import Level


@dataclass(frozen=True, slots=True)
class NodeReport:
    """The first signs of life of a submission on its node, and its processes as levels."""

    starts: tuple[clock.Micros, ...] = ()
    levels: tuple[Level, ...] = ()
    complete: bool = False
    problem: str | None = None


class NodeReports(Protocol):
    """Access to the node reports of one run."""

    def read(self, submission: tuple[str, ...]) -> NodeReport:
        """Return what has been reported about *submission* so far."""

    def remove(self, submission: tuple[str, ...]) -> None:
        """Remove reports that are no longer needed."""

    def remove_left_over(self) -> None:
        """Remove old reports of runs that were killed."""

    def close(self) -> None:
        """Remove what is left of them, if none was left unread."""
