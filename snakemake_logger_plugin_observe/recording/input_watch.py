"""Which input files are changed while a job goes on: looked at as it begins, and as it ends.

Both looks are on a thread of its own, so a file system that hangs holds up nothing else. Jobs of a
moment are not looked at: most changes meet long jobs, and many short ones would cost most.
"""

import os
import queue
import stat
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal.records import ChangedInput
from snakemake_logger_plugin_observe.recording.background import in_background

_LONG_ENOUGH_S: Final = 0.3
_MOST_FILES: Final = 100

Receiver = Callable[[int, int, clock.Micros, clock.Micros, tuple[ChangedInput, ...]], None]
"""Takes a job's id, the number of its attempt, when its inputs were looked at first and last, and
what was changed in between."""


class _State(NamedTuple):
    """What shows that a file is another, or was written to."""

    inode: int
    bytes: int
    modified_ns: int


class _Begun(Struct, frozen=True):
    job_id: int
    paths: tuple[str, ...]
    due: float


class _Ended(Struct, frozen=True):
    job_id: int
    attempt: int
    wanted: bool
    """Whether it is of interest if its inputs were changed."""


class _Seen(Struct, frozen=True):
    moment: clock.Micros
    states: dict[str, _State]


class InputWatch:
    """Looks at the inputs of one run's jobs; its thread begins with the first job."""

    def __init__(
        self, workdir: Path, receiver: Receiver, *, long_enough_s: float = _LONG_ENOUGH_S
    ) -> None:
        """Look at files in *workdir* that are inputs of jobs which take *long_enough_s* or more.

        Whenever some were changed, *receiver* is called on the thread.
        """
        self._workdir = workdir
        self._receiver = receiver
        self._long_enough_s = long_enough_s
        self._queue: queue.SimpleQueue[_Begun | _Ended | None] = queue.SimpleQueue()
        self._started: bool | None = None
        self._done = threading.Event()
        # By job id; used on the thread alone. What begins comes last, so they are in due order.
        self._expected: dict[int, _Begun] = {}
        self._seen: dict[int, _Seen] = {}

    def begin(self, job_id: int, paths: Iterable[str]) -> None:
        """Look at the files at *paths* as soon as the job has gone on long enough."""
        first = tuple(dict.fromkeys(paths))[:_MOST_FILES]
        if not first:
            return
        if self._started is None:
            self._started = in_background(self._work, "observe-inputs")
        if self._started:
            self._queue.put(_Begun(job_id, first, time.monotonic() + self._long_enough_s))

    def end(self, job_id: int, attempt: int, *, wanted: bool) -> None:
        """Look at the job's files again, if it is *wanted* to know whether they were changed."""
        if self._started:
            self._queue.put(_Ended(job_id, attempt, wanted))

    def finish(self, patience_s: float) -> None:
        """Wait until all that ended were looked at, for *patience_s* seconds at most."""
        if self._started:
            self._queue.put(None)
            self._done.wait(patience_s)

    # -- its own thread ------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while True:
                try:
                    request = self._queue.get(timeout=self._until_due())
                except queue.Empty:
                    self._look_at_due()
                    continue
                if request is None:
                    return
                if isinstance(request, _Begun):
                    self._expected.pop(request.job_id, None)
                    self._expected[request.job_id] = request
                else:
                    self._look_again(request)
        finally:
            self._done.set()

    def _until_due(self) -> float | None:
        """Return in how many seconds the next job has gone on long enough; None without one."""
        first = next(iter(self._expected.values()), None)
        return None if first is None else max(0.0, first.due - time.monotonic())

    def _look_at_due(self) -> None:
        first = next(iter(self._expected.values()), None)
        if first is None or first.due > time.monotonic():
            return
        del self._expected[first.job_id]
        states = {path: state for path in first.paths if (state := self._state(path)) is not None}
        self._seen[first.job_id] = _Seen(clock.now(), states)

    def _look_again(self, ended: _Ended) -> None:
        self._expected.pop(ended.job_id, None)
        seen = self._seen.pop(ended.job_id, None)
        if seen is None or not ended.wanted:
            return
        changed = []
        for path, before in seen.states.items():
            now = self._state(path)
            if now is not None and now != before:
                changed.append(
                    ChangedInput(
                        path=path,
                        modified=now.modified_ns // 1000,
                        bytes_before=before.bytes,
                        bytes=now.bytes,
                        replaced=now.inode != before.inode,
                    )
                )
        if changed:
            files = tuple(changed)
            self._receiver(ended.job_id, ended.attempt, seen.moment, clock.now(), files)

    def _state(self, path: str) -> _State | None:
        """Return the state of a file; None if it is gone, or is no file."""
        try:
            known = os.stat(self._workdir / path)
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(known.st_mode):
            return None
        return _State(known.st_ino, known.st_size, known.st_mtime_ns)
