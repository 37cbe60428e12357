"""The speed of the working directory's file system: a few timed metadata operations."""

import os
import time
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

_ROUNDS: Final = 5
_LONGEST_S: Final = 1.0


class Latency(NamedTuple):
    """Median seconds of each operation."""

    create_s: float
    stat_s: float
    remove_s: float


def measure(folder: Path) -> Latency | None:
    """Return the median seconds to create, stat and remove an empty file in *folder*.

    Takes a second at most. None if no file can be made there.
    """
    took: tuple[list[float], ...] = ([], [], [])
    path = folder / f"latency-{os.getpid()}"
    begun = time.perf_counter()
    try:
        while len(took[-1]) < _ROUNDS and time.perf_counter() - begun < _LONGEST_S:
            moments = [time.perf_counter()]
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            os.close(os.open(path, flags, 0o600))
            moments.append(time.perf_counter())
            os.stat(path)
            moments.append(time.perf_counter())
            os.unlink(path)
            moments.append(time.perf_counter())
            for lengths, start, end in zip(took, moments, moments[1:], strict=False):
                lengths.append(end - start)
    except OSError:
        return None
    return Latency(*(round(median(lengths), 6) for lengths in took))
