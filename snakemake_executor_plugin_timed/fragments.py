"""Fragments, the files that processes on the nodes write: their names, reading and removal.

What is in them: ``journal.node_reports`` of the logger plugin.
"""

import contextlib
import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from snakemake_executor_plugin_timed.fragment_folder import FragmentFolder, remove_left_over
from snakemake_executor_plugin_timed.node import SUFFIX
from snakemake_logger_plugin_observe.journal.node_reports import (
    LARGEST,
    FragmentReader,
    NodeReport,
    array_task,
)

if TYPE_CHECKING:
    from snakemake_executor_plugin_timed.bell import Bell


class Fragments:
    """The fragments of one run: one file per submission, in one folder."""

    def __init__(self, base: Path) -> None:
        """Keep them in a private folder, to be made in *base*."""
        self._base = base
        self._folder = FragmentFolder(base)

    @property
    def folder(self) -> Path:
        """Where the fragments are."""
        return self._folder.path

    def make_folder(self) -> None:
        """Make their folder, if it is not made yet.

        Raises:
            OSError: if it cannot be made.
            UnsafeFolderError: if other users could write to it.

        """
        self._folder.make()

    def bell(self) -> "Bell":
        """Return the bell in their folder, which is yet to be made."""
        from snakemake_executor_plugin_timed.bell import Bell

        return Bell(self._folder)

    def path(self, name: str) -> Path:
        """Return where the fragment called *name* is, for processes on the nodes."""
        return self.folder / f"{name}{SUFFIX}"

    def first_sign(self, name: str) -> str:
        """Return shell code that adds the time to the fragment called *name*; it never fails.

        The time is taken first, then the folder is entered and checked: neither a link nor a pipe,
        nor another folder in its place, is written to or waited for. What proves it is that nobody
        else can write to it, and that the marker is in it: in a folder that others write to, they
        can call any file of this user's like the marker. It works in each POSIX shell whose
        ``test`` knows ``-O`` (bash, dash, ksh, busybox), and inside other shells' quotes; without
        GNU's ``dd`` nothing is written.
        """
        enter = f"cd {shlex.quote(str(self.folder))}&&test -O .&&test -O {self._folder.marker}"
        private = f"find . -prune -perm {self._folder.mode:o}|grep -q ."
        write = f"dd of={name}{SUFFIX} oflag=append,nofollow,nonblock conv=notrunc"
        return f"(umask 077;date +%s.%N|({enter}&&{private}&&{write})||true)>/dev/null 2>&1"

    def read(self, submission: tuple[str, ...]) -> NodeReport:
        """Return what was written so far; a torn, huge or malformed fragment is its problem."""
        report = FragmentReader()
        for name in submission:
            try:
                report.add(self._content(name), of_array=array_task(name) is not None)
            except FileNotFoundError:
                continue
            except OSError as error:
                report.problem = f"fragment: {error.strerror or error}"
            except ValueError as error:
                report.problem = f"fragment: {error}"
        return report.finished()

    def present(self, submissions: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """Return which of *submissions* have written something so far, by one scan of the folder.

        Raises:
            OSError: if the folder cannot be read.

        """
        found = set(self._folder.names)
        return [names for names in submissions if any(f"{name}{SUFFIX}" in found for name in names)]

    def remove_left_over(self) -> None:
        """Remove old fragments of this user's runs that were killed."""
        remove_left_over(self._base)

    def remove(self, submission: tuple[str, ...]) -> None:
        """Remove fragments that have been read."""
        for name in submission:
            with contextlib.suppress(OSError):
                os.unlink(f"{name}{SUFFIX}", dir_fd=self._folder.descriptor)

    def close(self) -> None:
        """Remove the folder, if no fragment is left in it."""
        self._folder.close()

    def _content(self, name: str) -> bytes:
        """Return a fragment's content with three system calls, to spare shared file systems.

        A link in its place is not followed, and a pipe does not block.
        """
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(f"{name}{SUFFIX}", flags, dir_fd=self._folder.descriptor)
        try:
            data = os.read(descriptor, LARGEST + 1)
        finally:
            os.close(descriptor)
        if len(data) > LARGEST:
            raise ValueError(f"larger than {LARGEST} bytes")
        return data


def array_name(first: str, task: str) -> str:
    """Return the name of the fragment that an array's command writes for a later *task*.

    All tasks of an array start with the *first* one's command, which then runs the task's own.
    """
    return f"{first}.{task}"
