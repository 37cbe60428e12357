"""A run's published files: those in its working directory that the user's globs match."""

import contextlib
import fnmatch
import glob
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePosixPath

from snakemake_logger_plugin_observe.journal.trusted_paths import open_file


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file that a glob matched, relative to the folder."""

    path: str
    bytes: int


def published(folder: Path, pattern: str) -> list[PublishedFile]:
    """Return the files below *folder* that *pattern* matches, sorted by name.

    ``**`` matches any depth, and follows no links to folders. As in a shell, names that begin with
    a dot are matched only by a pattern that begins with one.
    """
    found = []
    for name in sorted(set(_matching(folder, "", PurePosixPath(pattern).parts))):
        with contextlib.suppress(OSError):  # gone since, or a link to nowhere: not published
            known = os.stat(folder / name)
            if stat.S_ISREG(known.st_mode):
                found.append(PublishedFile(name, known.st_size))
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


def _opened(folder: Path, path: str) -> BufferedReader:
    return os.fdopen(open_file(folder, path, follow=True), "rb")


def checksums(folder: Path, patterns: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of each file below *folder* that one of *patterns* matches.

    Files that cannot be read are left out.
    """
    found: dict[str, str] = {}
    for path in dict.fromkeys(
        file.path for pattern in patterns for file in published(folder, pattern)
    ):
        with contextlib.suppress(OSError), _opened(folder, path) as opened:
            found[path] = hashlib.file_digest(opened, "sha256").hexdigest()
    return found
