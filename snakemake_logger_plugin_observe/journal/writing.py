"""Journals are written here, and nowhere else: whole lines, masked."""

import errno
import fcntl
import os
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import Any, Final

import msgspec

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal import compressed
from snakemake_logger_plugin_observe.journal.events import Event
from snakemake_logger_plugin_observe.journal.folders import open_journals_folder
from snakemake_logger_plugin_observe.journal.lines import JournalError, opened, regular
from snakemake_logger_plugin_observe.journal.masked_events import masked, texts_of
from snakemake_logger_plugin_observe.journal.masking import Masker


class JournalWriter:
    """Appends whole lines to a new file, so that a killed process leaves no partial line."""

    def __init__(self, folder: Path, run_id: str, started: clock.Micros, mode: int) -> None:
        """Create ``<folder>/<UTC start>-<run id>.jsonl`` with the permissions *mode*.

        Raises:
            OSError: if the folder or the file cannot be created, or the file already exists.

        """
        stamp = clock.format_moment(started)[:19].replace("-", "").replace(":", "")
        self.path = folder / f"{stamp}-{run_id[:6]}.jsonl"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        folder_of_journals = open_journals_folder(folder, make=True)
        try:
            descriptor = os.open(self.path.name, flags, mode, dir_fd=folder_of_journals)
        finally:
            os.close(folder_of_journals)
        self._descriptor = _above_stderr(descriptor)
        os.fchmod(self._descriptor, mode)

    def write(self, line: bytes) -> None:
        """Append *line* (without its newline) in one write.

        Raises:
            OSError: if it could not be written completely; the written part is removed.

        """
        data = line + b"\n"
        written = os.write(self._descriptor, data)
        if written < len(data):
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def size(self) -> int:
        """Return how many bytes the file has."""
        return os.fstat(self._descriptor).st_size

    def still_there(self) -> bool:
        """Return whether the file still exists under its name."""
        try:
            return os.stat(self.path).st_ino == os.fstat(self._descriptor).st_ino
        except OSError:
            return False

    def remove_if_empty(self) -> None:
        """Remove the file if nothing was written to it, and it is still there."""
        if os.fstat(self._descriptor).st_size == 0 and self.still_there():
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _above_stderr(descriptor: int) -> int:
    """Return *descriptor*, moved if it has the number of a closed standard stream.

    Otherwise, output to that stream would end up in the file.
    """
    if descriptor > 2:
        return descriptor
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(descriptor)
    return moved


def to_line(event: Event, mask: Masker | None = None) -> bytes:
    """Return *event* as one JSON line, without its newline, masked.

    Fields that have their defaults are left out. Bytes that are not UTF-8 (in paths, mostly) are
    written as backslash escapes.
    """
    if event.line is not None:  # a line does not say its own number
        event = event.but(line=None)
    try:
        line = _ENCODER.encode(event)
    except UnicodeEncodeError:
        fields = msgspec.to_builtins(event, enc_hook=_plain_text)
        event = msgspec.convert(readable(fields), type(event))
        line = _ENCODER.encode(event)
    if mask is not None and mask.may_hold_a_secret(texts_of(event)):
        line = _ENCODER.encode(masked(type(event), msgspec.json.decode(line), mask))
    return line


def _plain_text(value: object) -> str:
    """Return a text of a type of its own, as Snakemake has them, as plain text.

    Raises:
        TypeError: for a value of any other type that JSON does not know.

    """
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"a journal does not hold values like {value!r}")


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_plain_text)


def readable(value: Any) -> Any:
    """Return *value* with what UTF-8 cannot represent as backslash escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {readable(key): readable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [readable(item) for item in value]
    return value


def append(path: Path, events: Sequence[Event]) -> None:
    """Append *events*, masked, to the journal at *path*; a torn last line is ended first.

    Raises:
        JournalError: if it could not be written completely; the written part is removed.

    """
    lines = b"".join(to_line(event, Masker()) + b"\n" for event in events)
    if not lines:
        return
    try:
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(regular(path, os.open(path, flags)), "r+b", buffering=0) as file:
            packed = compressed.is_compressed(file.fileno())
            last = _last_unpacked_byte(path) if packed else _last_byte(file)
            lines = lines if last in (b"", b"\n") else b"\n" + lines
            if packed:  # then it is one more gzip member
                lines = b"".join(compressed.members(iter([lines])))
            file.seek(0, os.SEEK_END)
            _append(file, lines)
    except OSError as error:
        is_link = error.errno == errno.ELOOP
        why = "a link; name the journal itself" if is_link else error.strerror or error
        raise JournalError(f"{path}: {why}") from error


def _last_byte(file: FileIO) -> bytes:
    """Return the last byte of *file*; none if it is empty."""
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), 1, size - 1) if size else b""


def _last_unpacked_byte(path: Path) -> bytes:
    """Return the last byte of what a compressed journal contains.

    Raises:
        JournalError: if it is damaged: what is appended to it could not be read.

    """
    last = b""
    with opened(path) as whole:
        for block in compressed.blocks(whole):
            last = block[-1:]
    return last


def _append(file: FileIO, data: bytes) -> None:
    """Write *data* at the end of *file*, its current position.

    Raises:
        OSError: if it could not be written completely; the written part is removed.

    """
    end = file.tell()
    if file.write(data) < len(data):
        file.truncate(end)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
