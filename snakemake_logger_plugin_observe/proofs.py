"""What a run has published, looked at where it ran: files by globs, the person's own commands.

The only place of the reader that starts what a file names. That file is the one that the person
named on the command line; this module knows no journal, so nothing that one says gets here.
"""

import contextlib
import fnmatch
import glob
import os
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

_HERE: Final = "{here}"
_TAIL_BYTES: Final = 64 * 1024
_TAIL_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class Published:
    """A file that a glob matched, below the folder."""

    path: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Proof:
    """How a command ended."""

    words: tuple[str, ...]
    """As it was started."""
    exit_code: int | None
    """None where it did not end by itself; a signal's number below 0."""
    why: str
    """Why it proves nothing; empty if it ended with 0."""
    output: tuple[str, ...] = ()
    """The last lines of what it printed, stdout and stderr as they came."""

    @property
    def ok(self) -> bool:
        """Whether it ended with exit code 0."""
        return self.exit_code == 0


def published(folder: Path, pattern: str) -> list[Published]:
    """Return the files below *folder* that *pattern* matches, by name.

    ``**`` is any depth, and follows no link to a folder. As in a shell, names that begin with a
    dot are matched only by a pattern that does.
    """
    found = []
    for name in sorted(set(_matching(folder, "", PurePosixPath(pattern).parts))):
        with contextlib.suppress(OSError):  # gone since, or a link to nowhere: not published
            known = os.stat(folder / name)
            if stat.S_ISREG(known.st_mode):
                found.append(Published(name, known.st_size))
    return found


def _matching(root: Path, below: str, parts: tuple[str, ...]) -> Iterator[str]:
    """Yield the names under *root* that match *parts*, each a pattern for one name."""
    if not parts:
        yield below
        return
    first, rest = parts[0], parts[1:]
    if not glob.has_magic(first):
        yield from _matching(root, os.path.join(below, first), rest)
        return
    any_depth = first == "**"
    if any_depth and rest:
        yield from _matching(root, below, rest)
    try:
        entries = sorted(os.scandir(root / below), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        inside = os.path.join(below, entry.name)
        if entry.name.startswith(".") and not first.startswith("."):
            continue
        if any_depth and entry.is_dir(follow_symlinks=False):
            yield from _matching(root, inside, parts)
        elif any_depth:
            yield from [] if rest else [inside]
        elif fnmatch.fnmatchcase(entry.name, first):
            yield from _matching(root, inside, rest)


def prove(words: Sequence[str], *, here: Path, folder: Path, timeout_s: float) -> Proof:
    """Run a command, without a shell, in *folder*, and return how it ended.

    Args:
        words: the command; ``{here}`` in them is the folder *here*.
        here: where the file is that asks for it.
        folder: where the run was.
        timeout_s: after so many seconds the command and its children are killed.

    """
    started = tuple(word.replace(_HERE, str(here)) for word in words)
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
            return Proof(started, None, f"{named}: {error.strerror or error}")
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            _end(process)
            return Proof(started, None, f"not done after {timeout_s:g} s", _tail(output.fileno()))
        except BaseException:
            _end(process)
            raise
        said = f"signal {-code}" if code < 0 else f"exit code {code}"
        return Proof(started, code, said if code else "", _tail(output.fileno()))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a command that goes on, with all that it started in its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(descriptor: int) -> tuple[str, ...]:
    """Return the last lines that say something; the file's position is its writer's."""
    start = max(0, os.fstat(descriptor).st_size - _TAIL_BYTES)
    lines = os.pread(descriptor, _TAIL_BYTES, start).decode(errors="replace").splitlines()
    return tuple(line for line in lines if line.strip())[-_TAIL_LINES:]
