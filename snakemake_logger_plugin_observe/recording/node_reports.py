"""Access to node reports while a run is recorded; the executor plugin provides it."""

from pathlib import Path
from typing import Protocol

from snakemake_logger_plugin_observe.journal.node_reports import NodeReport


class NodeReports(Protocol):
    """Access to the node reports of one run."""

    @property
    def folder(self) -> Path:
        """The folder of their fragments; a journal names its last part, for the reader."""

    def read(self, submission: tuple[str, ...]) -> NodeReport:
        """Return what has been reported about *submission* so far."""

    def remove(self, submission: tuple[str, ...]) -> None:
        """Remove reports that are no longer needed."""

    def remove_left_over(self) -> None:
        """Remove old reports of runs that were killed."""

    def close(self) -> None:
        """Remove what is left of them, if none was left unread."""
