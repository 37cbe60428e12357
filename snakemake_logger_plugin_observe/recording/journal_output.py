"""The journal as the recorder writes it: a line that cannot be written becomes part of a gap."""

import time
from collections.abc import Callable
from pathlib import Path

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.console import sentence
from snakemake_logger_plugin_observe.journal.events import Event, Gap, Heartbeat
from snakemake_logger_plugin_observe.journal.files import JournalWriter, to_line
from snakemake_logger_plugin_observe.journal.masking import Masker


class JournalOutput:
    """Writes one run's journal, masked; without a file, it drops all events."""

    def __init__(self, mask: Masker, fault: Callable[[str], None]) -> None:
        """Write nothing yet; *fault* is called with one line each time that something fails."""
        self._mask = mask
        self._fault = fault
        self._writer: JournalWriter | None = None
        self._lost = 0
        self._written = time.monotonic()

    def until_quiet_for(self, quiet_s: float) -> float | None:
        """Return in how many seconds nothing will have been written for *quiet_s* seconds.

        None if there is no journal.
        """
        if self._writer is None:
            return None
        return max(0.0, self._written + quiet_s - time.monotonic())

    def open(self, folder: Path, run_id: str, started: Micros, mode: int) -> None:
        """Create the journal's file in *folder*; if that fails, the run goes on without it."""
        try:
            self._writer = JournalWriter(folder, run_id, started, mode)
        except OSError as error:
            self._fault(
                f"no journal, the run goes on: {folder} cannot be written "
                f"({error.strerror or error}); --logger-observe-dir names another folder"
            )

    def write(self, event: Event) -> None:
        """Append *event*, after a gap that counts the lines lost before it."""
        if self._writer is None:
            return
        self._written = time.monotonic()
        try:
            if self._lost:
                gap = Gap(time=event.time, reason="lines could not be written", lost=self._lost)
                self._writer.write(to_line(gap))
                self._lost = 0
            self._writer.write(to_line(event, self._mask))
        except Exception as error:
            self._lost += not isinstance(event, Heartbeat)  # the next one says the same
            why = getattr(error, "strerror", None) or sentence(error)
            self._fault(f"{self._writer.path}: {why}; the run goes on, the journal has a gap")

    def complete_path(self) -> Path | None:
        """Return the journal's path if it is there and ends with the last event, or None."""
        if self._writer is None:
            return None
        if not self._writer.still_there():
            self._fault(f"{self._writer.path}: removed or replaced while the run went on")
            return None
        return None if self._lost else self._writer.path

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()
