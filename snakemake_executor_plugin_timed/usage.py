"""Resource usage of a tool's processes: the kernel's counters, read at the tool's start and end.

The kernel adds up what all of a process's ended children used. So a figure belongs to one tool only
if no other ran in the same process at the time; else it is null, not a guess.
"""

import os
import resource
from collections.abc import Hashable, Mapping
from typing import Any, Final, NamedTuple

_UNKNOWN: Final[dict[str, Any]] = {}


class _Reading(NamedTuple):
    user_s: float
    system_s: float
    peak_kib: int
    own_peak_kib: int
    io: dict[str, int]


class Meter:
    """Reads what tools use in this process; usage is unknown while several of them run."""

    def __init__(self) -> None:
        """Start with no tool running."""
        self._running: dict[Hashable, _Reading] = {}
        self._alone = True

    def start(self, tool: Hashable, *, in_process: bool) -> None:
        """Read the counters as *tool* starts; *in_process*: it is the Python code of a ``run:``."""
        self._alone = not self._running
        self._running[tool] = _read(in_process=in_process)

    def stop(self, tool: Hashable, *, in_process: bool) -> dict[str, Any]:
        """Return what *tool* used (fields of ``Usage``); empty if another tool ran meanwhile."""
        before = self._running.pop(tool, None)
        if before is None or not self._alone:
            return _UNKNOWN
        after = _read(in_process=in_process)
        known = in_process or after.peak_kib > max(before.peak_kib, after.own_peak_kib)
        used = {
            "user_s": round(after.user_s - before.user_s, 6),
            "system_s": round(after.system_s - before.system_s, 6),
            # The peak of all children so far, each counted from the size of this process when it
            # was forked: it is this tool's if it is higher than both.
            "peak_rss_bytes": after.peak_kib * 1024 if known else None,
            "peak_rss_bound_bytes": after.peak_kib * 1024,
            "cgroup_peak_bytes": _cgroup_peak(os.environ),
        }
        for name, counter in (("read_bytes", "read_bytes"), ("written_bytes", "write_bytes")):
            if counter in before.io and counter in after.io:
                used[name] = max(0, after.io[counter] - before.io[counter])
        return used


def _read(*, in_process: bool) -> _Reading:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    user_s, system_s, peak = children.ru_utime, children.ru_stime, children.ru_maxrss
    own = resource.getrusage(resource.RUSAGE_SELF)
    if in_process:
        user_s, system_s = user_s + own.ru_utime, system_s + own.ru_stime
        peak = max(peak, own.ru_maxrss)
    return _Reading(user_s, system_s, peak, own.ru_maxrss, _io())


def _io() -> dict[str, int]:
    """Return the bytes that this process and its ended children read and wrote."""
    try:
        with open("/proc/self/io", encoding="ascii") as file:
            pairs = (line.split(":", 1) for line in file if ":" in line)
            return {name: int(value) for name, value in pairs}
    except (OSError, ValueError):
        return {}


def _cgroup_peak(environ: Mapping[str, str], root: str = "/") -> int | None:
    """Return the peak memory of the job's control group, or None.

    Only a group with the job's id in its path is the job's own; others count other processes, too.
    """
    job = environ.get("SLURM_JOB_ID")
    if job is None:
        return None
    try:
        with open(os.path.join(root, "proc/self/cgroup"), encoding="ascii") as file:
            groups = [line.rstrip("\n").split(":", 2) for line in file]
    except (OSError, ValueError):
        return None
    for _, controllers, path in (group for group in groups if len(group) == 3):
        head, found, _ = f"{path}/".partition(f"/job_{job}/")
        if not found:
            continue
        where = f"{head}{found}".strip("/")
        if not controllers:
            return _number(os.path.join(root, "sys/fs/cgroup", where, "memory.peak"))
        if "memory" in controllers.split(","):
            name = "memory.max_usage_in_bytes"
            return _number(os.path.join(root, "sys/fs/cgroup/memory", where, name))
    return None


def _number(path: str) -> int | None:
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None
