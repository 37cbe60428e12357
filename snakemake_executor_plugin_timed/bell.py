"""The bell: one file in which each submission's last process says that it ends.

The main process makes it, in the private folder of fragments, if it wants to be told. On a node the
outermost Snakemake process appends the name of its fragment as its last act (``node.py``). Opening
a file asks a file server for its present size, where a folder's listing may be out of date for half
a minute; so all ends are seen by looking at this one file.
"""

import os
import re
from dataclasses import dataclass
from typing import Final

from snakemake_executor_plugin_timed.fragment_folder import FragmentFolder
from snakemake_executor_plugin_timed.node import BELL

_NAME: Final = re.compile(rb"\d{1,18}(?:\.\d{1,18})?")
_AT_ONCE: Final = 65_536
_LONGEST_LINE: Final = 64


@dataclass(frozen=True, slots=True)
class Rings:
    """What was rung since the last look."""

    names: tuple[str, ...] = ()
    unnamed: bool = False
    """Whether it was rung by someone whose name cannot be read: on NFS, of two processes that
    append at once, one may overwrite the other's line."""


class Bell:
    """The bell of one run, as its main process sees it."""

    def __init__(self, folder: FragmentFolder) -> None:
        """Use the file in *folder*; it is made later."""
        self._folder = folder
        self._read = 0
        self._seen: tuple[int, int] | None = None

    def make(self) -> None:
        """Make it, so that the processes on the nodes ring.

        Raises:
            OSError: if it cannot be made.

        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        os.close(os.open(BELL, flags, 0o600, dir_fd=self._folder.descriptor))

    def look(self) -> Rings:
        """Return what was rung since the last call; reads 64 KiB at most.

        Raises:
            OSError: if it cannot be read, or is gone.

        """
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(BELL, flags, dir_fd=self._folder.descriptor)
        try:
            known = os.fstat(descriptor)
            state = (known.st_size, known.st_mtime_ns)
            before, self._seen = self._seen, state
            if state == before or (before is None and not known.st_size):
                return Rings()
            new = os.pread(descriptor, _AT_ONCE, self._read) if known.st_size > self._read else b""
        finally:
            os.close(descriptor)
        if known.st_size - self._read > _AT_ONCE:  # the rest is read at the next look
            self._seen = None
        if not new:
            self._read = known.st_size
            return Rings(unnamed=True)
        lines, _, torn = new.rpartition(b"\n")
        if len(torn) > _LONGEST_LINE:
            lines, torn = new, b""
        self._read += len(new) - len(torn)
        written = lines.split(b"\n") if lines else []
        names = tuple(line.decode() for line in written if _NAME.fullmatch(line))
        return Rings(names, unnamed=len(names) < len(written))
