"""What a tool prints on stderr: passed on to the console as it comes, and its end kept.

The tool writes into a pipe, or into a terminal of its own where stderr is one, so that it prints
the same. Where stdout and stderr go to the same place, both go through it, so that their order
stays. A thread for each tool passes on what arrives; the thread that waits for the tool passes on
the rest before Snakemake goes on, so that Snakemake's own lines come after the tool's.
"""

import _thread
import os
import select
from typing import Any, Final

_STDERR: Final = 2
_CHUNK: Final = 65_536
_MOST_AT_ONCE: Final = 64
_MOST_IN_A_LINE: Final = 500
_LAST_OF_A_TERMINAL_MS: Final = 50
"""A terminal's kernel side passes bytes on a moment later, unlike a pipe's."""


class PrintedText:
    """The output of a process on stderr, or on stdout and stderr."""

    __slots__ = ("_ended", "_far", "_is_terminal", "_lock", "_most", "_near", "_tail", "source")

    def __init__(self, lines: int, stdout: Any) -> None:
        """Make the way from the process to the console.

        Args:
            lines: how many of its last lines are kept.
            stdout: the process's stdout, as ``Popen`` takes it.

        Raises:
            OSError: if that is not possible.

        """
        self._most = lines * _MOST_IN_A_LINE
        self._tail = b""
        self._ended = False
        self._lock = _thread.allocate_lock()
        self._is_terminal = os.isatty(_STDERR)
        self._near, self._far = _terminal() if self._is_terminal else os.pipe()
        os.set_blocking(self._near, False)
        self.source = "stdout and stderr" if _is_stderr(stdout) else "stderr"
        """What of the process it is."""
        try:  # before the process is started: without a reader, it would stop once the pipe is full
            _thread.start_new_thread(self._follow, ())
        except RuntimeError as error:
            os.close(self._near)
            os.close(self._far)
            raise OSError(str(error)) from error

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of ``Popen`` that let a process print to it."""
        both = {"stdout": self._far} if self.source != "stderr" else {}
        return {**both, "stderr": self._far}

    def release(self) -> None:
        """Leave the far end to the process, which has been started, or could not be."""
        os.close(self._far)

    def _follow(self) -> None:
        ready = select.poll()
        ready.register(self._near, select.POLLIN)
        while not self._ended:
            ready.poll()
            with self._lock:
                self._pass_on()
        os.close(self._near)  # only here: elsewhere, its number could be another file's by now

    def finish(self) -> None:
        """Pass on what the process has printed, which has ended; its children may go on."""
        with self._lock:
            if self._ended:
                return
            self._pass_on()
            if self._is_terminal:
                ready = select.poll()
                ready.register(self._near, select.POLLIN)
                while not self._ended and ready.poll(_LAST_OF_A_TERMINAL_MS):
                    self._pass_on()

    def _pass_on(self) -> None:
        """Pass on what has arrived, and notice the end."""
        for _ in range(_MOST_AT_ONCE):
            if self._ended:
                return
            try:
                data = os.read(self._near, _CHUNK)
            except BlockingIOError:
                return
            except OSError:  # the end of a terminal
                data = b""
            self._ended = not data or not _written(data)
            self._tail = (self._tail + data)[-self._most :]

    def last_bytes(self) -> bytes:
        """Return the end of what was printed: as many bytes as the lines may have."""
        return self._tail


def _is_stderr(stdout: Any) -> bool:
    """Whether *stdout*, an argument of ``Popen``, goes where stderr goes."""
    try:
        descriptor = 1 if stdout is None else stdout if isinstance(stdout, int) else stdout.fileno()
        return descriptor >= 0 and os.path.sameopenfile(descriptor, _STDERR)
    except (OSError, AttributeError, ValueError):
        return False


def _terminal() -> tuple[int, int]:
    """Return the two ends of a terminal like stderr's that changes no byte."""
    import fcntl
    import termios
    import tty

    near, far = os.openpty()
    try:
        tty.setraw(far)
        size = fcntl.ioctl(_STDERR, termios.TIOCGWINSZ, bytes(8))
        fcntl.ioctl(far, termios.TIOCSWINSZ, size)
    except (OSError, termios.error) as error:
        os.close(near)
        os.close(far)
        raise OSError(str(error)) from error
    return near, far


def _written(data: bytes) -> bool:
    """Write *data* to the console; False if it is gone, as the process would then have noticed."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(_STDERR, view) :]
        except BlockingIOError:
            select.select([], [_STDERR], [])
        except OSError:
            return False
    return True
