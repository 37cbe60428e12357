"""Write the files that a user asked for: completely, or not at all."""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.console import UserError
from snakemake_logger_plugin_observe.journal.lines import (
    BYTE_ORDER_MARK,
    JournalError,
    kind_of,
    next_line,
    opened,
)
from snakemake_logger_plugin_observe.pasting import harmless_lines

PRIVATE: Final = 0o600
"""The mode of what tells about a run: it is readable for nobody else, as the journal is."""
SHARED: Final = 0o666
"""The mode of what other people and programs read, as the user's umask has it."""


_PRINT: Final = "-"


class WritingError(UserError):
    """A file could not be written; the text is one line for the user."""


def check_output(path: Path, *, force: bool, inputs: Iterable[Path] = ()) -> None:
    """Check early what ``write`` checks again, so that no work is done for a file that is refused.

    Args:
        path: the file to write.
        force: whether an existing file may be replaced.
        inputs: what the command reads.

    Raises:
        WritingError: if it may not be written.

    """
    if force:
        _check_replaceable(path, inputs)
    else:
        check_is_new(path, "--force replaces it", inputs)


def write(
    path: Path, content: str | bytes, mode: int, *, force: bool, inputs: Iterable[Path] = ()
) -> None:
    """Write *content* to *path*, which must be new without *force*, and create its folders.

    Raises:
        WritingError: if it may not be written, or could not be; an existing file is then unchanged.

    """
    if force:
        replace(path, content, mode, inputs)
    else:
        create(path, content, mode)


def replace(
    path: Path, content: str | bytes, mode: int = SHARED, inputs: Iterable[Path] = ()
) -> None:
    """Write *content* to *path*, replacing a file and creating its folders.

    A journal is never replaced: it is the only record of its run.

    Args:
        path: a file, or where there is none; of a link, it is the link that is replaced.
        content: a text, or bytes as they are.
        mode: ``PRIVATE`` or ``SHARED``.
        inputs: what the command reads: none of it is replaced.

    Raises:
        WritingError: if it could not be written; an existing file is then unchanged.

    """
    _check_replaceable(path, inputs)
    draft = path.with_name(f".{secrets.token_hex(8)}.draft")  # nobody can have put a link there
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(draft, content, mode)
        try:
            os.replace(draft, path)
        except OSError:
            draft.unlink()
            raise
    except OSError as error:
        raise WritingError(f"{path}: {error.strerror or error}") from error


def check_is_new(
    path: Path, otherwise: str = "Name another file", inputs: Iterable[Path] = ()
) -> None:
    """Check early what ``create`` checks for certain: that nothing is at *path*, not even a link.

    Args:
        path: a file that is to be new.
        otherwise: what to do if it is not, as a sentence without its end.
        inputs: what the command reads.

    Raises:
        WritingError: if something is there.

    """
    _check_replaceable(path, inputs)  # else --force would be offered where it is refused
    if os.path.lexists(path):
        raise _exists(path, otherwise)


def _check_replaceable(path: Path, inputs: Iterable[Path] = ()) -> None:
    """Raise WritingError if *path* is what no option lets a command replace."""
    if str(path) == _PRINT:
        raise WritingError("-: standard output is not possible here; name a file")
    try:
        mode = os.stat(path).st_mode
    except OSError:  # nothing is there, or what is there is found out when it is written
        return
    if stat.S_ISDIR(mode):
        raise WritingError(f"{path}: is a folder; name a file in it")
    if not stat.S_ISREG(mode):
        raise WritingError(f"{path}: is not a regular file; not overwritten. Name another file")
    if any(_is_same(path, one) for one in inputs):
        raise WritingError(
            f"{path}: is what this command reads; not overwritten. Name another file"
        )
    if _is_journal(path):
        raise WritingError(f"{path}: is the journal of a run; never overwritten. Name another file")


def _is_same(path: Path, other: Path) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:  # a tag, or no file at all
        return False


def _is_journal(path: Path) -> bool:
    """Whether a file begins as a journal does; one that may not be read is taken for one."""
    try:
        with opened(path) as file:
            first = next_line(file).removeprefix(BYTE_ORDER_MARK)
    except JournalError:  # damaged gzip
        return False
    except OSError as error:
        raise WritingError(
            f"{path}: not overwritten: it cannot be read ({error.strerror or error}), and may be a "
            "journal. Name another file"
        ) from error
    return kind_of(first) == "run_started"


def create(path: Path, content: str | bytes, mode: int) -> None:
    """Write *content* to *path*, which must not exist, and create its folders.

    Args:
        path: a new file; a link in its place is not followed.
        content: a text, or bytes as they are.
        mode: ``PRIVATE`` or ``SHARED``.

    Raises:
        WritingError: if it exists, or could not be written.

    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, content, mode)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise WritingError(f"{path}: {error.strerror or error}") from error


def _exists(path: Path, otherwise: str = "Name another file") -> WritingError:
    return WritingError(f"{path}: already exists; not overwritten. {otherwise}")


def _write(path: Path, content: str | bytes, mode: int) -> None:
    """Write *content*: of a text, which people will read, nothing that a terminal obeys."""
    if isinstance(content, str):
        content = harmless_lines(content).encode("utf-8", "backslashreplace")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
