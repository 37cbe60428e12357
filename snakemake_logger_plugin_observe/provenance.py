"""Where the workflow's text came from: the Snakefile's digest, and its git commit.

Looked up on a thread of its own, for git can be slow on a large checkout, and with time limits.
"""

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.beside import beside
from snakemake_logger_plugin_observe.capture import Note

_GIT_LIMIT_S: Final = 5


def look_up(snakefile: str | None, workdir: Path, put: Callable[[Note], None]) -> None:
    """Find out, beside the run, and hand the note to *put*; tells nothing where nothing is."""
    if snakefile is None:
        return

    def work() -> None:
        path = workdir / snakefile
        facts = {"snakefile_sha256": sha256(path), **_git(path.parent)}
        if any(value is not None for value in facts.values()):
            put(Note("provenance", clock.now(), facts))

    if not beside(work, "observe-provenance"):
        work()


def sha256(path: Path) -> str | None:
    """Return the hex digest of the file at *path*, or None if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


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
