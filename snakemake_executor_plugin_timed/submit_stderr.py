"""What submit commands print on stderr: on the console as it comes, and kept for a failure.

An executor such as cluster-generic runs the user's submit command by ``subprocess.check_output``
and leaves its stderr to the console, so that an error of the cluster is in no message. Only the
name ``subprocess`` in the executor's own module is replaced, and only commands that the thread of
a submission runs, and whose stderr is not taken already, are given another stderr: that of a
``tee``. It is a process of its own, so that a job that a submit command leaves in the background
can still print when this process is stopped or gone.
"""

import os
import subprocess
import sys
import tempfile
import time
from threading import get_ident
from types import ModuleType
from typing import Any, Final

from snakemake_logger_plugin_observe.probe import hidden

_NAME: Final = "subprocess"
_PLUGINS: Final = "snakemake_executor_plugin_"
_STDERR: Final = 2
_ITS_FILE: Final = 9
_MOST_KEPT: Final = 1_000_000
_MOST_READ: Final = 8_000
_WAIT_S: Final = 0.002
_MOST_WAITS: Final = 25


class SubmitStderr:
    """Keeps what the submit commands of one run print."""

    def __init__(self) -> None:
        """Keep nothing before ``install``."""
        self._copy: _Copy | None = None
        self._begun: dict[int, int] = {}
        self._tried = False

    def install(self, executor: Any) -> bool:
        """Keep what *executor*'s submit commands print; False if it runs none in this way."""
        name = type(executor).__module__
        module = sys.modules.get(name)
        known = getattr(module, _NAME, None)
        if module is None or not name.startswith(_PLUGINS):
            return False
        if known is not subprocess and not isinstance(known, _Subprocess):
            return False
        setattr(module, _NAME, _Subprocess(self))
        return True

    def begin(self) -> None:
        """A submission begins in this thread."""
        self._begun[get_ident()] = self._copy.size() if self._copy is not None else 0

    def end(self) -> None:
        """A submission has ended in this thread."""
        self._begun.pop(get_ident(), None)

    def printed(self) -> bytes:
        """Return the end of what was printed since the submission of this thread began."""
        begun = self._begun.get(get_ident())
        return self._copy.since(begun) if self._copy is not None and begun is not None else b""

    def close(self) -> None:
        """Keep nothing any more: there are no more submissions."""
        if self._copy is not None:
            self._copy.close()
        self._copy, self._tried = None, True

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of ``subprocess`` for a command that this thread runs."""
        if get_ident() not in self._begun:
            return {}
        if not self._tried:
            self._tried = True
            try:
                self._copy = _Copy()
            except (OSError, NotImplementedError):  # such as no ``tee``: as without us
                return {}
        if self._copy is None or not self._copy.lives():
            return {}
        return {"stderr": self._copy.descriptor}


class _Copy:
    """A ``tee`` that writes to the console and to a file without a name."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by ``close``
        near, self.descriptor = os.pipe()
        target = _ITS_FILE if self._file.fileno() != _ITS_FILE else _ITS_FILE + 1
        try:
            self._pid = os.posix_spawnp(
                "tee",
                ["tee", "-i", "-a", f"/dev/fd/{target}"],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, near, 0),
                    (os.POSIX_SPAWN_DUP2, _STDERR, 1),
                    (os.POSIX_SPAWN_DUP2, self._file.fileno(), target),
                ],
                setpgroup=0,  # Ctrl-C and Ctrl-Z are not meant for it
            )
        except BaseException:
            os.close(self.descriptor)
            self._file.close()
            raise
        finally:
            os.close(near)

    def lives(self) -> bool:
        """Whether what is printed still arrives anywhere."""
        try:
            return os.waitpid(self._pid, os.WNOHANG)[0] == 0
        except ChildProcessError:
            return False

    def size(self) -> int:
        """Return how much was printed so far, after making room if that is much."""
        size = os.fstat(self._file.fileno()).st_size
        if size < _MOST_KEPT:
            return size
        os.ftruncate(self._file.fileno(), 0)
        return 0

    def since(self, begun: int) -> bytes:
        """Return the end of what was printed since the file had *begun* bytes."""
        before = -1
        for _ in range(_MOST_WAITS):
            size = os.fstat(self._file.fileno()).st_size
            if size == before and not self._is_under_way():
                break
            before = size
            time.sleep(_WAIT_S)
        size = os.fstat(self._file.fileno()).st_size
        begun = max(begun, size - _MOST_READ)
        return os.pread(self._file.fileno(), _MOST_READ, begun)

    def _is_under_way(self) -> bool:
        """Whether something was printed that ``tee`` has not read yet."""
        import fcntl
        import termios

        waiting = fcntl.ioctl(self.descriptor, termios.FIONREAD, bytes(4))
        return any(waiting)

    def close(self) -> None:
        os.close(self.descriptor)
        self._file.close()
        self.lives()  # has its end noticed, if it has ended


class _Subprocess(ModuleType):
    """The module ``subprocess``, whose blocking calls may be given another stderr."""

    def __init__(self, keeper: SubmitStderr) -> None:
        super().__init__(_NAME)
        self._keeper = keeper

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def check_output(self, *args: Any, **kwargs: Any) -> Any:
        return subprocess.check_output(*args, **self._with_stderr(kwargs))

    def check_call(self, *args: Any, **kwargs: Any) -> Any:
        return subprocess.check_call(*args, **self._with_stderr(kwargs))

    def run(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("capture_output"):
            return subprocess.run(*args, **kwargs)  # noqa: PLW1510 - as it is called
        return subprocess.run(*args, **self._with_stderr(kwargs))  # noqa: PLW1510

    def _with_stderr(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        if kwargs.get("stderr") is not None:
            return kwargs
        return {**kwargs, **self._keeper.arguments()}


for _method in (_Subprocess.check_output, _Subprocess.check_call, _Subprocess.run):
    hidden(_method)
