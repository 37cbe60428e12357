"""The ends of log files as plain values: read, masked, split into lines.

Standard library only, for a process on a node reads them as well. They are masked before lines are
split or cut: half a secret is one, too.
"""

import os
import re
from collections.abc import Iterable, Mapping
from io import FileIO
from pathlib import Path
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal.error_lines import last_error, without_colours
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.journal.trusted_paths import open_file

_MOST_BYTES: Final = 16 * 1024
_LONGEST_SECRET: Final = 4 * 1024
_MOST_LINES: Final = 20
_MOST_IN_A_LINE: Final = 500
_MOST_FILES: Final = 8
_MOST_COUNTED: Final = 256 * 1024 * 1024
_BLOCK: Final = 1024 * 1024
# What Snakemake prints right before a tool starts, and right after it failed.
_TOOL_BEGINS: Final = re.compile(r"    (?:resources|reason): ")
_TOOL_FAILED: Final = re.compile(r"RuleException:|Error in (?:rule|group) |Shutting down, this")
_TICK: Final = 10_000
"""A file system's times are those of the kernel's last tick: up to 10 ms old, in microseconds."""
_SINCE: Final = "another attempt has written to it since"
_BEFORE: Final = "it was last written before this attempt began"
_UNCHANGED: Final = "nothing was written to it since an earlier failure"
_MOMENT: Final = re.compile(r"\[\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}\]")


SeenFiles = dict[str, tuple[int, ...]]
"""The state in which log files were read, by their paths."""


class LogEnd(NamedTuple):
    """The fields of a ``LogTail``."""

    path: str
    bytes: int | None = None
    first_line: int | None = None
    lines: tuple[str, ...] = ()
    problem: str | None = None
    earlier_error: str | None = None
    earlier_error_line: int | None = None


class _End(NamedTuple):
    """The end of a file."""

    size: int
    written: clock.Micros
    """When it was last written, by its file system's clock."""
    data: bytes
    before: int | None
    """How many lines are before it; None if they were not counted."""
    state: tuple[int, ...]
    """What changes whenever somebody writes to the file, or replaces it."""


def log_ends(
    paths: Iterable[str],
    workdir: Path,
    *,
    mask: Masker,
    last_written: clock.Micros | None = None,
    first_written: clock.Micros | None = None,
    of_executor: bool = False,
    held: Mapping[str, FileIO] | None = None,
    seen: SeenFiles | None = None,
) -> tuple[LogEnd, ...]:
    """Return the end of each log file at *paths*, or why it cannot be read; see ``log_tails``."""
    unique = list(dict.fromkeys(paths))[:_MOST_FILES]
    here = f"{workdir}{os.sep}"
    return tuple(
        _tail(
            path.removeprefix(here),
            workdir,
            path,
            mask,
            last_written=last_written,
            first_written=first_written,
            of_executor=of_executor,
            held=(held or {}).get(path),
            seen=seen,
        )
        for path in unique
    )


def numbered_end(name: str, folder: Path, path: str) -> LogEnd:
    """Return the end of one file, with the number of its first line."""
    return _tail(name, folder, path, Masker(), numbering=True)


def printed_end(name: str, data: bytes, most: int, mask: Masker) -> LogEnd:
    """Return the last *most* lines of what a tool printed, as the end of a log called *name*.

    *data* may begin in the middle of a line, and of a secret; then that line is left out.
    """
    text = without_colours(data.decode("utf-8", "backslashreplace"))
    lines = _masked(text.rstrip(), mask).split("\n")
    if len(data) >= most * _MOST_IN_A_LINE:
        lines = lines[1:]
    if not any(line.strip() for line in lines):
        return LogEnd(path=name, problem="the tool printed nothing to it")
    return LogEnd(path=name, lines=tuple(_as_shown(line) for line in lines[-most:]))


def _tail(
    name: str,
    folder: Path,
    path: str,
    mask: Masker,
    *,
    last_written: clock.Micros | None = None,
    first_written: clock.Micros | None = None,
    of_executor: bool = False,
    numbering: bool = False,
    held: FileIO | None = None,
    seen: SeenFiles | None = None,
) -> LogEnd:
    try:
        if held is not None:
            end = _end_of_open(held.fileno(), numbering)
        else:
            end = _end_of(folder, path, numbering)
    except FileNotFoundError:
        return LogEnd(path=name, problem="it does not exist")
    except OSError as error:
        return LogEnd(path=name, problem=error.strerror or str(error))
    size, data, before = end.size, end.data, end.before
    if problem := _of_another(end, path, last_written, first_written, seen):
        return LogEnd(path=name, bytes=size, problem=problem)
    if not size:
        return LogEnd(path=name, bytes=0, problem="it is empty")
    if b"\0" in data:
        return LogEnd(path=name, bytes=size, problem="it is not text")
    text = without_colours(data.removesuffix(b"\n").decode("utf-8", "backslashreplace"))
    complete = len(data) == size
    lines = _masked(text, mask).split("\n")
    first = 0 if complete or len(lines) == 1 else 1  # the first line may be cut
    if not complete and len(lines) == 1:  # so may be a secret at its begin
        lines = [lines[0][_LONGEST_SECRET:].partition(" ")[2] or lines[0][_LONGEST_SECRET:]]
    last = len(lines)
    if of_executor:
        first, last = _tool_output(lines, first)
        if first == last:
            return LogEnd(path=name, bytes=size, problem="the tool printed nothing to it")
    begin, first = first, max(first, last - _MOST_LINES)
    shown = tuple(_as_shown(line) for line in lines[first:last])
    earlier = [] if last_error(shown) is not None else list(map(_as_shown, lines[begin:first]))
    found = last_error(earlier)
    at = None if found is None else begin + found
    return LogEnd(
        path=name,
        bytes=size,
        first_line=None if before is None else before + first + 1,
        lines=shown,
        earlier_error=None if at is None else _as_shown(lines[at]),
        earlier_error_line=None if at is None or before is None else before + at + 1,
    )


def _of_another(
    end: _End,
    path: str,
    last_written: clock.Micros | None,
    first_written: clock.Micros | None,
    seen: SeenFiles | None,
) -> str | None:
    """Return why the file at *path* is about another failure, None if it is about this one."""
    written = clock.from_wall(end.written)
    if last_written is not None and written > last_written:
        return _SINCE
    if first_written is not None and written + _TICK < first_written:
        return _BEFORE
    if seen is not None and seen.get(path) == end.state:
        return _UNCHANGED
    if seen is not None:
        seen[path] = end.state
    return None


def _tool_output(lines: list[str], first: int) -> tuple[int, int]:
    """Return the range of *lines* that the tool printed when it last ran."""
    begins = [n for n, line in enumerate(lines) if n >= first and _TOOL_BEGINS.match(line)]
    start = begins[-1] + 1 if begins else first
    ends = (n for n, line in enumerate(lines) if n >= start and _TOOL_FAILED.match(line))
    end = next(ends, len(lines))
    while end > start and (not lines[end - 1].strip() or _MOMENT.fullmatch(lines[end - 1])):
        end -= 1
    return start, end


def _end_of(folder: Path, path: str, numbering: bool) -> _End:
    """Return the end of a file.

    The lines before it are counted if *numbering*, and otherwise only known for a short file.

    Raises:
        OSError: if it cannot be read, is a link, or is not a regular file.

    """
    descriptor = open_file(folder, path)
    try:
        return _end_of_open(descriptor, numbering)
    finally:
        os.close(descriptor)


def _end_of_open(descriptor: int, numbering: bool) -> _End:
    known = os.fstat(descriptor)
    start = max(0, known.st_size - _MOST_BYTES)
    data = os.pread(descriptor, _MOST_BYTES, start)
    counted = start == 0 or (numbering and start <= _MOST_COUNTED)
    before = _lines_before(descriptor, start) if counted else None
    state = (known.st_dev, known.st_ino, known.st_size, known.st_mtime_ns, known.st_ctime_ns)
    return _End(known.st_size, known.st_mtime_ns // 1000, data, before, state)


def _lines_before(descriptor: int, end: int) -> int:
    """Return how many lines end in a file's first *end* bytes."""
    return sum(
        os.pread(descriptor, min(_BLOCK, end - at), at).count(b"\n") for at in range(0, end, _BLOCK)
    )


def _masked(text: str, mask: Masker) -> str:
    if not mask.may_hold_a_secret(text):
        return text
    return mask.text(text, keep_lines=True)


def _as_shown(line: str) -> str:
    """Return *line* as a terminal shows it: a progress bar's last state, cut if long."""
    shown = line.rstrip("\r").rpartition("\r")[2]
    return shown if len(shown) <= _MOST_IN_A_LINE else shown[:_MOST_IN_A_LINE] + "…"
