"""The user's commands that verify what a run has published, started in its working directory.

The only place of the reader that starts programs named in a file. That file is the one that the
user named on the command line; this module imports nothing that reads journals, so no command can
come from one.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HERE: Final = "{here}"
_TAIL_BYTES: Final = 64 * 1024
_TAIL_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """How a command ended."""

    command: tuple[str, ...]
    """The program and its arguments, as they were started."""
    exit_code: int | None
    """None if it did not end by itself; negative: the number of a signal."""
    why: str
    """Why verification failed; empty if it ended with 0."""
    output: tuple[str, ...] = ()
    """The last lines of its output, stdout and stderr in order."""

    @property
    def ok(self) -> bool:
        """Whether it ended with exit code 0."""
        return self.exit_code == 0


def run_verify_command(
    command: Sequence[str], *, here: Path, folder: Path, timeout_s: float
) -> VerifyResult:
    """Run a command, without a shell, in *folder*, and return how it ended.

    Args:
        command: the program and its arguments; ``{here}`` in them stands for the folder *here*.
        here: the folder of the check file.
        folder: the run's working directory.
        timeout_s: after this time the command and its children are killed.

    """
    started = tuple(argument.replace(_HERE, str(here)) for argument in command)
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                started,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            named = error.filename if error.filename is not None else started[0]
            return VerifyResult(started, None, f"{named}: {error.strerror or error}")
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            _end(process)
            return VerifyResult(
                started, None, f"not done after {timeout_s:g} s", _tail(output.fileno())
            )
        except BaseException:
            _end(process)
            raise
        why = f"signal {-code}" if code < 0 else f"exit code {code}"
        return VerifyResult(started, code, why if code else "", _tail(output.fileno()))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a command and everything that it started in its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(descriptor: int) -> tuple[str, ...]:
    """Return the last lines that are not blank, without moving the writer's position."""
    start = max(0, os.fstat(descriptor).st_size - _TAIL_BYTES)
    lines = os.pread(descriptor, _TAIL_BYTES, start).decode(errors="replace").splitlines()
    return tuple(line for line in lines if line.strip())[-_TAIL_LINES:]
