"""Fragments, the files that processes on the nodes write: their names, reading and removal.

A fragment holds the shell's first sign of life (seconds since the epoch, from ``date``) and a JSON
line or two per Snakemake process. Anyone may have written it, so everything in it is validated.
"""

import contextlib
import json
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from snakemake_executor_plugin_timed.node import FORMAT, SUFFIX
from snakemake_logger_plugin_observe.journal.records import Execution, Level
from snakemake_logger_plugin_observe.recording.node_reports import NodeReport

_LEFT_OVER_S: Final = 30 * 24 * 3600
_LARGEST: Final = 4 * 1024 * 1024
_MOST_PROCESSES: Final = 300  # a group's members may spawn one each
_SIGN: Final = re.compile(rb"\d{9,11}\.\d{9}")


class Fragments:
    """The fragments of one run: one file per submission, in one folder."""

    def __init__(self, folder: Path, run_id: str) -> None:
        """Keep them in *folder*, under names that begin with the run's id."""
        self.folder = folder
        self._prefix = run_id[:12]

    def path(self, name: str) -> Path:
        """Return where the fragment called *name* is."""
        return self.folder / f"{self._prefix}-{name}{SUFFIX}"

    def read(self, submission: tuple[str, ...]) -> NodeReport:
        """Return what was written so far; a torn, huge or malformed fragment is its problem."""
        report = _Report()
        for name in submission:
            try:
                report.add(_read(self.path(name)), of_array=array_task(name) is not None)
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
        with os.scandir(self.folder) as entries:
            found = {entry.name for entry in entries}
        return [
            names for names in submissions if any(self.path(name).name in found for name in names)
        ]

    def remove_left_over(self) -> None:
        """Remove old fragments of runs that were killed."""
        limit = time.time() - _LEFT_OVER_S
        try:
            for entry in os.scandir(self.folder):
                if entry.name.endswith(SUFFIX) and entry.stat().st_mtime < limit:
                    os.unlink(entry.path)
        except OSError:
            return

    def remove(self, submission: tuple[str, ...]) -> None:
        """Remove fragments that have been read."""
        for name in submission:
            with contextlib.suppress(OSError):
                os.unlink(self.path(name))


def _read(path: Path) -> bytes:
    """Return a fragment's content with three system calls, to spare shared file systems.

    A link in its place is not followed, and a pipe does not block.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags)
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
