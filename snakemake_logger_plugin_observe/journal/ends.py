"""The first and the last line of a journal, where these are known to say what all of it says.

They are if the last line has a first screen, stands where it says that it stands, and nothing
follows: no line was lost before it, and none was added since. What was damaged in between, byte for
byte, is only found by reading that: ``validate`` does.
"""

import os
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.journal import compressed
from snakemake_logger_plugin_observe.journal.events import SCHEMA_VERSION, RunFinished, RunStarted
from snakemake_logger_plugin_observe.journal.first_screen import SMALL
from snakemake_logger_plugin_observe.journal.lines import (
    JournalError,
    all_lines,
    event_in,
    next_line,
    opened,
    unreadable,
    why_the_end,
)

_LAST_LINE: Final = b'{"event":"run_finished"'
_BLOCKS: Final = tuple(size * 1024 for size in (32, 512, 8192))
"""So much of a journal's end is read until its last line is in it."""
_GZIP_COUNTS_TO: Final = 2**32


def read_telling_ends(path: Path) -> tuple[RunStarted, RunFinished] | None:
    """Return a journal's first and last event; None if more of it must be read for an answer."""
    try:
        if compressed.unpacked_size(path) <= SMALL:
            return None
        with opened(path) as file:
            first = next_line(file)
            started = event_in(first) if why_the_end(first) is None else None
            if not isinstance(started, RunStarted) or started.schema_version > SCHEMA_VERSION:
                return None
            finished = _last_event(file.fileno())
    except (JournalError, OSError, ValueError):
        return None
    return (started, finished) if finished is not None else None


def end_begins_at(path: Path) -> int | None:
    """Return at which byte of a journal, unpacked, its last ``run_finished`` begins, if it has one.

    Raises:
        JournalError: if it cannot be read.

    """
    begins_at, position = None, 0
    try:
        with opened(path) as file:
            for line in all_lines(file):
                begins_at = position if line.startswith(_LAST_LINE) else begins_at
                position += len(line)
    except OSError as error:
        raise unreadable(path, error) from error
    return begins_at


def _last_event(descriptor: int) -> RunFinished | None:
    if compressed.is_compressed(descriptor):
        line, before = compressed.last_member(descriptor) or (b"", 0)
    else:
        line, before = _last_line(descriptor) or (b"", 0)
    if not line.startswith(_LAST_LINE) or line.find(b"\n") != len(line) - 1:
        return None
    event = event_in(line)
    if not isinstance(event, RunFinished) or event.screen is None:
        return None
    stands_at = event.screen.begins_at
    known = stands_at == before or (
        stands_at % _GZIP_COUNTS_TO == before and compressed.is_compressed(descriptor)
    )
    return event if known else None


def _last_line(descriptor: int) -> tuple[bytes, int] | None:
    """Return the last line of a plain journal and where it begins; None if it is torn or long."""
    end = os.fstat(descriptor).st_size
    for size in _BLOCKS:
        start = max(0, end - size)
        block = os.pread(descriptor, end - start, start)
        if not block.endswith(b"\n"):
            return None
        if (at := block.rfind(b"\n", 0, -1)) >= 0:
            return block[at + 1 :], start + at + 1
    return None
