"""The processes that Snakemake starts for tools, each waited for so that its own usage is known.

Snakemake starts the tool of every ``shell:``, ``script:``, ``wrapper:`` and ``notebook:`` with
``subprocess.Popen``, in the thread that runs the job, and waits for it. A subclass of ``Popen``
waits with ``wait4`` in place of ``waitpid``: the same call, which also returns what the process
and all its descendants that were waited for used, as ``/usr/bin/time`` reports it. Nothing else
about a process changes. Only the name ``sp`` in the module ``snakemake.shell`` is replaced.
"""

import os
import subprocess
import sys
from threading import get_ident
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from snakemake_logger_plugin_observe.probe import hidden

if TYPE_CHECKING:
    from resource import struct_rusage

    from snakemake_executor_plugin_timed.memory_samples import MemorySamples, Sampled
    from snakemake_executor_plugin_timed.printed_text import PrintedText

_SHELL: Final = "snakemake.shell"
_NAME: Final = "sp"


class EndedProcess(NamedTuple):
    """What a process used, and all its descendants that were waited for."""

    pid: int
    used: "struct_rusage"
    sampled: "Sampled | None" = None
    """What samples showed of them, if they were sampled."""


class ToolProcesses:
    """The processes of one execution of a tool, in the order in which they ended."""

    __slots__ = ("ended", "printed", "started")

    def __init__(self) -> None:
        """Start with no process."""
        self.started = 0
        self.ended: list[EndedProcess] = []
        self.printed: list[PrintedText] = []
        """What they print on stderr, if it is kept."""


_tools: dict[int, ToolProcesses] = {}
"""The tools that run in this process, by thread."""
_keep_lines = 0
_samples: "MemorySamples | None" = None


def install(keep_lines: int = 0, *, samples: "MemorySamples | None" = None) -> bool:
    """Measure the tools of this process from now on; return False if this Snakemake differs.

    Of what each process prints on stderr, the last *keep_lines* lines are kept; its memory is
    sampled by *samples*.
    """
    global _keep_lines, _samples
    _keep_lines, _samples = keep_lines, samples
    shell = sys.modules.get(_SHELL)
    known = getattr(shell, _NAME, None)
    if isinstance(known, _Subprocess):
        return True
    if known is not subprocess or not hasattr(subprocess.Popen, "_try_wait"):
        return False
    if not hasattr(os, "wait4"):
        return False
    setattr(shell, _NAME, _Subprocess())
    return True


def begin() -> None:
    """A tool is about to start in this thread."""
    _tools[get_ident()] = ToolProcesses()


def end() -> ToolProcesses:
    """Return the processes of the tool that has ended in this thread."""
    return _tools.pop(get_ident(), None) or ToolProcesses()


class _Popen(subprocess.Popen[Any]):
    """A process that adds what it used to the tool of the thread that started it."""

    _tool: ToolProcesses | None = None
    _printed: "PrintedText | None" = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        tool = _tools.get(get_ident())
        printed = _listen(kwargs) if tool is not None and _keep_lines else None
        try:
            super().__init__(*args, **kwargs)
        finally:
            if printed is not None:
                printed.release()
        self._tool, self._printed = tool, printed
        if tool is not None:
            tool.started += 1
            tool.printed += [printed] if printed is not None else []
            if _samples is not None:
                _samples.watch(self.pid)

    def _reap(self, pid: int, flags: int, _wait4: Any = os.wait4) -> tuple[int, int]:
        pid, status, used = _wait4(pid, flags)
        if pid == self.pid and self._tool is not None:
            sampled = _samples.forget(pid) if _samples is not None else None
            self._tool.ended.append(EndedProcess(pid, used, sampled))
            if self._printed is not None:
                self._printed.finish()
        return pid, status

    # The two places where Popen calls ``waitpid``.

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        try:
            return self._reap(self.pid, wait_flags)
        except ChildProcessError:  # somebody else has waited for it: as Popen takes it
            return self.pid, 0

    def _internal_poll(self, _deadstate: Any = None, **_defaults: Any) -> Any:
        return super()._internal_poll(_deadstate, _waitpid=self._reap)  # type: ignore[misc]


def _listen(arguments: dict[str, Any]) -> "PrintedText | None":
    """Have a process print to us, by its *arguments*; None if that is not possible."""
    if arguments.get("stderr") is not None:
        return None
    try:
        from snakemake_executor_plugin_timed.printed_text import PrintedText

        printed = PrintedText(_keep_lines, arguments.get("stdout"))
    except OSError:  # such as too many open files: it prints as without us
        return None
    arguments |= printed.arguments()
    return printed


for _method in (_Popen.__init__, _Popen._reap, _Popen._try_wait, _Popen._internal_poll):
    hidden(_method)


class _Subprocess(ModuleType):
    """The module ``subprocess`` with another ``Popen``."""

    def __init__(self) -> None:
        super().__init__("subprocess")
        self.Popen = _Popen

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)
