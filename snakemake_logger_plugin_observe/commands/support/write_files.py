"""Files that a command writes because the person asked for them: whole, or not at all."""

import contextlib
import os
from pathlib import Path


class WritingError(Exception):
    """A file that could not be written; its text is one line for the person."""


def replace(path: Path, text: str) -> None:
    """Write *text* to *path*, in place of what is there; folders are made.

    Raises:
        WritingError: if it could not be written whole; what was there is then as it was.

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
    """Write *text* to *path*, where nothing may be.

    Raises:
        WritingError: if something is there, or it could not be written whole.

    """
    try:
        _write(path, text)
    except FileExistsError as error:
        raise WritingError(
            f"{path}: is there already, and is left as it is; name another file, or - to print it"
        ) from error
    except OSError as error:
        raise WritingError(f"{path}: {error.strerror or error}") from error


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
