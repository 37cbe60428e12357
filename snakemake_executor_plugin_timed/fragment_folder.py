"""The private folder of a run's fragments: made so that nobody can prepare it, or change it later.

The working directory may be shared with other users, who can put links and pipes into it, and even
replace its folders. So the folder has a name that nobody can guess, mode 0700, and is used through
its descriptor, never again by its path. Processes on the nodes know only the path, and check where
it leads before they write, Python (``node.py``) as well as the shell (``fragments.py``): to a
folder that belongs to this user, that nobody else can write to, and that has the marker in it, an
empty file with the folder's own name. One without the other proves nothing: others may move a
private folder of this user's there, and in a folder that they write to they may call any file like
the marker; but they cannot put the marker into a private folder.
"""

import contextlib
import os
import re
import secrets
import stat
import threading
import time
from pathlib import Path
from typing import Final

from snakemake_executor_plugin_timed.node import BELL, SUFFIX
from snakemake_logger_plugin_observe.journal.trusted_paths import make_folder, open_folder

_LEFT_OVER_S: Final = 30 * 24 * 3600
_FOLDER: Final = re.compile(r"[0-9a-f]{32}")
_FRAGMENT: Final = re.compile(rf"\d+(\.\d+)?{re.escape(SUFFIX)}")
_EARLIER_FRAGMENT: Final = re.compile(rf"[0-9a-f]{{12}}-\d+(\.\d+)?{re.escape(SUFFIX)}")
_OPEN: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OTHERS_WRITE: Final = 0o022


class UnsafeFolderError(Exception):
    """The folder would not be private; the text says why."""


class FragmentFolder:
    """The folder of one run's fragments; it is made when it is first needed."""

    def __init__(self, base: Path) -> None:
        """Choose its name in the folder *base*; nothing is made yet."""
        self._base = base
        self.marker = secrets.token_hex(16)
        """The name of the folder, and of the file in it that proves that it is this one."""
        self.mode = 0o700
        """Its mode, which lets nobody else write; not always the one that was asked for."""
        self._descriptor: int | None = None
        self._lock = threading.Lock()

    @property
    def path(self) -> Path:
        """Where it is, for processes on the nodes."""
        return self._base / self.marker

    @property
    def descriptor(self) -> int:
        """Its descriptor, for ``dir_fd`` arguments.

        Raises:
            FileNotFoundError: if it is not made yet, or removed already.

        """
        if self._descriptor is None:
            raise FileNotFoundError(f"no folder {self.path}")
        return self._descriptor

    @property
    def names(self) -> list[str]:
        """What is in it.

        Raises:
            OSError: if it is not made yet, removed already, or cannot be read.

        """
        return _names(self.descriptor)

    def make(self) -> None:
        """Make it; a second call does nothing.

        Raises:
            OSError: if it cannot be made.
            UnsafeFolderError: if other users could write to it.

        """
        with self._lock:
            if self._descriptor is None:
                self._descriptor = self._made()

    def _made(self) -> int:
        base = make_folder(self._base)
        try:
            os.mkdir(self.marker, 0o700, dir_fd=base)
            descriptor = os.open(self.marker, _OPEN, dir_fd=base)
            try:
                self.mode = _private_mode(descriptor)
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                os.close(os.open(self.marker, flags, 0o600, dir_fd=descriptor))
            except BaseException:
                os.close(descriptor)
                with contextlib.suppress(OSError):
                    os.rmdir(self.marker, dir_fd=base)
                raise
            return descriptor
        finally:
            os.close(base)

    def close(self) -> None:
        """Remove it, if no fragment is left in it; from now on it cannot be used."""
        with self._lock:
            descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            base = _opened(self._base)
            try:
                # Only if the name still leads to it: someone may have put another folder there.
                now = os.stat(self.marker, dir_fd=base, follow_symlinks=False)
                if os.path.samestat(now, os.fstat(descriptor)):
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(BELL, dir_fd=descriptor)
                    os.unlink(self.marker, dir_fd=descriptor)
                    os.rmdir(self.marker, dir_fd=base)
            finally:
                os.close(base)
        except OSError:
            return
        finally:
            os.close(descriptor)


def remove_left_over(base: Path) -> None:
    """Remove old fragments of this user's killed runs, and their folders, from the folder *base*.

    Only what has the name, the kind and the owner of what a run of this user makes, and is old.
    """
    limit = time.time() - _LEFT_OVER_S
    try:
        opened = _opened(base)
        try:
            _remove_left_over(opened, limit)
        finally:
            os.close(opened)
    except OSError:
        return


def _opened(base: Path) -> int:
    """Return a descriptor of the folder *base*; other users' links are not followed to it."""
    return open_folder(base.parents[1], Path(base.parent.name, base.name))


def _remove_left_over(base: int, limit: float) -> None:
    for name in _names(base):
        if _EARLIER_FRAGMENT.fullmatch(name):  # of versions that had no folder for them
            _remove_if_old(base, name, limit)
        elif _FOLDER.fullmatch(name):
            _remove_folder(base, name, limit)


def _remove_folder(base: int, name: str, limit: float) -> None:
    """Remove the old folder *name* of a killed run, if nothing but fragments is in it."""
    with contextlib.suppress(OSError):
        folder = os.open(name, _OPEN, dir_fd=base)
        try:
            known = os.fstat(folder)
            if _why_unsafe(known) or known.st_mtime >= limit:
                return
            for inner in _names(folder):
                if inner in (name, BELL) or _FRAGMENT.fullmatch(inner):
                    _remove_if_old(folder, inner, limit)
            os.rmdir(name, dir_fd=base)
        finally:
            os.close(folder)


def _remove_if_old(folder: int, name: str, limit: float) -> None:
    with contextlib.suppress(OSError):
        known = os.stat(name, dir_fd=folder, follow_symlinks=False)
        is_ours = stat.S_ISREG(known.st_mode) and known.st_uid == os.geteuid()
        if is_ours and known.st_mtime < limit:
            os.unlink(name, dir_fd=folder)


def _names(folder: int) -> list[str]:
    """Return what is in the folder with this descriptor."""
    readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        return os.listdir(readable)
    finally:
        os.close(readable)


def _private_mode(folder: int) -> int:
    """Return a folder's mode.

    Raises:
        UnsafeFolderError: if other users could write to it.

    """
    known = os.fstat(folder)
    if why := _why_unsafe(known):
        raise UnsafeFolderError(why)
    return stat.S_IMODE(known.st_mode)


def _why_unsafe(known: os.stat_result) -> str | None:
    """Return why a folder is not one that only this user writes to, or None."""
    if known.st_uid != os.geteuid():
        return "a folder made there belongs to another user"
    if known.st_mode & _OTHERS_WRITE:
        return "a folder made there cannot be made private: others may write to it"
    return None
