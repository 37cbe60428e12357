"""The memory of tools, sampled while they run: of all their processes at once.

The kernel reports the peak of a tool's largest process, and of one that is smaller than Snakemake
only Snakemake's size, from which it counts. Each process's own high-water mark is in ``/proc`` as
long as it lives, so the largest sample is a lower bound of that peak; and only samples show what
several processes held at one time, which a limit counts together. A thread of ours takes them,
often at first, then after each quarter of the time that a tool has run; it waits a while for the
next tool, for to start a thread costs more than to wake one.
"""

import _thread
import os
import time
from collections.abc import Iterator
from typing import Final, NamedTuple

_FIRST_S: Final = 0.05
_SHORTEST_S, _LONGEST_S = 0.02, 5.0
_SLEEP_S: Final = 0.1
_IDLE_S: Final = 5.0
"""How long the thread waits for a tool while none runs."""
_MOST_PROCESSES: Final = 64
_FIELDS: Final = frozenset({"PPid", "VmHWM", "VmRSS", "RssAnon", "RssFile", "RssShmem"})
_LAST_FIELD: Final = "RssShmem"
_HOLDS: Final = 10_000_000
"""A process that holds less memory than this is none that counts: a shell, a pipe's end."""


class Sampled(NamedTuple):
    """What the samples of a process and its descendants showed, in bytes; 0 without a sample."""

    peak: int = 0
    """The largest high-water mark of one of them."""
    together: int = 0
    """The most that they held at one time, pages that they share counted once."""
    at_once: int = 0
    """The most of them that held memory of their own at one time."""
    samples: int = 0


class Memory(NamedTuple):
    """The memory of a process, in bytes."""

    mark: int
    """Its high-water mark."""
    own: int
    """What it holds now for itself."""
    shared: int
    """What it holds now of files, and with others."""


class _Watched:
    """A process whose tree is sampled."""

    __slots__ = ("begun", "due", "found")

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.due = self.begun + _FIRST_S
        self.found = Sampled()


class MemorySamples:
    """Samples the processes that it is asked to watch; without any, its thread ends in the end."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._watched: dict[int, _Watched] = {}
        self._lock = _thread.allocate_lock()
        self._runs = False
        self._idle = False
        self._wanted = _thread.allocate_lock()
        """Released when the idle thread is wanted."""
        self._wanted.acquire()

    def watch(self, pid: int) -> None:
        """Sample a process of ours, and its descendants, from now on."""
        with self._lock:
            self._watched[pid] = _Watched()
            if self._idle:
                self._idle = False
                self._wanted.release()
            if self._runs:
                return
            self._runs = True
        try:
            _thread.start_new_thread(self._run, ())
        except RuntimeError:  # no more threads: there are no samples
            with self._lock:
                self._runs = False

    def forget(self, pid: int) -> Sampled:
        """Return what was seen of a process and its descendants."""
        with self._lock:
            watched = self._watched.pop(pid, None)
        return watched.found if watched is not None else Sampled()

    def _run(self) -> None:
        while True:
            with self._lock:
                watched = list(self._watched.items())
                self._idle = not watched
            if not watched:
                if self._is_wanted_again():
                    continue
                return
            now = time.monotonic()
            for pid, one in watched:
                if one.due <= now:
                    self._sample(pid, one, now)
            due = min(one.due for _, one in watched)
            time.sleep(min(max(due - time.monotonic(), _SHORTEST_S), _SLEEP_S))

    def _is_wanted_again(self) -> bool:
        """Wait for the next tool; return False if the thread is to end."""
        if self._wanted.acquire(timeout=_IDLE_S):
            return True
        with self._lock:
            if self._idle:
                self._idle = self._runs = False
                return False
        return self._wanted.acquire()  # it was released just now

    def _sample(self, pid: int, one: _Watched, now: float) -> None:
        held = list(memory_of_tree(pid))
        one.due = now + min(max((now - one.begun) / 4, _FIRST_S), _LONGEST_S)
        if any(each.mark for each in held):
            before = one.found
            one.found = Sampled(
                peak=max(before.peak, *(each.mark for each in held)),
                together=max(
                    before.together,
                    sum(each.own for each in held) + max(each.shared for each in held),
                ),
                at_once=max(before.at_once, sum(1 for each in held if each.own >= _HOLDS)),
                samples=before.samples + 1,
            )


def memory_of_tree(pid: int, most: int = _MOST_PROCESSES) -> Iterator[Memory]:
    """Yield the memory of a process and its descendants."""
    processes = [(pid, os.getpid() if pid != os.getpid() else None)]
    for process, parent in processes:
        memory, its_parent = _status(process)
        if parent is not None and its_parent != parent:  # it has ended, and its number is reused
            continue
        yield memory
        if len(processes) < most:
            processes += [(child, process) for child in _children(process)]
            del processes[most:]


def _status(pid: int) -> tuple[Memory, int | None]:
    """Return a process's memory and its parent's id."""
    known: dict[str, int] = {}
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                name = line.partition(":")[0]
                if name in _FIELDS:
                    known[name] = int(line.split()[1])
                    if name == _LAST_FIELD:
                        break
    except (OSError, ValueError, IndexError):
        pass
    sizes = {name: size * 1024 for name, size in known.items()}
    own = sizes.get("RssAnon", sizes.get("VmRSS", 0))  # before Linux 4.5 there is but one figure
    shared = sizes.get("RssFile", 0) + sizes.get("RssShmem", 0)
    return Memory(sizes.get("VmHWM", 0), own, shared), known.get("PPid")


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
                found += map(int, file.read().split())
    except (OSError, ValueError):
        pass
    return found
