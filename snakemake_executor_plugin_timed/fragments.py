"""Fragments, the files that processes on the nodes write: their names, reading and removal.

A fragment holds the shell's first sign of life (seconds since the epoch, from ``date``) and a JSON
line or two per Snakemake process. Anyone may have written it, so everything in it is validated.
"""

import contextlib
import json
import os
import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from snakemake_executor_plugin_timed.fragment_folder import FragmentFolder, remove_left_over
from snakemake_executor_plugin_timed.node import FORMAT, SUFFIX
from snakemake_logger_plugin_observe.journal.records import Execution, Level
from snakemake_logger_plugin_observe.recording.node_reports import NodeReport

_LARGEST: Final = 4 * 1024 * 1024
_MOST_PROCESSES: Final = 300  # a group's members may spawn one each
_SIGN: Final = re.compile(rb"\d{9,11}\.\d{9}")


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
        report = _Report()
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
            data = os.read(descriptor, _LARGEST + 1)
        finally:
            os.close(descriptor)
        if len(data) > _LARGEST:
            raise ValueError(f"larger than {_LARGEST} bytes")
        return data


def array_name(first: str, task: str) -> str:
    """Return the name of the fragment that an array's command writes for a later *task*.

    All tasks of an array start with the *first* one's command, which then runs the task's own.
    """
    return f"{first}.{task}"


def array_task(name: str) -> str | None:
    """Return the array task of the fragment called *name*; None if it is not a later task's."""
    return name.partition(".")[2] or None


class _Report:
    """Collects a report from one or more fragments."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self._starts: list[int] = []
        self._levels: dict[tuple[Any, ...], Level] = {}

    def add(self, data: bytes, *, of_array: bool) -> None:
        """Add a fragment's content.

        Args:
            data: the content.
            of_array: whether its processes ran the array's command, which names another job.

        Raises:
            ValueError: if it has more processes than a submission can have.

        """
        for line in data.split(b"\n"):
            if not line.strip():
                continue
            if _SIGN.fullmatch(line):
                seconds, _, nanos = line.partition(b".")
                self._starts.append(int(seconds) * 1_000_000 + int(nanos) // 1000)
                continue
            try:
                level, internal_error = _level(line)
            except ValueError as error:
                self.problem = f"fragment: {error}"
                continue
            if internal_error is not None:
                self.problem = f"internal error in snakemake-observe on the node: {internal_error}"
            if len(self._levels) >= _MOST_PROCESSES or len(self._starts) >= _MOST_PROCESSES:
                self._levels.clear()
                raise ValueError(f"more than {_MOST_PROCESSES} processes")
            if of_array:
                level = level.model_copy(
                    update={"executions": tuple(map(_without_job, level.executions))}
                )
            self._levels[(level.host, level.pid, level.started)] = level

    def finished(self) -> NodeReport:
        """Return the report; it is complete if the last start's outermost process has ended."""
        levels = tuple(sorted(self._levels.values(), key=lambda level: level.started or 0))
        last = max((level.restarts for level in levels), default=0)
        outermost = next((level for level in levels if level.restarts == last), None)
        complete = outermost is not None and outermost.ended is not None
        return NodeReport(tuple(sorted(self._starts)), levels, complete, self.problem)


def _without_job(execution: Execution) -> Execution:
    return execution.model_copy(update={"rule": None, "wildcards": {}})


def _level(line: bytes) -> tuple[Level, str | None]:
    """Return the process that *line* describes, and the internal error it had, if any.

    Raises:
        ValueError: if it is torn, or not of this format.

    """
    try:
        loaded = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("a torn or foreign line") from None
    if not isinstance(loaded, dict) or loaded.get("v") != FORMAT or loaded.get("in_main"):
        raise ValueError("not of a known format")
    try:
        internal_error = str(loaded["fault"])[:200] if loaded.get("fault") else None
        return Level.model_validate(loaded), internal_error
    except ValidationError as error:
        raise ValueError(error.errors(include_url=False, include_input=False)[0]["msg"]) from None
