"""A journal that grows, read on from where the reading before ended."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from snakemake_logger_plugin_observe.journal.events import AnyEvent, at_line
from snakemake_logger_plugin_observe.journal.lines import (
    BYTE_ORDER_MARK,
    JournalError,
    next_line,
    opened,
    unreadable,
    why_the_end,
)
from snakemake_logger_plugin_observe.journal.reading import HEARTBEAT, Detail, Problem, Reading


@dataclass(slots=True)
class Tail(Reading):
    """A journal being watched: each iteration yields the events that are new since the last.

    A line without its end is not read until it has one. Of the heartbeats that came since, only the
    last is read.
    """

    problems: list[Problem] = field(default_factory=list)
    detail: Detail = Detail.FIGURES
    _position: int = 0
    _number: int = 0
    _file: tuple[int, int] | None = None
    _run_id: str | None = None
    _another_run: bool = False

    def __iter__(self) -> Iterator[AnyEvent]:
        """Yield each new event, with its line set; nothing if the journal has not grown.

        Raises:
            JournalError: if the journal is gone, has been replaced or cut, or is none.

        """
        try:
            with opened(self.path) as file:
                known = os.fstat(file.fileno())
                identity = (known.st_dev, known.st_ino)
                if self._file not in (None, identity) or known.st_size < self._position:
                    raise JournalError(
                        f"{self.path}: replaced or cut while it was watched; start watch again"
                    )
                self._file = identity
                if known.st_size > self._position and not self._another_run:
                    file.seek(self._position)
                    yield from self._new(file)
        except OSError as error:
            raise unreadable(self.path, error) from error

    def _new(self, file: IO[bytes]) -> Iterator[AnyEvent]:
        heartbeat: tuple[int, bytes] | None = None
        while (line := next_line(file)) and why_the_end(line) is None:
            self._number += 1
            self._position += len(line)
            number = self._number
            if self._run_id is not None and line.startswith(HEARTBEAT):
                heartbeat = number, line
                continue
            line = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
            event = self._event(number, line)
            if self._run_id is None:
                self._run_id = self._checked_start(number, line, event).run_id
            elif event is not None and event.event == "run_started":
                if event.run_id != self._run_id:
                    self.problems.append(Problem(number, "another run begins: read up to here"))
                    self._another_run = True
                    return
                continue
            if event is not None:
                yield at_line(event, number)
        if heartbeat is not None and (event := self._event(*heartbeat)) is not None:
            yield at_line(event, heartbeat[0])
