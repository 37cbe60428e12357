"""What tools used: the kernel's counters of their processes, as fields of ``Usage``.

A tool's processes are waited for one by one (``tool_processes.py``), so any number of tools may run
at once. The Python code of a ``run:`` has no process of its own: it uses what the Snakemake process
uses that runs it, which is known only if no other tool ran there at the time.

The kernel counts a child's memory from the size of its parent on, which it shares until it starts
its program. So the peak of a tool that is smaller than Snakemake has only an upper bound, and a
lower one from samples (``memory_samples.py``). What several processes held at once is known from
samples alone: the kernel's figure is that of the largest.
"""

import os
import resource
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from snakemake_executor_plugin_timed import tool_processes
from snakemake_executor_plugin_timed.own_memory import OwnPeak, high_water_mark

if TYPE_CHECKING:
    from snakemake_executor_plugin_timed.printed_text import PrintedText

Fields = dict[str, Any]
"""Fields of ``Usage``."""

_BLOCK: Final = 512
_CLOSE_BYTES: Final = 10_000_000
"""Bounds that are as close as this are as good as a figure."""
_UNIT_OF_PEAKS: Final = 1 if sys.platform == "darwin" else 1024
_NOT_WAITED_FOR: Final = "a process of it was still running when its job ended"
_NOT_ALONE: Final = "other tools ran in the same process at the time"
_OTHER_SNAKEMAKE: Final = "this version of Snakemake starts its tools in another way"
_ELSEWHERE: Final = "its code ran in another Snakemake process, which was not measured"
_IN_SNAKEMAKE: Final = "its Python code ran inside Snakemake's own process"


class _Reading(NamedTuple):
    """The counters of this process and its children."""

    user_s: float
    system_s: float
    blocks_read: float
    blocks_written: float


class Measured(NamedTuple):
    """What is known of a tool that has ended."""

    used: Callable[[], Fields]
    """Returns what it used; it may read files."""
    printed: "tuple[PrintedText, ...]" = ()
    """What its processes printed, if it is kept."""


class Meter:
    """Measures what the tools of this process use."""

    def __init__(self, keep_lines: int = 0, *, sampling: bool = False) -> None:
        """Have tools measured from now on.

        Args:
            keep_lines: how many of the last lines are kept that they print on stderr.
            sampling: whether the memory of their processes is sampled.

        """
        samples = None
        if sampling:
            from snakemake_executor_plugin_timed.memory_samples import MemorySamples

            samples = MemorySamples()
        self._sees_processes = tool_processes.install(keep_lines, samples=samples)
        self._counts_bytes = os.path.exists("/proc/self/io")
        self._own_peak = OwnPeak()
        self._own_at_least = 0
        """The peak of this process when that was last of interest; it can only have grown."""
        self._running: dict[Hashable, _Reading | None] = {}
        self._overlapped: set[Hashable] = set()

    def start(self, tool: Hashable, *, in_process: bool) -> None:
        """Measure *tool*, which starts in this thread; *in_process*: the code of a ``run:``."""
        if self._running:
            self._overlapped |= {tool, *self._running}
        if in_process:
            self._running[tool] = _read()
        else:
            self._running[tool] = None
            tool_processes.begin()

    def stop(self, tool: Hashable, job: Any, *, in_process: bool) -> "Measured":
        """Return what is known of the *tool* of *job*."""
        before = self._running.pop(tool, None)
        alone = tool not in self._overlapped
        self._overlapped.discard(tool)
        if in_process:
            after = _read()
            return Measured(lambda: self._of_this_process(before, after, alone=alone))
        found = tool_processes.end()
        own_peak = _own_peak() if self._may_be_larger(found) else None
        why = self._why_unknown(found, job)
        return Measured(
            lambda: {"unobserved": why} if why else self._of_processes(found, own_peak),
            tuple(found.printed),
        )

    def _why_unknown(self, tool: tool_processes.ToolProcesses, job: Any) -> str | None:
        """Return why the processes of *tool* do not show what *job* used, or None."""
        if getattr(job, "is_run", False) or (not tool.started and getattr(job, "is_shadow", False)):
            return _ELSEWHERE
        if not tool.started and getattr(job, "is_template_engine", False):
            return _IN_SNAKEMAKE
        if not self._sees_processes:
            return _OTHER_SNAKEMAKE
        return _NOT_WAITED_FOR if len(tool.ended) < tool.started else None

    def _may_be_larger(self, tool: tool_processes.ToolProcesses) -> bool:
        """Whether *tool* may be larger than this process: otherwise its own peak is not known."""
        peak = max((one.used.ru_maxrss for one in tool.ended), default=0) * _UNIT_OF_PEAKS
        return peak > self._own_at_least + _CLOSE_BYTES

    def _of_processes(self, tool: tool_processes.ToolProcesses, own_peak: int | None) -> Fields:
        """Return what *tool* used; *own_peak* is this process's then, if *tool* may be larger."""
        if not tool.started:
            return self._sums([_Reading(0, 0, 0, 0)])
        used = [process.used for process in tool.ended]
        peak = max(one.ru_maxrss for one in used) * _UNIT_OF_PEAKS
        known = False
        if own_peak is not None:
            # Where this process was itself started by a larger one, its counter is that one's size.
            own = self._own_at_least = self._own_peak.of(own_peak)
            # The kernel counts pages roughly: a child that is no larger may seem to be, by little.
            known = peak > own + _CLOSE_BYTES
        seen = [
            one.sampled for one in tool.ended if one.sampled is not None and one.sampled.samples
        ]
        sampled = max((one.peak for one in seen), default=0)
        least = peak if known else min(peak, sampled)
        return {
            **self._sums(_Reading(*_counters(one)) for one in used),
            "peak_rss_bytes": peak if peak - least <= _CLOSE_BYTES else None,
            "peak_rss_bound_bytes": peak,
            "peak_rss_least_bytes": least or None,
            "together_peak_bytes": max((one.together for one in seen), default=None),
            "processes_at_once": max((one.at_once for one in seen), default=None),
            "cgroup_peak_bytes": _cgroup_peak(os.environ),
        }

    def _of_this_process(self, before: _Reading | None, after: _Reading, *, alone: bool) -> Fields:
        if before is None or not alone:
            return {"unobserved": _NOT_ALONE}
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _UNIT_OF_PEAKS
        own = high_water_mark() or _own_peak()
        peak = max(own, children)
        change = _Reading(*(max(0, new - old) for old, new in zip(before, after, strict=True)))
        return {
            **self._sums([change]),
            "peak_rss_bytes": peak,
            "peak_rss_bound_bytes": peak,
            "peak_rss_least_bytes": peak,
            "with_snakemake": own >= children,
            "cgroup_peak_bytes": _cgroup_peak(os.environ),
        }

    def _sums(self, readings: Iterable[_Reading]) -> Fields:
        user_s, system_s, read, written = map(sum, zip(*readings, strict=True))
        sums: Fields = {"user_s": round(user_s, 6), "system_s": round(system_s, 6)}
        if self._counts_bytes:
            sums |= {"read_bytes": int(read) * _BLOCK, "written_bytes": int(written) * _BLOCK}
        return sums


def _read() -> _Reading:
    own = _counters(resource.getrusage(resource.RUSAGE_SELF))
    children = _counters(resource.getrusage(resource.RUSAGE_CHILDREN))
    return _Reading(*map(sum, zip(own, children, strict=True)))


def _counters(used: resource.struct_rusage) -> tuple[float, float, int, int]:
    return used.ru_utime, used.ru_stime, used.ru_inblock, used.ru_oublock


def _own_peak() -> int:
    """Return the peak of this process so far, or of the larger one that started it."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT_OF_PEAKS


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
