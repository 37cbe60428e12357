"""The fragments of a run that goes on, or was killed: what its jobs' processes wrote on the nodes.

They lie on the shared file system, in a private folder of the user who runs Snakemake. A journal
names them, and may be from anyone: only what is named and owned like a fragment is read.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.journal.node_reports import (
    LARGEST,
    SUFFIX,
    FragmentReader,
    NodeReport,
    array_task,
)
from snakemake_logger_plugin_observe.journal.trusted_paths import open_folder

_NAMED: Final = re.compile(r"(?P<folder>[0-9a-f]{32})/(?P<name>\d{1,12}(\.\d{1,9})?)")
_OTHERS_WRITE: Final = 0o022
NO_REPORT: Final = NodeReport()


class NodeFragments:
    """Reads fragments below one folder: ``.snakemake/observe`` of a working directory."""

    def __init__(self, base: Path) -> None:
        """Read below *base*; nothing is opened yet."""
        self._base = base
        self._folders: dict[str, _Folder] = {}

    def read(self, fragments: Iterable[str]) -> NodeReport:
        """Return what a submission's processes have written so far into *fragments*.

        What cannot be read is named in the report's ``problem``; a file that is not there yet is no
        problem.
        """
        reader = FragmentReader()
        for folder, name in _named(fragments):
            if folder not in self._folders:
                self._folders[folder] = _Folder(self._base, folder)
            try:
                data = self._folders[folder].content(f"{name}{SUFFIX}")
                if data is not None:
                    reader.add(data, of_array=array_task(name) is not None)
            except OSError as error:
                reader.problem = f"fragment: {error.strerror or error}"
            except ValueError as error:
                reader.problem = f"fragment: {error}"
        return reader.finished()

    def close(self) -> None:
        """Close the folders."""
        for one in self._folders.values():
            one.close()


def _named(fragments: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield folder and name of those that are named like fragments."""
    for one in fragments:
        if found := _NAMED.fullmatch(one):
            yield found["folder"], found["name"]


class _Folder:
    """One run's folder of fragments, listed once: most submissions have none yet."""

    def __init__(self, base: Path, name: str) -> None:
        self._descriptor: int | None = None
        self._names: frozenset[str] = frozenset()
        self._problem: OSError | None = None
        try:
            self._descriptor = open_folder(base, name)
            _check(os.fstat(self._descriptor))
            listed = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._descriptor)
            try:
                self._names = frozenset(os.listdir(listed))
            finally:
                os.close(listed)
        except FileNotFoundError:  # removed, as a run that has ended removes it
            return
        except OSError as error:
            self._problem = error

    def content(self, name: str) -> bytes | None:
        """Return a fragment's content, None if there is none.

        Raises:
            OSError: if it, or the folder, cannot be read.
            ValueError: if it is too large.

        """
        if self._problem is not None:
            raise self._problem
        if self._descriptor is None or name not in self._names:
            return None
        # A link in its place is not followed, and a pipe does not block.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(name, flags, dir_fd=self._descriptor)
        except FileNotFoundError:  # read by the main process, and removed, since it was listed
            return None
        try:
            data = os.read(descriptor, LARGEST + 1)
        finally:
            os.close(descriptor)
        if len(data) > LARGEST:
            raise ValueError(f"larger than {LARGEST} bytes")
        return data

    def close(self) -> None:
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)


def _check(known: os.stat_result) -> None:
    """Raise OSError if others than this user may have written into a folder."""
    if known.st_uid != os.geteuid() or stat.S_IMODE(known.st_mode) & _OTHERS_WRITE:
        raise PermissionError(0, "they are another user's, or others may have written them")
