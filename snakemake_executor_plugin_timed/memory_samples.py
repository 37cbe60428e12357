"""The memory of tools that are smaller than Snakemake, sampled while they run.

Of such a tool the kernel reports the size of Snakemake, from which it counts: an upper bound. Each
process's own high-water mark is in ``/proc`` as long as it lives, so the last sample is a lower
bound. A thread of ours reads it, often at first, then after each quarter of the time that a tool
has run, until the tool is seen to be larger than Snakemake.
"""

import _thread
import os
import time
from collections.abc import Iterator
from typing import Final

_FIRST_S: Final = 0.05
_SHORTEST_S, _LONGEST_S = 0.02, 5.0
_SLEEP_S: Final = 0.1
_MOST_PROCESSES: Final = 64


class _Watched:
    """A process whose tree is sampled."""

    __slots__ = ("begun", "due", "peak")

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.due = self.begun + _FIRST_S
        self.peak = 0


class MemorySamples:
    """Samples the processes that it is asked to watch; its thread ends while there are none."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._watched: dict[int, _Watched] = {}
        self._lock = _thread.allocate_lock()
        self._runs = False

    def watch(self, pid: int) -> None:
        """Sample a process of ours, and its descendants, from now on."""
        with self._lock:
            self._watched[pid] = _Watched()
            if self._runs:
                return
            self._runs = True
        try:
            _thread.start_new_thread(self._run, ())
        except RuntimeError:  # no more threads: there are no samples
            with self._lock:
                self._runs = False

    def forget(self, pid: int) -> int:
        """Return the largest high-water mark that was seen, in bytes: 0 if there was no sample."""
        with self._lock:
            watched = self._watched.pop(pid, None)
        return watched.peak if watched is not None else 0

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._watched:
                    self._runs = False
                    return
                watched = list(self._watched.items())
            now = time.monotonic()
            for pid, one in watched:
                if one.due <= now:
                    self._sample(pid, one, now)
            due = min(one.due for _, one in watched)
            time.sleep(min(max(due - time.monotonic(), _SHORTEST_S), _SLEEP_S))

    def _sample(self, pid: int, one: _Watched, now: float) -> None:
        one.peak = max((one.peak, *high_water_marks(pid)))
        if one.peak > next(high_water_marks(os.getpid(), most=1), 0):
            one.due = float("inf")  # the kernel's own figure is exact
        else:
            one.due = now + min(max((now - one.begun) / 4, _FIRST_S), _LONGEST_S)


def high_water_marks(pid: int, most: int = _MOST_PROCESSES) -> Iterator[int]:
    """Yield the high-water marks of a process and its descendants, in bytes; 0 if it has none."""
    processes = [(pid, os.getpid() if pid != os.getpid() else None)]
    for process, parent in processes:
        mark, its_parent = _status(process)
        if parent is not None and its_parent != parent:  # it has ended, and its number is reused
            continue
        yield mark
        if len(processes) < most:
            processes += [(child, process) for child in _children(process)]
            del processes[most:]


def _status(pid: int) -> tuple[int, int | None]:
    """Return a process's high-water mark and its parent's id."""
    mark, parent = 0, None
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("PPid:"):
                    parent = int(line.split()[1])
                elif line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024, parent
    except (OSError, ValueError, IndexError):
        pass
    return mark, parent


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
                found += map(int, file.read().split())
    except (OSError, ValueError):
        pass
    return found
