"""Fragments: what the processes on the nodes left, named, read with distrust, and removed.

A fragment holds the shell's first sign of life (seconds since the epoch, from ``date``) and a JSON
line or two per Snakemake process. Nothing in it is believed before it has been checked.
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
        """Return what there is; what is torn, huge, or of another format is told as a problem."""
        report = _Report()
        for name in submission:
            try:
                report.take(_read(self.path(name)), of_another=array_task(name) is not None)
            except FileNotFoundError:
                continue
            except OSError as error:
                report.problem = f"fragment: {error.strerror or error}"
            except ValueError as error:
                report.problem = f"fragment: {error}"
        return report.whole()

    def present(self, submissions: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """Return which of *submissions* have left something so far, by one look at the folder.

        Raises:
            OSError: if the folder cannot be read.

        """
        with os.scandir(self.folder) as entries:
            found = {entry.name for entry in entries}
        return [
            names for names in submissions if any(self.path(name).name in found for name in names)
        ]

    def remove_left_over(self) -> None:
        """Remove fragments that runs which were killed long ago left behind."""
        limit = time.time() - _LEFT_OVER_S
        try:
            for entry in os.scandir(self.folder):
                if entry.name.endswith(SUFFIX) and entry.stat().st_mtime < limit:
                    os.unlink(entry.path)
        except OSError:
            return

    def remove(self, submission: tuple[str, ...]) -> None:
        """Remove fragments that have been folded in."""
        for name in submission:
            with contextlib.suppress(OSError):
                os.unlink(self.path(name))


def _read(path: Path) -> bytes:
    """Return a fragment's content with three calls, for shared file systems choke on more.

    Neither a link nor a pipe in its place is followed or waited for.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags)
    try:
        data = os.read(descriptor, _LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(data) > _LARGEST:
        raise ValueError(f"more than {_LARGEST} bytes are too many")
    return data


def array_name(first: str, task: str) -> str:
    """Return the fragment of the process that an array's command starts for a later *task*.

    All tasks of an array run the *first* one's command, which then runs the task's own.
    """
    return f"{first}.{task}"


def array_task(name: str) -> str | None:
    """Return the task of the fragment called *name*, if it is a later task's of an array."""
    return name.partition(".")[2] or None


class _Report:
    """A report in the making, from one fragment or several."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self._starts: list[int] = []
        self._levels: dict[tuple[Any, ...], Level] = {}

    def take(self, data: bytes, *, of_another: bool) -> None:
        """Take a fragment in; *of_another*: its processes were told to run another task's job.

        Raises:
            ValueError: if it tells of more processes than a submission can have.

        """
        for line in data.split(b"\n"):
            if not line.strip():
                continue
            if _SIGN.fullmatch(line):
                seconds, _, nanos = line.partition(b".")
                self._starts.append(int(seconds) * 1_000_000 + int(nanos) // 1000)
                continue
            try:
                level, fault = _level(line)
            except ValueError as error:
                self.problem = f"fragment: {error}"
                continue
            if fault is not None:
                self.problem = f"a fault of ours on the node: {fault}"
            if len(self._levels) >= _MOST_PROCESSES or len(self._starts) >= _MOST_PROCESSES:
                self._levels.clear()
                raise ValueError(f"more than {_MOST_PROCESSES} processes")
            if of_another:
                level = level.model_copy(
                    update={"executions": tuple(map(_nameless, level.executions))}
                )
            self._levels[(level.host, level.pid, level.started)] = level

    def whole(self) -> NodeReport:
        """Return what was taken in; complete, if the last start's outermost process has ended."""
        levels = tuple(sorted(self._levels.values(), key=lambda level: level.started or 0))
        last = max((level.restarts for level in levels), default=0)
        outermost = next((level for level in levels if level.restarts == last), None)
        complete = outermost is not None and outermost.ended is not None
        return NodeReport(tuple(sorted(self._starts)), levels, complete, self.problem)


def _nameless(one: Execution) -> Execution:
    return one.model_copy(update={"rule": None, "wildcards": {}})


def _level(line: bytes) -> tuple[Level, str | None]:
    """Return the process that *line* tells of, and the fault of ours that it met there.

    Raises:
        ValueError: if it is torn, or not of this format.

    """
    try:
        loaded = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("a torn line, or not ours") from None
    if not isinstance(loaded, dict) or loaded.get("v") != FORMAT or loaded.get("in_main"):
        raise ValueError("not of a format that is known here")
    try:
        fault = str(loaded["fault"])[:200] if loaded.get("fault") else None
        return Level.model_validate(loaded), fault
    except ValidationError as error:
        raise ValueError(error.errors(include_url=False, include_input=False)[0]["msg"]) from None
