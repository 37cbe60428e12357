"""Journals are compressed and removed here, and nothing else is: by name in an opened folder.

A file is touched only if it is still the one that was looked at: regular, of this user, of the same
size and time. A compressed journal is there, whole and read again, before the plain one goes.
"""

import contextlib
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from typing import IO, Final

from snakemake_logger_plugin_observe.journal import compressed
from snakemake_logger_plugin_observe.journal.excerpts import start_of_end
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.node_reports import SUFFIX

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NAME_OF_FRAGMENTS: Final = re.compile(r"[0-9a-f]{32}")
_FRAGMENT: Final = re.compile(rf"\d+(\.\d+)?{re.escape(SUFFIX)}")
_BELL: Final = "bell"
_OTHERS_WRITE: Final = 0o022
_A_DAY_S: Final = 86_400


def looked_at(folder: int, name: str) -> os.stat_result:
    """Return what a journal is now, for a later check that it is the same.

    Raises:
        OSError: if it is not there, is a link or no regular file, or belongs to another user.

    """
    known = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(known.st_mode):
        raise PermissionError(0, "it is a link, or no regular file")
    if known.st_uid != os.geteuid():
        raise PermissionError(0, "it belongs to another user")
    return known


def _check_same(folder: int, name: str, before: os.stat_result) -> None:
    now = looked_at(folder, name)
    if _state(now) != _state(before):
        raise OSError(0, "it has changed since it was looked at")


def _state(known: os.stat_result) -> tuple[int, int, int, int]:
    return known.st_dev, known.st_ino, known.st_size, known.st_mtime_ns


def remove(folder: int, name: str, before: os.stat_result) -> None:
    """Remove a journal.

    Raises:
        OSError: if it is not the one that was looked at, or cannot be removed.

    """
    _check_same(folder, name, before)
    os.unlink(name, dir_fd=folder)


def compress(folder: int, name: str, before: os.stat_result) -> int:
    """Replace a plain journal by a compressed one of the same mode and time; return its size.

    Raises:
        OSError: if it is not the one that was looked at, or it cannot be done; then the plain one
            is left as it is.

    """
    packed = f"{name}.gz"
    draft = f".{name}.{secrets.token_hex(8)}.draft"
    source = os.open(name, _READ, dir_fd=folder)
    try:
        with contextlib.suppress(FileExistsError):  # made before, and then it was interrupted
            _write(folder, draft, source)
            _rename(folder, draft, packed)
        if _unpacked(folder, packed) != _digest(_blocks(source)):
            raise FileExistsError(0, f"{packed} is there, and is not the same")
        _check_same(folder, name, before)
        _on_disk(folder)
        os.unlink(name, dir_fd=folder)
        return os.stat(packed, dir_fd=folder, follow_symlinks=False).st_size
    finally:
        os.close(source)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=folder)


def _write(folder: int, draft: str, source: int) -> None:
    known = os.fstat(source)
    descriptor = os.open(draft, _NEW, 0o600, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as file:
        end = start_of_end(source)
        parts = (_blocks(source, 0, end), _blocks(source, end, known.st_size))
        file.writelines(compressed.members(*parts))
        file.flush()
        os.fchmod(descriptor, stat.S_IMODE(known.st_mode))
        os.utime(descriptor, ns=(known.st_atime_ns, known.st_mtime_ns))
        os.fsync(descriptor)


def _rename(folder: int, draft: str, packed: str) -> None:
    """Give the draft its name, which nothing may have yet."""
    try:
        os.link(draft, packed, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with contextlib.suppress(FileNotFoundError):
            os.stat(packed, dir_fd=folder, follow_symlinks=False)
            raise FileExistsError(packed) from None
        os.rename(draft, packed, src_dir_fd=folder, dst_dir_fd=folder)


def _on_disk(folder: int) -> None:
    """Wait until the names in a folder are on disk."""
    readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.fsync(readable)
    finally:
        os.close(readable)


def _unpacked(folder: int, name: str) -> str:
    """Return the digest of what a compressed file contains."""
    looked_at(folder, name)
    with os.fdopen(os.open(name, _READ, dir_fd=folder), "rb") as file:
        try:
            whole: IO[bytes] = compressed.unpacked(file, JournalError)
            return _digest(compressed.blocks(whole))
        except JournalError as error:
            raise OSError(0, f"{name}: {error}") from error


def _digest(blocks: Iterator[bytes]) -> str:
    found = hashlib.sha256()
    for block in blocks:
        found.update(block)
    return found.hexdigest()


def _blocks(descriptor: int, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Yield the bytes of a file from *start* to *end*."""
    until = os.fstat(descriptor).st_size if end is None else end
    while start < until:
        block = os.pread(descriptor, min(1024 * 1024, until - start), start)
        if not block:
            return
        yield block
        start += len(block)


# -- fragments ---------------------------------------------------------------------------------


def are_removable(folder: int, name: str) -> bool:
    """Whether *name* is a folder of fragments of this user's that nothing writes to any more.

    It has the name, the owner, the mode and the marker of one, nothing in it is of another kind,
    and nothing was written there for a day.
    """
    try:
        return _old_fragments(folder, name) is not None
    except OSError:
        return False


def remove_fragments(folder: int, name: str) -> None:
    """Remove a folder of fragments, if it is one that may be removed; otherwise do nothing.

    Raises:
        OSError: if it cannot be removed.

    """
    names = _old_fragments(folder, name)
    if names is None:
        return
    inner = os.open(name, _FOLDER, dir_fd=folder)
    try:
        for one in sorted(names, key=lambda one: one == name):  # the marker last
            os.unlink(one, dir_fd=inner)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=folder)


def _old_fragments(folder: int, name: str) -> list[str] | None:
    """Return the files in a folder of old fragments; None if it is none."""
    if not _NAME_OF_FRAGMENTS.fullmatch(name):
        return None
    inner = os.open(name, _FOLDER, dir_fd=folder)
    try:
        own = os.fstat(inner)
        names = os.listdir(inner)
        known = [os.stat(one, dir_fd=inner, follow_symlinks=False) for one in names]
    finally:
        os.close(inner)
    private = own.st_uid == os.geteuid() and not own.st_mode & _OTHERS_WRITE
    marked = name in names and all(
        one in (name, _BELL) or _FRAGMENT.fullmatch(one) for one in names
    )
    kinds = all(not stat.S_ISDIR(one.st_mode) for one in known)
    newest = max([own.st_mtime, *(one.st_mtime for one in known)])
    old = newest < time.time() - _A_DAY_S
    return names if private and marked and kinds and old else None
