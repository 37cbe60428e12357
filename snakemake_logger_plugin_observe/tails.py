"""The ends of log files: what a failed job wrote last, read before its next attempt writes anew."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.events import LogTail

_MOST_BYTES: Final = 16 * 1024
_MOST_LINES: Final = 20
_MOST_IN_A_LINE: Final = 500
_MOST_FILES: Final = 8


def tails(
    paths: Iterable[str], workdir: Path, *, last_written: Micros | None = None
) -> tuple[LogTail, ...]:
    """Return the end of each of the log files at *paths*; what cannot be read says why.

    Args:
        paths: as the job names them, relative to *workdir*.
        workdir: the run's working directory.
        last_written: when the job had ended, if its clock is that of the file system: a file that
            was written later is another attempt's.

    """
    once = list(dict.fromkeys(paths))[:_MOST_FILES]
    return tuple(_tail(path, workdir / path, last_written) for path in once)


def _tail(name: str, path: Path, last_written: Micros | None) -> LogTail:
    try:
        size, written, data = _end_of(path)
    except FileNotFoundError:
        return LogTail(path=name, problem="it is not there")
    except OSError as error:
        return LogTail(path=name, problem=error.strerror or str(error))
    if last_written is not None and written > last_written:
        return LogTail(path=name, bytes=size, problem="another attempt had written to it already")
    if not size:
        return LogTail(path=name, bytes=0, problem="it is empty")
    if b"\0" in data:
        return LogTail(path=name, bytes=size, problem="it is no text")
    lines = data.removesuffix(b"\n").split(b"\n")
    skipped = max(0, len(lines) - _MOST_LINES)
    whole = len(data) == size
    if not whole and not skipped and len(lines) > 1:
        skipped = 1  # the first one is cut
    return LogTail(
        path=name,
        bytes=size,
        first_line=skipped + 1 if whole else None,
        lines=tuple(_as_shown(line) for line in lines[skipped:]),
    )


def _end_of(path: Path) -> tuple[int, Micros, bytes]:
    """Return a file's size, when it was last written, and its last bytes.

    Raises:
        OSError: if it cannot be read, or is no plain file; a pipe is not waited for.

    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        known = os.fstat(descriptor)
        if not stat.S_ISREG(known.st_mode):
            raise OSError("it is no plain file")
        start = max(0, known.st_size - _MOST_BYTES)
        return known.st_size, known.st_mtime_ns // 1000, os.pread(descriptor, _MOST_BYTES, start)
    finally:
        os.close(descriptor)


def _as_shown(line: bytes) -> str:
    """Return *line* as a terminal would leave it: a progress bar's last state, cut if long."""
    shown = line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "backslashreplace")
    return shown if len(shown) <= _MOST_IN_A_LINE else shown[:_MOST_IN_A_LINE] + "…"
