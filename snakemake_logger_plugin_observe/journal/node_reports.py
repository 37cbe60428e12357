"""Node reports: what a submission's processes wrote on the node, read from their fragments.

A fragment holds the shell's first sign of life (seconds since the epoch, from ``date``) and a JSON
line or two per Snakemake process. Anyone may have written it, so everything in it is validated. It
is read in two places: by the run's main process when an attempt ends, and by the reader while the
attempt goes on, or after its run was killed.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from msgspec import ValidationError, convert

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.records import Execution, Level

FORMAT: Final = 1
"""The version of a process's line that is understood: ``node.FORMAT`` of the wrapper."""
SUFFIX: Final = ".fragment"
LARGEST: Final = 4 * 1024 * 1024
"""The most bytes that are read of a fragment."""
_MOST_PROCESSES: Final = 300  # a group's members may spawn one each
_SIGN: Final = re.compile(rb"\d{9,11}\.\d{9}")


@dataclass(frozen=True, slots=True)
class NodeReport:
    """The first signs of life of a submission on its node, and its processes as levels."""

    starts: tuple[Micros, ...] = ()
    levels: tuple[Level, ...] = ()
    complete: bool = False
    problem: str | None = None


class FragmentReader:
    """Collects a report from one or more fragments of a submission."""

    def __init__(self) -> None:
        """Begin with nothing."""
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
                level = level.but(executions=tuple(map(_without_job, level.executions)))
            self._levels[(level.host, level.pid, level.started)] = level

    def finished(self) -> NodeReport:
        """Return the report; it is complete if the last start's outermost process has ended."""
        in_order = list(_by_start(self._levels.values()))
        levels = tuple(_without_inner_ancestors(in_order))
        last = max((level.restarts for level in levels), default=0)
        outermost = next((level for level in levels if level.restarts == last), None)
        complete = outermost is not None and outermost.ended is not None
        return NodeReport(tuple(sorted(self._starts)), levels, complete, self.problem)


def _by_start(levels: Iterable[Level]) -> Iterator[Level]:
    """Yield *levels* in order, each with how often the cluster had started the job again by then.

    Slurm tells only the batch script, and not what ``srun`` starts from it.
    """
    restarts = 0
    for level in sorted(levels, key=lambda level: level.started or 0):
        restarts = max(restarts, level.restarts)
        same = level.restarts == restarts
        yield level if same else level.but(restarts=restarts)


def array_task(name: str) -> str | None:
    """Return the array task of the fragment called *name*; None if it is not a later task's."""
    return name.partition(".")[2] or None


def _without_inner_ancestors(levels: list[Level]) -> Iterator[Level]:
    """Yield *levels*; only the outermost process of each start keeps when its ancestors began."""
    seen: set[int] = set()
    for level in levels:
        inner = level.restarts in seen and level.ancestors
        yield level.but(ancestors=()) if inner else level
        seen.add(level.restarts)


def _without_job(execution: Execution) -> Execution:
    return execution.but(rule=None, wildcards={})


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
        return convert(loaded, Level), internal_error
    except ValidationError as error:
        raise ValueError(str(error).replace("`", "")) from None
