"""Where the workflow's text came from: the digests of its files, and its git commit.

Looked up on threads of their own, for git can be slow on a large checkout, and a file system that
one of the files lies on can hang; with time limits.
"""

import hashlib
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.recording.background import beside
from snakemake_logger_plugin_observe.recording.log_records import Note
from snakemake_logger_plugin_observe.recording.workflow_sources import digests

_GIT_LIMIT_S: Final = 5
_SOURCES_LIMIT_S: Final = 10


def look_up(
    snakefile: str | None, sources: tuple[str, ...], workdir: Path, put: Callable[[Note], None]
) -> threading.Event:
    """Find out, beside the run, and hand the note to *put*; tells nothing where nothing is.

    Args:
        snakefile: the main Snakefile.
        sources: all local texts that the workflow is made of, see ``sources.named_by``.
        workdir: the run's working directory.
        put: takes the note.

    Returns:
        What is set once all has been found out.

    """
    done = threading.Event()

    def work() -> None:
        try:
            facts = {} if snakefile is None else _facts(workdir / snakefile, sources, workdir)
            if any(value not in (None, {}) for value in facts.values()):
                put(Note("provenance", clock.now(), facts))
        finally:
            done.set()

    if not beside(work, "observe-provenance"):
        work()
    return done


def _facts(snakefile: Path, sources: tuple[str, ...], workdir: Path) -> dict[str, Any]:
    read = _digests_beside(sources, workdir)
    return {"snakefile_sha256": sha256(snakefile), **_git(snakefile.parent), "sources": read()}


def sha256(path: Path) -> str | None:
    """Return the hex digest of the file at *path*, or None if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _digests_beside(sources: tuple[str, ...], workdir: Path) -> Callable[[], dict[str, str]]:
    """Begin to read *sources*; return what waits for their digests, some seconds at most."""
    found: dict[str, str] = {}
    read = threading.Event()

    def work() -> None:
        digests(sources, workdir, found)
        read.set()

    def wait() -> dict[str, str]:
        read.wait(_SOURCES_LIMIT_S)
        return dict(sorted(found.copy().items()))

    if not beside(work, "observe-sources"):
        work()
    return wait


def _git(folder: Path) -> dict[str, str | bool | None]:
    commit = _ask_git(folder, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return {"git_commit": None, "git_dirty": None}
    status = _ask_git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"git_commit": commit.strip(), "git_dirty": None if status is None else bool(status)}


def _ask_git(folder: Path, *words: str) -> str | None:
    """Return what git says, or None; it takes no lock and refreshes no index."""
    command = ["git", "--no-optional-locks", "-C", str(folder), *words]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_GIT_LIMIT_S,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
