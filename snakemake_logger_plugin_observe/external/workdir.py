"""A run's working directory, read-only: which files exist, and what is in them.

A journal may come from anyone, and names paths. A path that leads out of the directory, by dots or
by links, is not followed.
"""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.external import log_tails
from snakemake_logger_plugin_observe.journal.records import LogTail

_NOTED: Final = ".snakemake_timestamp"
_LOCKS: Final = Path(".snakemake", "locks")


@dataclass(frozen=True, slots=True)
class Workdir:
    """The working directory of a run, as the user named it."""

    root: Path
    since: float | None = None
    """When the run began, in seconds since the epoch; files that its jobs wrote are newer."""
    until: float | None = None
    """When the next run in this directory began; it may have overwritten files."""

    def inside(self, named: str) -> Path | None:
        """Return the real path of a file, or None if it is not inside the directory."""
        if not named or "\0" in named:
            return None
        with suppress(OSError, ValueError):
            root = os.path.realpath(self.root)
            path = os.path.realpath(os.path.join(root, named))
            if path.startswith(os.path.join(root, "")):
                return Path(path)
        return None

    def read(self, named: str) -> LogTail:
        """Return the end of a file, with line numbers, or why it cannot be read."""
        path = self.inside(named)
        if path is None:
            return LogTail(path=named, problem="it is not in the workflow's folder")
        if problem := self.of_another_run(path):
            return LogTail(path=named, problem=problem)
        root = os.path.realpath(self.root)
        return log_tails.numbered(named, Path(root), os.path.relpath(path, root))

    def modified(self, named: str) -> Micros | None:
        """Return when a file was last written; None if it is not there, or not inside."""
        path = self.inside(named)
        with suppress(OSError):
            return path.stat().st_mtime_ns // 1000 if path is not None else None
        return None

    def state(self, named: str) -> tuple[Micros, int | None] | None:
        """Return when an output was last written, and its size; None if it is not there.

        Of a folder, Snakemake notes the time in it; its size is None. A link is not followed, and
        many files are looked up quickly.
        """
        if os.path.isabs(named) or ".." in named.split("/") or "\0" in named:
            return None
        path = os.path.join(self.root, named)
        try:
            found = os.lstat(path)
            if stat.S_ISDIR(found.st_mode):
                return os.lstat(os.path.join(path, _NOTED)).st_mtime_ns // 1000, None
        except OSError:
            return None
        size = found.st_size if stat.S_ISREG(found.st_mode) else None
        return found.st_mtime_ns // 1000, size

    def is_folder(self, named: str) -> bool:
        """Return whether there is a folder of that name inside."""
        path = self.inside(named)
        with suppress(OSError):
            return path is not None and path.is_dir()
        return False

    def size(self, named: str) -> int | None:
        """Return a file's size; None if it is not there, or not inside."""
        path = self.inside(named)
        with suppress(OSError):
            return path.stat().st_size if path is not None else None
        return None

    def of_another_run(self, path: Path) -> str | None:
        """Return why a file's content is not from this run; None if it may be."""
        with suppress(OSError):
            written = path.stat().st_mtime
            if self.since is not None and written < self.since:
                return "it was written before this run began"
            if self.until is not None and written >= self.until:
                return "it was written after the next run here began"
        return None

    def there(self, named: Iterable[str]) -> frozenset[str]:
        """Return which of the files *named* in the journal exist now.

        A file that the next run may have written does not count.
        """
        inside = ((name, self.inside(name)) for name in named)
        return frozenset(
            name for name, path in inside if path is not None and _written(path, self.until)
        )

    def gone(self, named: Iterable[str]) -> frozenset[str]:
        """Return which of the files *named* are known not to exist now.

        A file elsewhere, or one that cannot be examined, may still exist.
        """
        inside = ((name, self.inside(name)) for name in named)
        return frozenset(name for name, path in inside if path is not None and _gone(path))

    @property
    def locked(self) -> bool:
        """Whether a running or killed Snakemake holds the directory's lock."""
        try:
            return any(True for _ in os.scandir(self.root / _LOCKS))
        except OSError:
            return False


def _written(path: Path, before: float | None) -> bool:
    try:
        written = path.stat().st_mtime
    except OSError:
        return False
    return before is None or written < before


def _gone(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
