"""The speed of the working directory's file system: a few timed metadata operations."""

import os
import secrets
import time
from pathlib import Path
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.journal.trusted_paths import open_folder

_ROUNDS: Final = 5
_LONGEST_S: Final = 1.0


class Latency(NamedTuple):
    """Median seconds of each operation."""

    create_s: float
    stat_s: float
    remove_s: float


def measure(workdir: Path, subfolder: Path) -> Latency | None:
    """Return the median seconds to create, stat and remove an empty file in a working directory.

    Takes a second at most. The file has a name that nobody can have taken. None if none can be made
    in *subfolder* of *workdir*.
    """
    try:
        folder = open_folder(workdir, subfolder)
    except OSError:
        return None
    try:
        return _measured(folder, f"latency-{secrets.token_hex(8)}")
    except OSError:
        return None
    finally:
        os.close(folder)


def _measured(folder: int, name: str) -> Latency:
    took: tuple[list[float], ...] = ([], [], [])
    begun = time.perf_counter()
    while len(took[-1]) < _ROUNDS and time.perf_counter() - begun < _LONGEST_S:
        moments = [time.perf_counter()]
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        os.close(os.open(name, flags, 0o600, dir_fd=folder))
        moments.append(time.perf_counter())
        os.stat(name, dir_fd=folder, follow_symlinks=False)
        moments.append(time.perf_counter())
        os.unlink(name, dir_fd=folder)
        moments.append(time.perf_counter())
        for lengths, start, end in zip(took, moments, moments[1:], strict=False):
            lengths.append(end - start)
    return Latency(*(round(_median(lengths), 6) for lengths in took))


def _median(lengths: list[float]) -> float:
    """Return the median, without a module that takes longer to load than all is to take here."""
    ordered, middle = sorted(lengths), len(lengths) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
