"""The processes of this machine: whether a run's main process lives, and what it waits for."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import RunStarted

_LATELY: Final = 60_000_000
"""A run that goes on writes something every 15 seconds; clocks may differ by some."""


def goes_on(started: RunStarted, last_moment: Callable[[], Micros]) -> bool | None:
    """Return whether a run that has no end yet goes on, or None if that cannot be known from here.

    Its process shows it. If that cannot be seen, because it is on another machine, the run goes on
    if something was just written in its journal; if not, it may wait, or be gone.

    Args:
        started: the run.
        last_moment: returns the latest moment in its journal; called only if it is needed.

    """
    alive = is_alive(started)
    if alive is None and abs(clock.now() - last_moment()) < _LATELY:
        return True
    return alive


def is_alive(started: RunStarted) -> bool | None:
    """Return whether a run's process is alive, or None if that is unknown on this machine."""
    if started.host != socket.gethostname():
        return None
    hidden = False
    try:
        os.kill(started.pid, 0)
    except ProcessLookupError:
        return False
    except OverflowError:
        return None
    except PermissionError:  # it is another user's, or another process by now
        hidden = True
    born = clock.process_started(started.pid)
    if started.process_started is None or (
        hidden and born is None
    ):  # the pid may be another process by now
        return None
    set_since, boot = 0, clock.boot_time()
    if None not in (boot, started.boot_time) and started.boot_id == clock.boot_id():
        set_since = (boot or 0) - (started.boot_time or 0)
    return born is not None and abs(born - set_since - started.process_started) <= clock.TICK


def snakemake_beside(started: RunStarted) -> int | None:
    """Return the id of a living process of Snakemake in the folder that a run worked in, or None.

    Processes of other users, and of other machines, cannot be seen.
    """
    if started.host != socket.gethostname() or not started.workdir:
        return None
    folder = os.path.realpath(started.workdir)
    with suppress(OSError):
        for entry in sorted(Path("/proc").glob("[0-9]*"), key=lambda one: int(one.name)):
            with suppress(OSError):
                if os.readlink(entry / "cwd") == folder and _is_snakemake(entry):
                    return int(entry.name)
    return None


def _is_snakemake(process: Path) -> bool:
    """Whether a process was started as ``snakemake``, or as Python's module of that name."""
    words = (process / "cmdline").read_bytes().split(b"\0")
    return any(word.rpartition(b"/")[2] == b"snakemake" for word in words[:6])


def commands_of(started: RunStarted) -> Iterator[tuple[int, tuple[str, ...], int]]:
    """Yield the commands that a run's main process has started and that have not ended.

    Of each its process, its words, and since when it runs. Nothing on another machine.
    """
    if started.host != socket.gethostname():
        return
    parent = str(started.pid).encode()
    with suppress(OSError):
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                stat = (entry / "stat").read_bytes().rpartition(b")")[2].split()
                if stat[1:2] != [parent] or stat[:1] == [b"Z"]:
                    continue
                text = (entry / "cmdline").read_bytes().decode(errors="replace")
                since = clock.process_started(int(entry.name))
                if since is not None:
                    yield int(entry.name), tuple(text.rstrip("\0").split("\0")), since


def is_stopped(started: RunStarted) -> bool:
    """Return whether a living process of this machine was stopped (Ctrl-Z, SIGSTOP)."""
    if started.host != socket.gethostname():
        return False
    try:
        stat = Path(f"/proc/{started.pid}/stat").read_bytes()
    except OSError:
        return False
    # The name before the state may contain anything, brackets too.
    return stat.rpartition(b")")[2].split()[:1] == [b"T"]
