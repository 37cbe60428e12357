"""Where the workflow's source text came from: the digests of its files, and its git commit.

Looked up on background threads with time limits: git can be slow in a large checkout, and a file
system can hang.
"""

import hashlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal.trusted_paths import open_plain
from snakemake_logger_plugin_observe.recording.background import in_background
from snakemake_logger_plugin_observe.recording.notes import SourcesFound
from snakemake_logger_plugin_observe.recording.workflow_sources import digests

_GIT_LIMIT_S: Final = 5
_COMPARING: Final = ("filemode", "symlinks", "ignorecase", "autocrlf", "eol", "trustctime")
_SHA256_DIGITS: Final = 64
_OF_SHA256: Final = "[core]\nrepositoryformatversion = 1\n[extensions]\nobjectformat = sha256\n"
_NO_PLACES: Final[Mapping[str, str]] = MappingProxyType({})
_SOURCES_LIMIT_S: Final = 10


def look_up(
    snakefile: str | None,
    sources: tuple[str, ...],
    workdir: Path,
    put: Callable[[SourcesFound], None],
    keyed: Callable[[str, str], str],
) -> threading.Event:
    """Look them up in the background; *put* is called once, or not at all if nothing was found.

    Args:
        snakefile: the main Snakefile.
        sources: all local files that the workflow is made of, see ``workflow_sources.paths_of``.
        workdir: the run's working directory.
        put: takes the note.
        keyed: given a file's path and digest, returns the digest to write.

    Returns:
        An event that is set when the look-up has ended.

    """
    done = threading.Event()

    def work() -> None:
        try:
            if snakefile is not None:
                found = _find(workdir / snakefile, sources, workdir, keyed)
                if found.snakefile_sha256 or found.git_commit or found.sources:
                    put(found)
        finally:
            done.set()

    if not in_background(work, "observe-provenance"):
        work()
    return done


def _find(
    snakefile: Path,
    sources: tuple[str, ...],
    workdir: Path,
    keyed: Callable[[str, str], str],
) -> SourcesFound:
    read = _read_in_background(sources, workdir, keyed)
    commit, dirty = _git(snakefile.parent)
    return SourcesFound(
        clock.now(),
        snakefile_sha256=sha256(snakefile),
        sources=read(),
        git_commit=commit,
        git_dirty=dirty,
    )


def sha256(path: Path) -> str | None:
    """Return the hex digest of the file at *path*, or None if it cannot be read."""
    try:
        with open(open_plain(path), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _read_in_background(
    sources: tuple[str, ...], workdir: Path, keyed: Callable[[str, str], str]
) -> Callable[[], dict[str, str]]:
    """Start reading *sources*; return a function that waits up to 10 s and returns the digests."""
    found: dict[str, str] = {}
    done = threading.Event()

    def work() -> None:
        digests(sources, workdir, found, keyed)
        done.set()

    def wait() -> dict[str, str]:
        done.wait(_SOURCES_LIMIT_S)
        return dict(sorted(found.copy().items()))

    if not in_background(work, "observe-sources"):
        work()
    return wait


def _git(folder: Path) -> tuple[str | None, bool | None]:
    """Return the commit that is checked out in *folder*, and whether tracked files differ.

    A repository's configuration names programs that git runs (``core.fsmonitor``, filters), and in
    a shared folder others may have written it. So only its place is asked for there, and the files
    are compared with a configuration that is made here.
    """
    where = ("--show-toplevel", "--git-path", "index", "--git-path", "objects")
    said = _run_git(folder, "rev-parse", "--verify", "HEAD")
    if said is None:
        return None, None
    commit = said.strip()
    found = (_run_git(folder, "rev-parse", *where) or "").splitlines()
    if len(found) != len(where) - 2:
        return commit, None
    top, index, objects = (os.path.abspath(folder / one) for one in found)
    status = _status(Path(top), index, objects, commit, _how_files_are_compared(folder))
    return commit, None if status is None else bool(status)


def _how_files_are_compared(folder: Path) -> tuple[str, ...]:
    """Return the repository's settings about modes, links and the ends of lines, as arguments."""
    lines = _run_git(folder, "config", "--get-regexp", rf"^core\.({'|'.join(_COMPARING)})$") or ""
    pairs = (line.partition(" ") for line in lines.splitlines())
    return tuple(word for name, _, value in pairs for word in ("-c", f"{name}={value}"))


def _status(
    top: Path, index: str, objects: str, commit: str, settings: tuple[str, ...]
) -> str | None:
    """Return what ``git status`` says of tracked files, without the repository's configuration."""
    try:
        with tempfile.TemporaryDirectory(prefix="observe-") as made:
            git = Path(made)
            (git / "refs").mkdir()
            (git / "HEAD").write_text(f"{commit}\n")
            if len(commit) == _SHA256_DIGITS:
                (git / "config").write_text(_OF_SHA256)
            places = {
                "GIT_DIR": made,
                "GIT_COMMON_DIR": made,
                "GIT_WORK_TREE": str(top),
                "GIT_INDEX_FILE": index,
                "GIT_OBJECT_DIRECTORY": objects,
            }
            # A submodule has a configuration of its own: only its commit is compared.
            asked = ("--porcelain", "--untracked-files=no", "--ignore-submodules=dirty")
            return _run_git(top, *settings, "status", *asked, places=places)
    except OSError:
        return None


def _run_git(folder: Path, *arguments: str, places: Mapping[str, str] = _NO_PLACES) -> str | None:
    """Return what git prints, or None if it fails; it takes no lock and refreshes no index."""
    command = ["git", "--no-pager", "--no-optional-locks", "-c", "core.fsmonitor=false"]
    try:
        done = subprocess.run(
            [*command, "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_GIT_LIMIT_S,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **places},
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
