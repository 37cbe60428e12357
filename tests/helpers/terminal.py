"""A program in a terminal: its screen, keys sent to it, and the state of the terminal after it."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PATIENCE_S = 240
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]")
HIDES_CURSOR, SHOWS_CURSOR = "\x1b[?25l", "\x1b[?25h"
ENTERS_SCREEN, LEAVES_SCREEN = "\x1b[?1049h", "\x1b[?1049l"


class Terminal:
    """A terminal of so many columns and lines, with one program in it."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: dict[str, str],
        *,
        columns: int = 100,
        lines: int = 30,
    ) -> None:
        self._ours, self._its = pty.openpty()
        self.resize(columns, lines)
        self.before = termios.tcgetattr(self._its)
        self.printed = ""
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=self._its,
            stdout=self._its,
            stderr=self._its,
            start_new_session=True,
            preexec_fn=self._control,  # noqa: PLW1509 - the test has no threads
        )

    def _control(self) -> None:
        """Make it the terminal that Ctrl-C is pressed in."""
        fcntl.ioctl(self._its, termios.TIOCSCTTY, 0)

    def resize(self, columns: int, lines: int) -> None:
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._its, termios.TIOCSWINSZ, size)

    def press(self, key: str) -> None:
        os.write(self._ours, key.encode())

    @property
    def attributes(self) -> list[Any]:
        return termios.tcgetattr(self._its)

    def read(self, seconds: float = 0.2) -> None:
        ready, _, _ = select.select([self._ours], [], [], seconds)
        if ready:
            self.printed += os.read(self._ours, 1 << 16).decode(errors="replace")

    def shows(self, *texts: str, since: int = 0) -> str:
        """Wait until all *texts* have been printed behind character *since*; return what was."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            shown = _ESCAPES.sub("", self.printed[since:])
            if all(text in shown for text in texts):
                return shown
            self.read()
        raise AssertionError(
            f"not shown: {texts} in {_ESCAPES.sub('', self.printed[since:])[-3000:]}"
        )

    def ends(self) -> int:
        """Wait for its end, and return its exit code."""
        until = time.monotonic() + PATIENCE_S
        while self.process.poll() is None and time.monotonic() < until:
            self.read()
        code = self.process.wait(1)
        while select.select([self._ours], [], [], 0.1)[0]:
            self.read()
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._its)
        os.close(self._ours)
