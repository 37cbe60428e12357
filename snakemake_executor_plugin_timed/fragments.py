"""Fragments: what the processes on the nodes left, named, read with distrust, and removed.

A fragment holds the shell's first sign of life (seconds since the epoch, from ``date``) and a JSON
line or two per Snakemake process. Nothing in it is believed before it has been checked.
"""

import json
import os
import re
import time
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from snakemake_executor_plugin_timed.node import FORMAT
from snakemake_logger_plugin_observe.events import Level
from snakemake_logger_plugin_observe.tracking import NodeReport

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

    def path(self, submission: str) -> Path:
        """Return where *submission*'s fragment is."""
        return self.folder / f"{self._prefix}-{submission}.fragment"

    def read(self, submission: str) -> NodeReport:
        """Return what there is; what is torn, huge, or of another format is told as a problem."""
        try:
            data = _read(self.path(submission))
        except FileNotFoundError:
            return NodeReport()
        except OSError as error:
            return NodeReport(problem=f"fragment: {error.strerror or error}")
        except ValueError as error:
            return NodeReport(problem=f"fragment: {error}")
        return _parse(data)

    def remove_left_over(self) -> None:
        """Remove fragments that runs which were killed long ago left behind."""
        limit = time.time() - _LEFT_OVER_S
        try:
            for entry in os.scandir(self.folder):
                if entry.name.endswith(".fragment") and entry.stat().st_mtime < limit:
                    os.unlink(entry.path)
        except OSError:
            return

    def remove(self, submission: str) -> None:
        """Remove a fragment that has been folded in."""
        try:
            os.unlink(self.path(submission))
        except OSError:
            return


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


def _parse(data: bytes) -> NodeReport:
    started: int | None = None
    levels: dict[tuple[Any, ...], Level] = {}
    problem = None
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        if _SIGN.fullmatch(line):
            seconds, _, nanos = line.partition(b".")
            moment = int(seconds) * 1_000_000 + int(nanos) // 1000
            started = moment if started is None else min(started, moment)
            continue
        try:
            level = _level(line)
        except ValueError as error:
            problem = f"fragment: {error}"
            continue
        if len(levels) >= _MOST_PROCESSES:
            return NodeReport(started, problem=f"fragment: more than {_MOST_PROCESSES} processes")
        levels[(level.host, level.pid, level.started)] = level
    in_order = tuple(sorted(levels.values(), key=lambda level: level.started or 0))
    complete = bool(in_order) and in_order[0].ended is not None
    return NodeReport(started, in_order, complete, problem)


def _level(line: bytes) -> Level:
    """Return the process that *line* tells of.

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
        return Level.model_validate(loaded)
    except ValidationError as error:
        raise ValueError(error.errors(include_url=False, include_input=False)[0]["msg"]) from None
