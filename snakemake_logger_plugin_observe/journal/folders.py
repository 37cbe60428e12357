"""Folders of journals: where they are, and which journals are in one."""

import os
import re
from collections import Counter
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.trusted_paths import make_folder, open_folder

_SECOND: Final = re.compile(r"\d{8}T\d{6}", re.ASCII)
SUBFOLDER: Final = Path(".snakemake", "observe")
PLAIN: Final = ".jsonl"
COMPRESSED: Final = ".jsonl.gz"
_ENDINGS: Final = (PLAIN, COMPRESSED)


def open_journals_folder(folder: Path, *, make: bool = False) -> int:
    """Return a descriptor of a folder of journals, for ``dir_fd`` arguments.

    The default folder may be shared: other users' links are not followed to it. One that the user
    named may be whatever the user likes.

    Args:
        folder: the folder.
        make: whether it is made if it is not there.

    Raises:
        OSError: if there is none, it cannot be made, or a link on the way is not to be followed.

    """
    if folder.parts[-len(SUBFOLDER.parts) :] == SUBFOLDER.parts:
        return make_folder(folder) if make else open_folder(folder.parents[1], SUBFOLDER)
    if make:
        folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def is_named_like_a_journal(name: str) -> bool:
    """Whether a file of this name may be a journal, compressed or not."""
    return name.endswith(_ENDINGS)


def journal_files(folder: Path) -> list[Path]:
    """Return the files in *folder* that are named like journals, by name; none if unreadable."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [folder / name for name in sorted(names) if is_named_like_a_journal(name)]


def journals_at(folder: Path) -> list[Path]:
    """Return the journals of a working directory, or of a folder of journals, the newest run last.

    Raises:
        JournalError: if their folder may not be read.

    """
    return journals_in(folder) or journals_below(folder)


def journals_in(workdir: Path) -> list[Path]:
    """Return the journals below *workdir*, the newest run last (their names sort by start).

    Raises:
        JournalError: if their folder may not be read.

    """
    return journals_below(workdir / SUBFOLDER)


def journals_below(folder: Path) -> list[Path]:
    """Return the journals in *folder*, the newest run last; none if there is no such folder.

    Raises:
        JournalError: if it may not be read.

    """
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        hint = "; its owner can let you read it" if isinstance(error, PermissionError) else ""
        raise JournalError(f"{folder}: {error.strerror or error}{hint}") from error
    return _in_order([folder / name for name in sorted(names) if is_named_like_a_journal(name)])


def _in_order(journals: list[Path]) -> list[Path]:
    """Return *journals*, those whose names have one and the same second by their last lines."""
    seconds = Counter(map(_second, journals))
    if len(seconds) == len(journals):
        return journals
    return sorted(journals, key=lambda one: (_second(one), _written(one, seconds), one.name))


def _second(journal: Path) -> str:
    """Return the second of the start, by which a journal is named; the name of one that is not."""
    second = journal.name.rpartition("-")[0]
    return second if _SECOND.fullmatch(second) else journal.name


def _written(journal: Path, seconds: Counter[str]) -> int:
    try:
        return os.stat(journal).st_mtime_ns if seconds[_second(journal)] > 1 else 0
    except OSError:
        return 0
