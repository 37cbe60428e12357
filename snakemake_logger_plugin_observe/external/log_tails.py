"""The ends of log files: what a failed job wrote last, read before a retry overwrites it.

They are masked before lines are split or cut: half a secret is one, too.
"""

import os
import re
from collections.abc import Iterable, Mapping
from io import FileIO
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.journal.records import LogTail
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
_MOMENT: Final = re.compile(r"\[\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}\]")


def tails(
    paths: Iterable[str],
    workdir: Path,
    *,
    mask: Masker,
    last_written: clock.Micros | None = None,
    of_executor: bool = False,
    held: Mapping[str, FileIO] | None = None,
) -> tuple[LogTail, ...]:
    """Return the end of each log file at *paths*, or why it cannot be read.

    Args:
        paths: as the job names them, relative to *workdir*.
        workdir: the run's working directory.
        mask: masks the secrets in them.
        last_written: when the job ended, if its clock is the file system's: a file written later
            belongs to another attempt.
        of_executor: whether the files are logs of the executor, with the output of all processes of
            a job; then only the tool's last lines are returned, without Snakemake's own.
        held: files that may have been removed since they were opened, by their paths.

    """
    unique = list(dict.fromkeys(paths))[:_MOST_FILES]
    here = f"{workdir}{os.sep}"
    return tuple(
        _tail(
            path.removeprefix(here),
            workdir,
            path,
            mask,
            last_written=last_written,
            of_executor=of_executor,
            held=(held or {}).get(path),
        )
        for path in unique
    )


def numbered(name: str, folder: Path, path: str) -> LogTail:
    """Return the end of the file at *path* in *folder*, with the number of its first line.

    It is called *name* in the answer. For the reader, which can afford to count the lines of a long
    file (up to 256 MB). It knows no values to mask, only what secrets look like.
    """
    return _tail(name, folder, path, Masker(), numbering=True)


def _tail(
    name: str,
    folder: Path,
    path: str,
    mask: Masker,
    *,
    last_written: clock.Micros | None = None,
    of_executor: bool = False,
    numbering: bool = False,
    held: FileIO | None = None,
) -> LogTail:
    try:
        if held is not None:
            size, written, data, before = _end_of_open(held.fileno(), numbering)
        else:
            size, written, data, before = _end_of(folder, path, numbering)
    except FileNotFoundError:
        return LogTail(path=name, problem="it does not exist")
    except OSError as error:
        return LogTail(path=name, problem=error.strerror or str(error))
    if last_written is not None and clock.from_wall(written) > last_written:
        return LogTail(path=name, bytes=size, problem="another attempt has written to it since")
    if not size:
        return LogTail(path=name, bytes=0, problem="it is empty")
    if b"\0" in data:
        return LogTail(path=name, bytes=size, problem="it is not text")
    text = data.removesuffix(b"\n").decode("utf-8", "backslashreplace")
    complete = len(data) == size
    lines = _masked(text, mask).split("\n")
    first = 0 if complete or len(lines) == 1 else 1  # the first line may be cut
    if not complete and len(lines) == 1:  # so may be a secret at its begin
        lines = [lines[0][_LONGEST_SECRET:].partition(" ")[2] or lines[0][_LONGEST_SECRET:]]
    last = len(lines)
    if of_executor:
        first, last = _tool_output(lines, first)
        if first == last:
            return LogTail(path=name, bytes=size, problem="the tool printed nothing to it")
    first = max(first, last - _MOST_LINES)
    return LogTail(
        path=name,
        bytes=size,
        first_line=None if before is None else before + first + 1,
        lines=tuple(_as_shown(line) for line in lines[first:last]),
    )


def _tool_output(lines: list[str], first: int) -> tuple[int, int]:
    """Return the range of *lines* that the tool printed when it last ran."""
    begins = [n for n, line in enumerate(lines) if n >= first and _TOOL_BEGINS.match(line)]
    start = begins[-1] + 1 if begins else first
    ends = (n for n, line in enumerate(lines) if n >= start and _TOOL_FAILED.match(line))
    end = next(ends, len(lines))
    while end > start and (not lines[end - 1].strip() or _MOMENT.fullmatch(lines[end - 1])):
        end -= 1
    return start, end


def _end_of(
    folder: Path, path: str, numbering: bool
) -> tuple[int, clock.Micros, bytes, int | None]:
    """Return a file's size, when it was last written, its last bytes, and the lines before them.

    The lines are counted if *numbering*, and otherwise only known for a short file.

    Raises:
        OSError: if it cannot be read, is a link, or is not a regular file.

    """
    descriptor = open_file(folder, path)
    try:
        return _end_of_open(descriptor, numbering)
    finally:
        os.close(descriptor)


def _end_of_open(descriptor: int, numbering: bool) -> tuple[int, clock.Micros, bytes, int | None]:
    known = os.fstat(descriptor)
    start = max(0, known.st_size - _MOST_BYTES)
    data = os.pread(descriptor, _MOST_BYTES, start)
    counted = start == 0 or (numbering and start <= _MOST_COUNTED)
    before = _lines_before(descriptor, start) if counted else None
    return known.st_size, known.st_mtime_ns // 1000, data, before


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
