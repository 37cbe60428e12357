"""The lines of a journal as they are on disk, torn or hostile ones included."""

import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from snakemake_logger_plugin_observe.console import UserError
from snakemake_logger_plugin_observe.journal import compressed
from snakemake_logger_plugin_observe.journal.events import AnyEvent, decoder

_UNREADABLE: Final = (
    "; its owner can let you read it (chmod), and later ones with --logger-observe-mode 0640"
)
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"  # an editor may put it before the first line
_LINE_LIMIT: Final = 64 * 1024 * 1024
# A file may be nearly all hole: a few bytes on disk, terabytes of NUL to read. No line of a journal
# has a NUL, and after a crash only few bytes are.
_SHORT_LINE: Final = 64 * 1024


class JournalError(UserError):
    """A journal that cannot be used; its text is one line with file and line number."""


def unreadable(path: Path, error: OSError) -> JournalError:
    """Return the error of a journal, or a folder of them, that cannot be read."""
    hint = _UNREADABLE if isinstance(error, PermissionError) else ""
    return JournalError(f"{path}: {error.strerror or error}{hint}")


def opened(path: Path) -> IO[bytes]:
    """Open a journal for reading, without waiting for a pipe in its place.

    One that is compressed is read as what it contains; a JournalError is raised where it is
    damaged.

    Raises:
        JournalError: if it is not a regular file.
        OSError: if it cannot be opened.

    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = regular(path, os.open(path, flags))
    if not compressed.is_compressed(descriptor):
        return open(descriptor, "rb")
    return compressed.unpacked(open(descriptor, "rb"), partial(_damaged, path))


def _damaged(path: Path, why: str) -> JournalError:
    """Return the error of a compressed journal: what is left of it would look like a killed run."""
    return JournalError(f"{path}: {why}: nothing is read from it; copy it again, or remove it")


def regular(path: Path, descriptor: int) -> int:
    """Return *descriptor* if it is that of a regular file."""
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise JournalError(f"{path}: not a journal: it is not a regular file")


def next_line(file: IO[bytes]) -> bytes:
    """Return the next line, or what could be the beginning of one; empty at the end."""
    line = file.readline(_SHORT_LINE)
    if len(line) < _SHORT_LINE or line.endswith(b"\n") or b"\0" in line:
        return line
    return line + file.readline(_LINE_LIMIT - _SHORT_LINE)


def why_the_end(line: bytes) -> str | None:
    """Return why a file is not read from this *line* on, or None if it goes on behind it."""
    if len(line) >= _SHORT_LINE and b"\0" in line:
        return "NUL bytes instead of text: read up to here"
    if line.endswith(b"\n"):
        return None
    if len(line) >= _LINE_LIMIT:
        return "too long for a journal line: read up to here"
    return "torn line: the writer was cut off here"


def all_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines that a reading of the journal reads, and the one that ends it."""
    while line := next_line(file):
        yield line
        if why_the_end(line) is not None:
            return


def loaded(line: bytes) -> dict[str, Any]:
    """Return the JSON object of *line*, or an empty one."""
    try:
        loaded = msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def kind_of(line: bytes) -> str | None:
    """Return which event a line is, known or not; None if it is none."""
    kind = loaded(line).get("event")
    return kind if isinstance(kind, str) else None


def event_in(line: bytes) -> AnyEvent | None:
    """Return the event of a line; None if it is none that is known."""
    try:
        return decoder().decode(line)
    except (ValueError, RecursionError, OverflowError):
        return None
