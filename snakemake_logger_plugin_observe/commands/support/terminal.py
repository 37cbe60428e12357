"""The terminal of ``watch``: a screen of its own, keys as they are pressed, and back as it was."""

import os
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final, NoReturn

from rich.console import Group, RenderableType
from rich.live import Live

from snakemake_logger_plugin_observe.reporters.forms.text import HarmlessConsole

_NAMES: Final = {
    b"\x1b[A": "up",
    b"\x1bOA": "up",
    b"\x1b[B": "down",
    b"\x1bOB": "down",
    b"\t": "tab",
    b"\x1b": "o",
    b"k": "up",
    b"j": "down",
}
_DUMB: Final = ("dumb", "unknown")


def has_screen() -> bool:
    """Whether standard output is a terminal that can show a screen."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in _DUMB


class Screen:
    """The screen while it is shown."""

    def __init__(self, live: Live, console: HarmlessConsole, keys: int | None) -> None:
        """Show through *live*; *keys* is the descriptor that keys come from, if there is one."""
        self._live = live
        self._console = console
        self._keys = keys

    @property
    def reads_keys(self) -> bool:
        """Whether keys are read."""
        return self._keys is not None

    @property
    def size(self) -> tuple[int, int]:
        """Its columns and lines now."""
        return self._console.size.width, self._console.size.height

    def show(self, parts: Sequence[RenderableType]) -> None:
        """Show a frame in place of the one before."""
        self._live.update(Group(*parts), refresh=True)

    def key(self, timeout_s: float) -> str | None:
        """Return the next key by name, None if none is pressed in time, or the window changes."""
        if self._keys is None:
            time.sleep(timeout_s)
            return None
        before, until = self.size, time.monotonic() + timeout_s
        while (left := until - time.monotonic()) > 0 and self.size == before:
            ready, _, _ = select.select([self._keys], [], [], min(left, 0.25))
            if ready:
                pressed = os.read(self._keys, 16)
                if not pressed:  # the terminal is gone
                    self._keys = None
                    return "q"
                return _NAMES.get(pressed, pressed[:1].decode("ascii", "replace"))
        return None


@contextmanager
def screen() -> Iterator[Screen]:
    """Take the terminal over, and leave it as it was whatever ends it: q, Ctrl-C, SIGTERM."""
    console = HarmlessConsole(
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        no_color=True if "NO_COLOR" in os.environ else None,
    )
    live = Live(console=console, screen=True, auto_refresh=False, redirect_stderr=False)
    with _ends_on_sigterm(), _keys() as keys, live:
        yield Screen(live, console, keys)


@contextmanager
def _keys() -> Iterator[int | None]:
    """Let keys be read one by one, without an echo; yield None if there is no terminal."""
    try:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        if os.tcgetpgrp(descriptor) != os.getpgrp():  # in the background keys are not ours
            yield None
            return
    except (AttributeError, OSError, ValueError, termios.error):
        yield None
        return
    tty.setcbreak(descriptor)
    try:
        yield descriptor
    finally:
        with suppress(termios.error, OSError):
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def _ends_on_sigterm() -> Iterator[None]:
    """End by SIGTERM as by an exception, and let Ctrl-Z be: a stopped screen cannot be left."""

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    stop = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGTSTP, stop)
