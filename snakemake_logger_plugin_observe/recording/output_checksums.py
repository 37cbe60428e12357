"""Sizes or SHA-256 checksums of jobs' outputs, taken in the background on request."""

import errno
import hashlib
import os
import queue
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.journal.records import OutputFile
from snakemake_logger_plugin_observe.journal.trusted_paths import is_nearly_all_hole, open_file

_CHUNK: Final = 1024 * 1024
_HOLE: Final = "it is nearly all hole, so it was not read"
_GONE: Final = "it was gone before it could be examined"

Receiver = Callable[[tuple[OutputFile, ...]], None]
"""Takes the outputs of one attempt, examined."""


class OutputsExaminer:
    """Examines outputs on a background thread: checksums of large files take long."""

    def __init__(self, workdir: Path, *, sums: bool) -> None:
        """Examine outputs in *workdir*; *sums*: whether to make checksums, too."""
        self._workdir = workdir
        self._sums = sums
        self._progressed_at = time.monotonic()
        self._queue: queue.SimpleQueue[tuple[tuple[str, ...], Receiver] | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._work, name="observe-outputs", daemon=True)
        self._thread.start()

    def examine(self, paths: tuple[str, ...], receiver: Receiver) -> None:
        """Call *receiver* on the background thread with what exists at *paths*."""
        self._queue.put((paths, receiver))

    def progresses(self, within_s: float) -> bool:
        """Return whether it is still busy and made progress in the last *within_s* seconds."""
        return self._thread.is_alive() and time.monotonic() - self._progressed_at < within_s

    def finish(self, patience_s: float) -> bool:
        """Wait for all requests; False if nothing progressed for *patience_s* seconds."""
        self._progressed_at = time.monotonic()
        self._queue.put(None)
        while self.progresses(patience_s):
            self._thread.join(1.0)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (request := self._queue.get()) is not None:
            paths, receiver = request
            receiver(tuple(self._examine(path) for path in paths))

    def _examine(self, name: str) -> OutputFile:
        path = self._workdir / name
        self._progressed_at = time.monotonic()
        try:
            status = os.stat(path)
            if stat.S_ISDIR(status.st_mode):
                return self._directory(name, path)
            if not stat.S_ISREG(status.st_mode):
                return OutputFile(path=name, kind="other")
            if self._sums and is_nearly_all_hole(status):
                return OutputFile(path=name, bytes=status.st_size, problem=_HOLE)
            return OutputFile(path=name, bytes=status.st_size, sha256=self._sum(path))
        except FileNotFoundError:
            return OutputFile(path=name, problem=_GONE)
        except OSError as error:
            return OutputFile(path=name, problem=error.strerror or str(error))

    def _directory(self, name: str, path: Path) -> OutputFile:
        size = 0
        contents = hashlib.sha256()
        for file in _files_below(path):
            size += file.lstat().st_size
            if self._sums:
                within = os.fsencode(file.relative_to(path))
                contents.update(self._sum_within(file).encode() + b" " + within + b"\0")
        total = contents.hexdigest() if self._sums else None
        return OutputFile(path=name, kind="directory", bytes=size, sha256=total)

    def _sum_within(self, file: Path) -> str:
        kind = file.lstat().st_mode
        if stat.S_ISLNK(kind):  # the job made the link, not its target
            return hashlib.sha256(os.fsencode(os.readlink(file))).hexdigest()
        return (self._sum(file) or "") if stat.S_ISREG(kind) else ""

    def _sum(self, path: Path) -> str | None:
        if not self._sums:
            return None
        digest = hashlib.sha256()
        with open(open_file(self._workdir, path, follow=True), "rb", buffering=0) as file:
            if is_nearly_all_hole(os.fstat(file.fileno())):
                raise OSError(errno.EFBIG, _HOLE)
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                self._progressed_at = time.monotonic()
        return digest.hexdigest()


def _files_below(folder: Path) -> Iterator[Path]:
    """Yield the files and links below *folder* in a fixed order, without Snakemake's timestamps."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(root, name))]
        for name in sorted(names + links):
            if name != ".snakemake_timestamp":
                yield Path(root, name)
