"""Parts of a journal, without reading the rest as events."""

import os
from collections.abc import Collection, Iterator
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal import compressed
from snakemake_logger_plugin_observe.journal.events import (
    RECORDED_LATER,
    SCHEMA_VERSION,
    AttemptSubmitted,
    OutputsRecorded,
    Provenance,
    RunFinished,
    RunStarted,
)
from snakemake_logger_plugin_observe.journal.lines import (
    BYTE_ORDER_MARK,
    JournalError,
    all_lines,
    event_in,
    kind_of,
    loaded,
    next_line,
    opened,
    unreadable,
    why_the_end,
)
from snakemake_logger_plugin_observe.journal.reading import Problem

_RUN_FINISHED: Final = b'\n{"event":"run_finished"'
_OUTPUTS: Final = b'{"event":"outputs"'
_SUBMITTED: Final = b'{"event":"attempt_submitted"'
_PROVENANCE: Final = b'{"event":"provenance"'
_HEAD: Final = 64
"""It is looked up in the background, so it may not be among a journal's first lines."""
_MOST_KEPT: Final = 4000
_FIRST_BLOCK: Final = 32 * 1024
"""The end of a run is nearly always in it, and a folder may have thousands of journals."""
_BLOCK: Final = 1024 * 1024
_LAST_BLOCKS: Final = tuple(1024 * 1024 * size // 64 for size in (1, 16, 256, 4096))
"""So much of a journal's end is read until a whole line is in it."""


def is_journal(path: Path) -> bool:
    """Return whether *path* begins as a run's journal does."""
    try:
        with opened(path) as file:
            line = next_line(file).removeprefix(BYTE_ORDER_MARK)
            return kind_of(line) == "run_started"
    except (JournalError, OSError, ValueError):
        return False


def read_ends(path: Path) -> tuple[RunStarted, RunFinished | None] | None:
    """Return a journal's first event and its ``run_finished``, without reading what is between.

    None if the file is not a readable journal. A command asks this of every journal of a folder,
    some more than once, so what is known of a file is kept until the file changes.
    """
    try:
        now = os.stat(path)
    except OSError:
        return None
    return _ends(path, now.st_ino, now.st_size, now.st_mtime_ns)


@lru_cache(maxsize=_MOST_KEPT)
def _ends(path: Path, *_state: int) -> tuple[RunStarted, RunFinished | None] | None:
    try:
        with opened(path) as file:
            first = event_in(next_line(file).removeprefix(BYTE_ORDER_MARK))
            if not isinstance(first, RunStarted) or first.schema_version > SCHEMA_VERSION:
                return None
            line = _line_of_end(file)
            last = event_in(line) if line is not None else None
    except (JournalError, OSError, ValueError):
        return None
    return first, last if isinstance(last, RunFinished) else None


def _line_of_end(file: IO[bytes]) -> bytes | None:
    """Return the last ``run_finished`` of a journal whose first line was just read, or None."""
    if not compressed.is_compressed(file.fileno()):
        at = last_at(file, _RUN_FINISHED)
        if at is None:
            return None
        file.seek(at + 1)
        return next_line(file)
    begins = _RUN_FINISHED[1:]
    found = compressed.line_of_end(file.fileno(), begins)
    if found is None:  # it was compressed by another program, or the run has no end
        for line in all_lines(file):
            found = line if line.startswith(begins) else found
    return found


def provenance_of(path: Path) -> Provenance | None:
    """Return where a workflow's text came from; None if that is not at the beginning of *path*."""
    try:
        with opened(path) as file:
            for _ in range(_HEAD):
                line = next_line(file)
                if line.startswith(_PROVENANCE) and isinstance(one := event_in(line), Provenance):
                    return one
    except (JournalError, OSError, ValueError):
        pass
    return None


def snakefile_digest(path: Path) -> str | None:
    """Return the SHA-256 of the Snakefile that a journal begins with; None if it has none there."""
    known = provenance_of(path)
    return known.snakefile_sha256 if known is not None else None


def read_outputs(path: Path) -> Iterator[OutputsRecorded]:
    """Yield what jobs made, if it was recorded, and nothing else of the journal at *path*.

    Raises:
        JournalError: if the file cannot be read.

    """
    try:
        with opened(path) as file:
            while line := next_line(file):
                if why_the_end(line) is not None:
                    return
                if line.startswith(_OUTPUTS):
                    event = event_in(line)
                    if isinstance(event, OutputsRecorded):
                        yield event
    except OSError as error:
        raise unreadable(path, error) from error


def last_moment(path: Path) -> Micros:
    """Return the latest moment of a run that has no end, by the last lines of its journal.

    0 if there is none: a journal that is compressed is not written to any more.
    """
    try:
        now = os.stat(path)
        return _last_moment(path, now.st_ino, now.st_size, now.st_mtime_ns)
    except (JournalError, OSError):
        return 0


@lru_cache(maxsize=_MOST_KEPT)
def _last_moment(path: Path, *_state: int) -> Micros:
    with opened(path) as file:
        if compressed.is_compressed(file.fileno()):
            return 0
        end = os.fstat(file.fileno()).st_size
        for size in _LAST_BLOCKS:
            start = max(0, end - size)
            lines = os.pread(file.fileno(), end - start, start).split(b"\n")[:-1]
            events = filter(None, map(event_in, lines if start == 0 else lines[1:]))
            moments = [one.time for one in events if one.event not in RECORDED_LATER]
            if moments:
                return max(moments)
            if start == 0:
                break
    return 0


def content_size(path: Path) -> int:
    """Return how many bytes a journal has, unpacked if need be; 0 if it cannot be read whole."""
    try:
        with opened(path) as file:
            if not compressed.is_compressed(file.fileno()):
                return os.fstat(file.fileno()).st_size
            return sum(map(len, compressed.blocks(file)))
    except (JournalError, OSError):
        return 0


def contains(path: Path, text: bytes) -> bool:
    """Return whether a line of a journal begins with *text*; False if it cannot be read."""
    try:
        with opened(path) as file:
            while line := next_line(file):
                if line.startswith(text):
                    return True
                if why_the_end(line) is not None:
                    return False
    except (JournalError, OSError):
        return False
    return False


def lines_at(path: Path, numbers: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the JSON objects of the lines with these *numbers*, as written.

    Raises:
        JournalError: if the file cannot be read.

    """
    wanted, last = frozenset(numbers), max(numbers, default=0)
    try:
        with opened(path) as file:
            numbered = zip(range(1, last + 1), all_lines(file), strict=False)
            return {
                n: loaded(line.removeprefix(BYTE_ORDER_MARK) if n == 1 else line)
                for n, line in numbered
                if n in wanted
            }
    except OSError as error:
        raise unreadable(path, error) from error


def repeated_lines(path: Path) -> Iterator[Problem]:
    """Yield the lines of a journal that are the same as an earlier one: none is written twice.

    Raises:
        JournalError: if the file cannot be read.

    """
    first: dict[bytes, int] = {}
    try:
        with opened(path) as file:
            for number, line in enumerate(all_lines(file), 1):
                if line.strip():
                    digest = blake2b(line.strip(), digest_size=16).digest()
                    before = first.setdefault(digest, number)
                    if before != number:
                        yield Problem(number, f"the same as line {before}")
    except OSError as error:
        raise unreadable(path, error) from error


def start_of_end(descriptor: int) -> int:
    """Return where the ``run_finished`` of a plain journal begins; its size if it has none."""
    with os.fdopen(os.dup(descriptor), "rb") as file:
        at = last_at(file, _RUN_FINISHED)
    return os.fstat(descriptor).st_size if at is None else at + 1


def fragment_folders(path: Path) -> set[str]:
    """Return the folders of fragments that a journal names: those of the run's attempts.

    Raises:
        JournalError: if it cannot be read.

    """
    found: set[str] = set()
    try:
        with opened(path) as file:
            for line in all_lines(file):
                if line.startswith(_SUBMITTED) and isinstance(
                    one := event_in(line), AttemptSubmitted
                ):
                    found |= {name.partition("/")[0] for name in one.fragments}
    except OSError as error:
        raise unreadable(path, error) from error
    return found


def last_at(file: IO[bytes], text: bytes) -> int | None:
    """Return where *text* is for the last time; None if it is not behind the last NUL byte."""
    end = file.seek(0, os.SEEK_END)
    behind = b""
    block_size = _FIRST_BLOCK
    while end > 0:
        start = max(0, end - block_size)
        block_size = _BLOCK
        block = os.pread(file.fileno(), end - start, start)
        _, nul, block = block.rpartition(b"\0")
        if (at := (block + behind).rfind(text)) >= 0:
            return end - len(block) + at
        if nul or not block:
            return None
        end, behind = start, block[: len(text) - 1]
    return None
