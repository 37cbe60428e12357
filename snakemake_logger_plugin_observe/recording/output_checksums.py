"""What jobs made: sizes or SHA-256 sums of their outputs, taken beside the run on request."""

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

_CHUNK: Final = 1024 * 1024
_GONE: Final = "it was gone before it could be looked at"

Tell = Callable[[tuple[OutputFile, ...]], None]
"""Takes what became of one attempt's outputs."""


class OutputsWatch:
    """Looks at outputs on a thread of its own, for sums of large files take long."""

    def __init__(self, workdir: Path, *, sums: bool) -> None:
        """Look at outputs in *workdir*; *sums*: read them whole, too."""
        self._workdir = workdir
        self._sums = sums
        self._moved = time.monotonic()
        self._queue: queue.SimpleQueue[tuple[tuple[str, ...], Tell] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="observe-outputs", daemon=True)
        self._thread.start()

    def look_at(self, paths: tuple[str, ...], tell: Tell) -> None:
        """Have *tell* told, from the other thread, what is at *paths*; returns at once."""
        self._queue.put((paths, tell))

    def moves(self, within_s: float) -> bool:
        """Return whether it still works, and got on in the last *within_s* seconds."""
        return self._thread.is_alive() and time.monotonic() - self._moved < within_s

    def finish(self, patience_s: float) -> bool:
        """Wait for all that was asked; False if nothing moved for *patience_s* seconds."""
        self._moved = time.monotonic()
        self._queue.put(None)
        while self.moves(patience_s):
            self._thread.join(1.0)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (asked := self._queue.get()) is not None:
            paths, tell = asked
            tell(tuple(self._look(path) for path in paths))

    def _look(self, name: str) -> OutputFile:
        path = self._workdir / name
        self._moved = time.monotonic()
        try:
            known = os.stat(path)
            if stat.S_ISDIR(known.st_mode):
                return self._directory(name, path)
            if not stat.S_ISREG(known.st_mode):
                return OutputFile(path=name, kind="other")
            return OutputFile(path=name, bytes=known.st_size, sha256=self._sum(path))
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
        if file.is_symlink():  # where it leads is what the job made
            return hashlib.sha256(os.fsencode(os.readlink(file))).hexdigest()
        return self._sum(file) or ""

    def _sum(self, path: Path) -> str | None:
        if not self._sums:
            return None
        made = hashlib.sha256()
        with open(path, "rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                made.update(chunk)
                self._moved = time.monotonic()
        return made.hexdigest()


def _files_below(folder: Path) -> Iterator[Path]:
    """Yield the files and links below *folder*, in one order; Snakemake's own marks left out."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(root, name))]
        for name in sorted(names + links):
            if name != ".snakemake_timestamp":
                yield Path(root, name)
