"""Slurm's commands that only look, run within a time limit: what they print, or why they cannot.

They answer in milliseconds, or not at all: a controller may be down, a wrapper script of the site
may hang or print anything. A command that is late is killed with everything that it started, and
no more than some megabytes are read of what it prints.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import Final

_MOST_BYTES: Final = 32 * 1024 * 1024
_CHUNK: Final = 1 << 16
_SHOWN: Final = 200


class SlurmError(Exception):
    """Slurm could not be asked; its text is one line that says why."""


def output_of(command: Sequence[str], patience_s: float) -> str:
    """Return the output of a Slurm command, with moments as seconds since the epoch.

    Raises:
        SlurmError: if it is missing, fails, prints too much or takes longer than *patience_s*.

    """
    name = command[0]
    until = time.monotonic() + max(0.1, patience_s)
    try:
        process = subprocess.Popen(
            command,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C must only reach Snakemake
        )
    except OSError as error:
        raise SlurmError(f"{name} cannot be run ({error.strerror})") from None
    printed = bytearray(), bytearray()
    try:
        _read(process, until, printed)
        out, err = map(bytes, printed)
        if len(out) > _MOST_BYTES:
            raise SlurmError(f"{name} printed more than {_MOST_BYTES >> 20} MB")
        code = process.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        said = _on_one_line(printed[1])
        raise SlurmError(f"{name} did not answer in time{f' ({said})' if said else ''}") from None
    finally:
        _end(process)
    if code != 0:
        raise SlurmError(f"{name} failed with exit code {code}: {_on_one_line(err)}")
    return out.decode(errors="replace")


def check_readable(name: str, text: str, separator: str, cells: int) -> None:
    """Check that an answer has rows of so many *cells*, if it has any line at all.

    Raises:
        SlurmError: if none of its lines is one: another program printed it, or another version.

    """
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and not any(line.count(separator) >= cells - 1 for line in lines):
        raise SlurmError(f"{name}'s answer cannot be read")


def _on_one_line(printed: bytes | bytearray) -> str:
    return " ".join(printed.decode(errors="replace").split())[:_SHOWN]


def _environment() -> dict[str, str]:
    """Return the environment, with no command found in a folder by a relative path."""
    found = {**os.environ, "SLURM_TIME_FORMAT": "%s", "LC_ALL": "C"}
    entries = filter(os.path.isabs, found.get("PATH", "").split(os.pathsep))
    found["PATH"] = os.pathsep.join(entries) or os.defpath  # an empty one is the current folder
    return found


def _read(
    process: subprocess.Popen[bytes], until: float, printed: tuple[bytearray, bytearray]
) -> None:
    """Read what *process* prints, up to its end or a little more than the most that is read.

    Raises:
        subprocess.TimeoutExpired: if it has not closed its output at *until*.

    """
    streams = [one for one in (process.stdout, process.stderr) if one is not None]
    found = {stream.fileno(): text for stream, text in zip(streams, printed, strict=True)}
    with selectors.DefaultSelector() as waiting:
        for number in found:
            waiting.register(number, selectors.EVENT_READ)
        while waiting.get_map():
            left = until - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(process.args, 0)
            for key, _ in waiting.select(left):
                data = os.read(key.fd, _CHUNK)
                found[key.fd] += data
                if not data or len(found[key.fd]) > _MOST_BYTES:
                    waiting.unregister(key.fd)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a command and of everything that it started in its session."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
