"""The journal as the recorder writes it: in bursts, and lines wait while it cannot be written.

What happens at once is written at once: a system call costs more than a line. A disk that is full
may have room again later. So lines that could not be written are kept, up to a limit, and written
in order before the next ones; the first line, without which the file is not a journal, is always
kept. Lines that were lost become a gap.
"""

import errno
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.console import sentence
from snakemake_logger_plugin_observe.journal.events import (
    Event,
    Gap,
    Heartbeat,
    RunFinished,
)
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.journal.writing import JournalWriter, to_line

_KEPT_BYTES: Final = 8 * 1024 * 1024
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_REOPEN_S: Final = 1.0
_LONGEST_BURST: Final = 500
"""How many events a burst may have: it is in memory, and lost if the process is killed."""


class _Where(NamedTuple):
    """Where a journal's file is to be made."""

    folder: Path
    run_id: str
    started: Micros
    mode: int


class JournalOutput:
    """Writes one run's journal, masked; without a file, it drops all events."""

    def __init__(self, mask: Masker, fault: Callable[[str], None]) -> None:
        """Write nothing yet; *fault* is called with one line each time that something fails."""
        self._mask = mask
        self._fault = fault
        self._writer: JournalWriter | None = None
        self._wanted: _Where | None = None
        """The file to make as soon as there is room for it."""
        self._tried = 0.0
        self._begun = False
        self._burst: list[Event] = []
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._lost = 0
        self._written = time.monotonic()

    @property
    def path(self) -> Path | None:
        """The journal's path; None if there is no file, or not yet."""
        return self._writer.path if self._writer is not None else None

    def until_quiet_for(self, quiet_s: float) -> float | None:
        """Return in how many seconds nothing will have been written for *quiet_s* seconds.

        None if there is no journal.
        """
        if self._writer is None:
            return None
        return max(0.0, self._written + quiet_s - time.monotonic())

    def open(self, folder: Path, run_id: str, started: Micros, mode: int) -> None:
        """Create the journal's file in *folder*; if that fails, the run goes on without it.

        If only the disk is full, it is tried again with later events.
        """
        where = _Where(folder, run_id, started, mode)
        try:
            self._writer = JournalWriter(*where)
        except OSError as error:
            why = error.strerror or error
            if error.errno in _NO_ROOM:
                self._wanted, self._tried = where, time.monotonic()
                self._fault(f"{folder}: {why}; the run goes on, its journal waits for room")
                return
            self._fault(
                f"no journal, the run goes on: {folder} cannot be written ({why}); "
                "--logger-observe-dir names another folder"
            )

    def write(self, event: Event) -> None:
        """Append *event* with the next ``flush``, or at once if many wait for that."""
        if self._writer is not None or self._wanted is not None:
            self._written = time.monotonic()
            self._burst.append(event)
            if len(self._burst) >= _LONGEST_BURST:  # else none is written while notes keep coming
                self.flush()

    def flush(self) -> None:
        """Write the events of this burst, after the lines that wait and a gap for lost ones."""
        if not self._burst:
            return
        burst, self._burst = self._burst, []
        lines = list(self._lines(burst))
        ends = isinstance(burst[-1], RunFinished)
        try:
            writer = self._writer or self._opened(at_once=ends)
            if writer is not None:
                self._write_waiting(writer, burst[-1].time)
                if lines:
                    writer.write(b"\n".join(line for _, line in lines))
                    self._begun = True
                return
        except Exception as error:
            why = getattr(error, "strerror", None) or sentence(error)
            path = self._writer.path if self._writer is not None else "journal"
            self._fault(f"{path}: {why}; the run goes on, its journal waits for room")
        for event, line in lines:
            if not isinstance(event, Heartbeat):  # the next one says the same
                self._keep(line)

    def _lines(self, burst: list[Event]) -> Iterator[tuple[Event, bytes]]:
        """Yield the events of a burst, each with its line."""
        for event in burst:
            try:
                yield event, to_line(event, self._mask)
            except Exception as error:
                self._lost += not isinstance(event, Heartbeat)
                self._fault(f"the journal has a gap, the run goes on: {sentence(error)}")

    def _opened(self, *, at_once: bool) -> JournalWriter | None:
        """Try again to make the file, once a second or *at_once*; None if there is no room yet."""
        if self._wanted is None or not (at_once or time.monotonic() >= self._tried + _REOPEN_S):
            return None
        self._tried = time.monotonic()
        try:
            self._writer = JournalWriter(*self._wanted)
        except OSError:
            return None
        self._wanted = None
        return self._writer

    def _write_waiting(self, writer: JournalWriter, moment: Micros) -> None:
        """Write the lines that wait, and a gap for those that were lost.

        Raises:
            OSError: if there is no room yet; what was not written waits on.

        """
        while self._waiting:
            writer.write(self._waiting[0])
            self._begun = True
            self._waiting_bytes -= len(self._waiting.popleft())
        if self._lost and self._begun:
            gap = Gap(time=moment, reason="lines could not be written", lost=self._lost)
            writer.write(to_line(gap))
            self._lost = 0

    def _keep(self, line: bytes) -> None:
        """Keep *line* until it can be written, or count it as lost if too many wait already."""
        first = not (self._begun or self._waiting)
        if first or self._waiting_bytes + len(line) <= _KEPT_BYTES:
            self._waiting.append(line)
            self._waiting_bytes += len(line)
        else:
            self._lost += 1

    def next_begins_at(self) -> int | None:
        """Return where the next line will begin in the file; None if others are written first."""
        self.flush()
        if self._writer is None or self._waiting or self._lost:
            return None
        return self._writer.size()

    def complete_path(self) -> Path | None:
        """Return the journal's path if it is there and ends with the last event, or None."""
        self.flush()
        if self._writer is None:
            return None
        if not self._writer.still_there():
            self._fault(f"{self._writer.path}: removed or replaced while the run went on")
            return None
        return None if self._lost or self._waiting else self._writer.path

    def close(self) -> None:
        """Close the file, and remove it if nothing could be written: it is not a journal."""
        self.flush()
        if self._writer is None:
            return
        if not self._begun:
            self._writer.remove_if_empty()
        self._writer.close()
