"""Find and read the journal that a command is about: the named one, or the newest run here."""

import argparse
import contextlib
import os
import pwd
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal.files import (
    SUBFOLDER,
    Detail,
    JournalError,
    journals_below,
    journals_in,
    read_journal,
)
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.run.attempt import FINAL
from snakemake_logger_plugin_observe.run.fold import extend_to, fold
from snakemake_logger_plugin_observe.run.model import Run

_BAD_ENDS: Final = ("failed", "interrupted", "killed")


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Add the journal to a command's arguments."""
    parser.add_argument(
        "journal",
        nargs="?",
        type=Path,
        metavar="JOURNAL",
        help="a journal, or a run's working directory (default: the newest run here)",
    )


def load(named: Path | None, detail: Detail = Detail.WHOLE, *, failures: bool = False) -> Source:
    """Return the run in the journal *named*, or the newest real run of a working directory.

    A newer run that failed before it started a job is listed among the problems.

    Args:
        named: a journal, a working directory, or None for the current directory.
        detail: how much of it the command needs. ``Detail.JOBS`` only for a journal that is named:
            whether a run is real is known from its attempts.
        failures: whether a run that failed before it started a job counts as real.

    Raises:
        JournalError: if there is none, or it cannot be read.

    """
    if named is not None and not named.is_dir():
        return _load(named, detail)
    return _newest(named if named is not None else Path(), detail, failures=failures)


def find(named: Path | None) -> Path:
    """Return the journal that ``load`` would read.

    Raises:
        JournalError: if there is none.

    """
    if named is not None and not named.is_dir():
        return named
    return load(named, Detail.TIMES).path


def working_directory(journal: Path) -> Path:
    """Return the working directory that *journal* is in: what it contains is not to be trusted."""
    return above(journal.parent) or above(journal.absolute().parent) or Path()


def above(folder: Path) -> Path | None:
    """Return the working directory whose folder of journals is *folder*, or None."""
    depth = len(SUBFOLDER.parts)
    return folder.parents[depth - 1] if folder.parts[-depth:] == SUBFOLDER.parts else None


def _newest(folder: Path, detail: Detail, *, failures: bool) -> Source:
    found = journals_in(folder) or journals_below(folder)
    if not found:
        raise JournalError(
            f"no journal in {folder / SUBFOLDER}: run snakemake with --logger observe there, "
            "or name a journal"
        )
    unread: list[str] = []
    denied: list[str] = []
    failed: list[str] = []
    for path in reversed(found):
        try:
            source = _load(path, detail)
        except JournalError as error:
            unread.append(str(error))
            if isinstance(error.__cause__, PermissionError):
                denied.append(f"a newer run{_by(path)} is not shown: {error}")
            continue
        if is_real(source.run) or (failures and _failed_early(source)):
            problems = (*failed, *source.problems)
            return replace(source, problems=problems, unread=tuple(denied))
        if _failed_early(source):
            failed.append(f"{path}: a newer run, {source.status} before it started a job")
    if denied:
        raise JournalError(denied[0])
    if unread and len(unread) == len(found):
        raise JournalError(unread[0])
    raise JournalError(
        f"no run in {folder / SUBFOLDER} executed a job; name a journal to see it anyway"
    )


def _failed_early(source: Source) -> bool:
    """Whether a run failed or was ended before it started a job."""
    started = source.run.started
    return (
        started is not None
        and started.kind == "run"
        and not source.run.attempts
        and source.status in _BAD_ENDS
    )


def _load(path: Path, detail: Detail) -> Source:
    reading = read_journal(path, detail)
    run = fold(reading)
    alive = is_alive(run)
    if alive:
        extend_to(run, clock.now())
    problems = (*reading.problems, *_lost(run))
    shown = tuple(f"{path}: {one}" for one in problems)
    return Source(path, run, run.status(alive), shown, owner=_other_owner(path))


def _by(path: Path) -> str:
    owner = _other_owner(path)
    return f", by {owner}," if owner is not None else ""


def _other_owner(path: Path) -> str | None:
    """Return the name of the user that a journal belongs to; None if it is this one.

    A link in its place is of whoever made it, if that is another user.
    """
    users = [os.geteuid()]
    with contextlib.suppress(OSError):
        users = [os.lstat(path).st_uid, os.stat(path).st_uid]
    others = [user for user in users if user != os.geteuid()]
    if not others:
        return None
    try:
        return pwd.getpwuid(others[0]).pw_name
    except KeyError:
        return f"user {others[0]}"


def _lost(run: Run) -> Iterator[str]:
    """Say how many attempts are missing from a journal that has its last line."""
    if run.finished is None or run.finished.status != "success" or run.gaps:
        return
    counted = run.finished.attempt_count
    ended = sum(1 for a in run.attempts.values() if a.job_id is not None and a.status in FINAL)
    if ended < counted:
        yield (
            f"the ends of {counted - ended:,} of {counted:,} attempts are missing: lines were "
            "lost, and every figure is too small by these attempts"
        )


def is_real(run: Run) -> bool:
    """Whether this is no dry run or --touch, and at least one job was started."""
    return run.started is not None and run.started.kind == "run" and bool(run.attempts)


def is_alive(run: Run) -> bool | None:
    """Return whether the run's process is alive, or None if that is unknown on this machine."""
    started = run.started
    if run.finished is not None or started is None or started.host != socket.gethostname():
        return None
    try:
        os.kill(started.pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return None
    born = clock.process_started(started.pid)
    if started.process_started is None:  # the pid may be another process by now
        return None
    set_since, boot = 0, clock.boot_time()
    if None not in (boot, started.boot_time) and started.boot_id == clock.boot_id():
        set_since = (boot or 0) - (started.boot_time or 0)
    return born is not None and abs(born - set_since - started.process_started) <= clock.TICK
