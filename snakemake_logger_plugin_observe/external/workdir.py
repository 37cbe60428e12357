"""The workflow's folder, looked at by a reader: only what lies in it, and nothing is changed.

A journal may come from anyone, and names paths; one that leads out of the folder, by dots or by
links, is not followed.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.external import log_tails
from snakemake_logger_plugin_observe.journal.records import LogTail

_LOCKS: Final = Path(".snakemake", "locks")


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
