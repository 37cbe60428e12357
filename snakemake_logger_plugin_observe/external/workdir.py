"""The workflow's folder, looked at by a reader: only what lies in it, and nothing is changed.

A journal may come from anyone, and names paths; one that leads out of the folder, by dots or by
links, is not followed.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.external import log_tails
from snakemake_logger_plugin_observe.journal.records import LogTail

_LOCKS: Final = Path(".snakemake", "locks")
_BLOCK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Folder:
    """The working directory of a run, as the person named it."""

    root: Path
    since: float | None = None
    """When the run began that is looked into, in seconds since the epoch; what its jobs wrote is
    younger."""
    until: float | None = None
    """When the next run here began, which may have written over what they wrote."""

    def inside(self, named: str) -> Path | None:
        """Return the path of a file of the workflow's, or None where it is not in the folder."""
        if not named or "\0" in named:
            return None
        with suppress(OSError, ValueError):
            root = os.path.realpath(self.root)
            path = os.path.realpath(os.path.join(root, named))
            if path.startswith(os.path.join(root, "")):
                return Path(path)
        return None

    def read(self, named: str) -> LogTail:
        """Return the end of a file, with line numbers; or why it cannot be read."""
        path = self.inside(named)
        if path is None:
            return LogTail(path=named, problem="it is not in the workflow's folder")
        if problem := self.of_another_run(path):
            return LogTail(path=named, problem=problem)
        return log_tails.numbered(named, path)

    def of_another_run(self, path: Path) -> str | None:
        """Return why what a file holds is not of the run that is looked into; None if it may be."""
        with suppress(OSError):
            written = path.stat().st_mtime
            if self.since is not None and written < self.since:
                return "it was written before this run began"
            if self.until is not None and written >= self.until:
                return "it was written after the next run here began"
        return None

    def there(self, named: Iterable[str]) -> frozenset[str]:
        """Return which of the files that are *named*, as the journal has them, are there now.

        One that the next run may have written does not count.
        """
        inside = ((one, self.inside(one)) for one in named)
        return frozenset(
            one for one, path in inside if path is not None and _written(path, self.until)
        )

    def gone(self, named: Iterable[str]) -> frozenset[str]:
        """Return which of the files that are *named* are known not to be there now.

        What lies elsewhere, or cannot be looked at, is not known to be gone.
        """
        inside = ((one, self.inside(one)) for one in named)
        return frozenset(one for one, path in inside if path is not None and _gone(path))

    @property
    def locked(self) -> bool:
        """Whether a Snakemake that runs, or one that was killed, holds the folder's lock."""
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


class SavingError(Exception):
    """Evidence that could not be put away; its text is one line for the person."""


@dataclass(frozen=True, slots=True)
class Store:
    """A new folder in which evidence is kept, readable by its owner alone."""

    root: Path

    @classmethod
    def new(cls, root: Path) -> "Store":
        """Make it.

        Raises:
            SavingError: if something is there already, or it cannot be made.

        """
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(root.iterdir()):
                raise SavingError(f"{root}: is not empty, and is left as it is; name a new folder")
            root.chmod(0o700)
        except OSError as error:
            raise SavingError(f"{root}: {error.strerror or error}") from error
        return cls(root)

    def copy(self, source: Path, name: str) -> bool:
        """Copy a plain file to *name* below the store; return whether it could be read.

        Raises:
            SavingError: if it cannot be written.

        """
        try:
            descriptor = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return False
            self._write(name, _blocks(descriptor))
        finally:
            os.close(descriptor)
        return True

    def text(self, name: str, text: str) -> None:
        """Write a text of our own to *name* below the store.

        Raises:
            SavingError: if it cannot be written.

        """
        self._write(name, [text.encode("utf-8", "backslashreplace")])

    def _write(self, name: str, blocks: Iterable[bytes]) -> None:
        path = self.root / name
        try:
            folder = self.root
            for part in Path(name).parts[:-1]:
                folder /= part
                folder.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
                file.writelines(blocks)
        except OSError as error:
            raise SavingError(f"{path}: {error.strerror or error}") from error


def _blocks(descriptor: int) -> Iterator[bytes]:
    while block := os.read(descriptor, _BLOCK):
        yield block
