"""The ends of log files: what a failed job wrote last, read before a retry overwrites it."""

from collections.abc import Iterable, Mapping
from io import FileIO
from pathlib import Path

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal.log_ends import (
    SeenFiles,
    log_ends,
    numbered_end,
    printed_end,
)
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.journal.records import LogTail


def tails(
    paths: Iterable[str],
    workdir: Path,
    *,
    mask: Masker,
    last_written: clock.Micros | None = None,
    first_written: clock.Micros | None = None,
    of_executor: bool = False,
    held: Mapping[str, FileIO] | None = None,
    seen: SeenFiles | None = None,
) -> tuple[LogTail, ...]:
    """Return the end of each log file at *paths*, or why it cannot be read.

    Args:
        paths: as the job names them, relative to *workdir*.
        workdir: the run's working directory.
        mask: masks the secrets in them.
        last_written: when the job ended, if its clock is the file system's: a file written later
            belongs to another attempt.
        first_written: when it began: a file that was last written before that, too.
        of_executor: whether the files are logs of the executor, with the output of all processes of
            a job; then only the tool's last lines are returned, without Snakemake's own.
        held: files that may have been removed since they were opened, by their paths.
        seen: the files that were read for earlier failures; one that has not changed since is not
            about this one. Those that are read now are added.

    """
    found = log_ends(
        paths,
        workdir,
        mask=mask,
        last_written=last_written,
        first_written=first_written,
        of_executor=of_executor,
        held=held,
        seen=seen,
    )
    return tuple(LogTail(**one._asdict()) for one in found)


def printed_tail(name: str, data: bytes, most: int, *, mask: Masker) -> LogTail:
    """Return the last *most* lines of what a tool printed, as the end of a log called *name*."""
    return LogTail(**printed_end(name, data, most, mask)._asdict())


def numbered(name: str, folder: Path, path: str) -> LogTail:
    """Return the end of the file at *path* in *folder*, with the number of its first line.

    It is called *name* in the answer. For the reader, which can afford to count the lines of a long
    file (up to 256 MB). It knows no values to mask, only what secrets look like.
    """
    return LogTail(**numbered_end(name, folder, path)._asdict())
