"""The speed of the working directory's file system: a few timed metadata operations."""

import os
import time
from pathlib import Path
from statistics import median
from typing import Final

_ROUNDS: Final = 5
_LONGEST_S: Final = 1.0


def measure(folder: Path) -> dict[str, float] | None:
    """Return the median seconds to create, stat and remove an empty file in *folder*.

    Takes a second at most. None if no file can be made there.
    """
    took: dict[str, list[float]] = {"create_s": [], "stat_s": [], "remove_s": []}
    path = folder / f"latency-{os.getpid()}"
    begun = time.perf_counter()
    try:
        while len(took["stat_s"]) < _ROUNDS and time.perf_counter() - begun < _LONGEST_S:
            moments = [time.perf_counter()]
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            os.close(os.open(path, flags, 0o600))
            moments.append(time.perf_counter())
            os.stat(path)
            moments.append(time.perf_counter())
            os.unlink(path)
            moments.append(time.perf_counter())
            for name, start, end in zip(took, moments, moments[1:], strict=False):
                took[name].append(end - start)
    except OSError:
        return None
    return {name: round(median(found), 6) for name, found in took.items()}
