"""Write the files that a user asked for: completely, or not at all."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.console import UserError
from snakemake_logger_plugin_observe.pasting import harmless_lines

PRIVATE: Final = 0o600
"""The mode of what tells about a run: it is readable for nobody else, as the journal is."""
SHARED: Final = 0o666
"""The mode of what other people and programs read, as the user's umask has it."""


class WritingError(UserError):
    """A file could not be written; the text is one line for the user."""


def replace(path: Path, content: str | bytes, mode: int = SHARED) -> None:
    """Write *content* to *path*, replacing a file and creating its folders.

    Args:
        path: a file, or where there is none; of a link, it is the link that is replaced.
        content: a text, or bytes as they are.
        mode: ``PRIVATE`` or ``SHARED``.

    Raises:
        WritingError: if it could not be written; an existing file is then unchanged.

    """
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


def check_is_new(path: Path, otherwise: str = "Name another file") -> None:
    """Check early what ``create`` checks for certain: that nothing is at *path*, not even a link.

    Args:
        path: a file that is to be new.
        otherwise: what to do if it is not, as a sentence without its end.

    Raises:
        WritingError: if something is there.

    """
    if os.path.lexists(path):
        raise _exists(path, otherwise)


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
