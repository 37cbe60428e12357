"""Write the files that a user asked for: completely, or not at all."""

import contextlib
import os
from pathlib import Path

from snakemake_logger_plugin_observe.pasting import harmless_lines


class WritingError(Exception):
    """A file could not be written; the text is one line for the user."""


def replace(path: Path, text: str) -> None:
    """Write *text* to *path*, replacing a file and creating its folders.

    Raises:
        WritingError: if it could not be written; an existing file is then unchanged.

    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(draft, text)
        try:
            os.replace(draft, path)
        except OSError:
            draft.unlink()
            raise
    except OSError as error:
        raise WritingError(f"{path}: {error.strerror or error}") from error


def create(path: Path, text: str) -> None:
    """Write *text* to *path*, which must not exist.

    Raises:
        WritingError: if it exists, or could not be written.

    """
    try:
        _write(path, text)
    except FileExistsError as error:
        raise WritingError(f"{path}: already exists; not overwritten. Name another file") from error
    except OSError as error:
        raise WritingError(f"{path}: {error.strerror or error}") from error


def _write(path: Path, text: str) -> None:
    """Write *text*, which people will read, without characters that a terminal obeys."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(harmless_lines(text))
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
