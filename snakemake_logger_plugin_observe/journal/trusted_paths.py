"""Opening files and folders where other users write, too: no link leads where they want it to.

In a shared working directory anyone may put a link or a pipe where a file of ours is expected, or
move one of this user's own links there. So a link on the way to a file is followed only

- if this user or root made it, and it is where nobody else can have moved it: no other user can
  write to its folder, nor to one on the way to that (but a sticky one of root's), or
- if another user made it, and what it leads to belongs to that user.

So folders may be links to scratch, but nobody can lead this user's processes to this user's own
files. A pipe in a file's place is refused, and never waited for.
"""

import errno
import grp
import os
import pwd
import stat
from pathlib import Path, PurePath
from typing import Final, NamedTuple

_FOLDER: Final = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
_FILE: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_LINKS: Final = 40
_MOST_TIMES_ITS_SPACE: Final = 64  # no compressing file system makes a usual file smaller by this
_WITHOUT_DOUBT: Final = 64 * 1024 * 1024
_UNIT_OF_BLOCKS: Final = 512
_IS_LINK: Final = (errno.ELOOP, errno.ENOTDIR, errno.EMLINK)


class UntrustedLinkError(OSError):
    """A link on the way is not followed; ``strerror`` says why."""

    def __init__(self, why: str) -> None:
        """Make the error, with *why* as its ``strerror``."""
        super().__init__(errno.ELOOP, why)


def open_folder(root: Path, named: str | PurePath) -> int:
    """Return a descriptor of the folder *named*, relative to *root*, for ``dir_fd`` arguments.

    Links on the way from *root* are followed by the module's rule, those on the way to it as usual.

    Raises:
        OSError: if there is none, or a link on the way is not to be followed.

    """
    return _from(root, named).folder


def make_folder(folder: Path) -> int:
    """Make a folder whose last two names may not be there yet; return a descriptor of it.

    Links among these two are followed by the module's rule.

    Raises:
        OSError: if it cannot be made, or a link on the way is not to be followed.

    """
    root, *names = folder.parents[1], folder.parent.name, folder.name
    root.mkdir(parents=True, exist_ok=True)
    here = _Reached(os.open(root, _FOLDER & ~os.O_NOFOLLOW), movable=False)
    for name in names:
        try:
            _make_one(here.folder, name)
            inner = _enter(here, name, _MOST_LINKS)
        finally:
            os.close(here.folder)
        here = inner
    return here.folder


def open_file(root: Path, named: str | PurePath, *, follow: bool = False) -> int:
    """Return a descriptor of the regular file *named*, relative to *root*, to read from.

    Args:
        root: a folder; links on the way to it are followed as usual.
        named: a path; links on the way to its folder are followed by the module's rule.
        follow: whether the file itself may be a link, followed by the same rule.

    Raises:
        OSError: if it cannot be read, is not a regular file, or a link is not to be followed.

    """
    folder, name = os.path.split(named)
    parent = _from(root, folder)
    try:
        descriptor = _open_in(parent, name, _MOST_LINKS if follow else 0)
    finally:
        os.close(parent.folder)
    return _regular(descriptor)


def open_plain(path: str | PurePath) -> int:
    """Return a descriptor of the regular file at *path*, to read from; links are followed as usual.

    Raises:
        OSError: if it cannot be read, or is not a regular file.

    """
    return _regular(os.open(path, _FILE & ~os.O_NOFOLLOW))


def _regular(descriptor: int) -> int:
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is not a regular file")


def is_nearly_all_hole(known: os.stat_result) -> bool:
    """Whether a file is large and nearly all hole: a few bytes on disk, terabytes to read."""
    on_disk = known.st_blocks * _UNIT_OF_BLOCKS
    return known.st_size > max(_WITHOUT_DOUBT, on_disk * _MOST_TIMES_ITS_SPACE)


def _make_one(here: int, name: str) -> None:
    try:
        os.mkdir(name, dir_fd=here)
    except FileExistsError:
        return


class _Reached(NamedTuple):
    """A folder that a walk has come to."""

    folder: int
    movable: bool
    """Whether other users can have moved it there, because they write to one on the way to it."""


def _from(root: Path, named: str | PurePath) -> _Reached:
    """Return the folder *named*, relative to *root*."""
    path = os.path.join(root, named)
    here = os.path.join(root, "")
    start = "/" if os.path.isabs(path) else "."
    if path.startswith(here):
        start, path = str(root), path.removeprefix(here)
    descriptor = os.open(start, _FOLDER & ~os.O_NOFOLLOW)
    try:
        return _walk(_Reached(descriptor, movable=False), path, _MOST_LINKS)
    finally:
        os.close(descriptor)


def _walk(start: _Reached, path: str, links_left: int) -> _Reached:
    """Return the folder at *path* from the folder *start*, one name at a time."""
    absolute = os.path.isabs(path)
    opened = os.open("/" if absolute else ".", _FOLDER, dir_fd=start.folder)
    here = _Reached(opened, movable=start.movable and not absolute)
    for name in PurePath(path).parts:
        if name == os.sep:
            continue
        try:
            inner = _enter(here, name, links_left)
        finally:
            os.close(here.folder)
        here = inner
    return here


def _enter(here: _Reached, name: str, links_left: int) -> _Reached:
    """Return the folder *name* in the folder *here*."""
    try:
        inner = os.open(name, _FOLDER, dir_fd=here.folder)
        return _Reached(inner, here.movable or _others_move_in(here.folder))
    except OSError as error:
        if error.errno not in _IS_LINK:
            raise
        owner, target = _link(here.folder, name, error)
    if not links_left:
        raise UntrustedLinkError("too many links lead there")
    reached = _walk(here, target, links_left - 1)
    _check_link(here, owner, reached.folder)
    return reached


def _open_in(here: _Reached, name: str, links_left: int) -> int:
    """Return the file *name* in the folder *here*, opened for reading."""
    try:
        return os.open(name, _FILE, dir_fd=here.folder)
    except OSError as error:
        if error.errno not in _IS_LINK:
            raise
        owner, target = _link(here.folder, name, error)
    if not links_left:
        raise UntrustedLinkError("it is a link, which is not followed")
    folder, base = os.path.split(target)
    parent = _walk(here, folder or ".", links_left - 1)
    try:
        reached = _open_in(parent, base, links_left - 1)
    finally:
        os.close(parent.folder)
    _check_link(here, owner, reached)
    return reached


def _link(here: int, name: str, error: OSError) -> tuple[int, str]:
    """Return the owner and the target of a link.

    Raises:
        OSError: *error*, if it is no link.

    """
    before = os.stat(name, dir_fd=here, follow_symlinks=False)
    if not stat.S_ISLNK(before.st_mode):
        raise error
    target = os.readlink(name, dir_fd=here)
    after = os.stat(name, dir_fd=here, follow_symlinks=False)
    if (before.st_ino, before.st_ctime_ns) != (after.st_ino, after.st_ctime_ns):
        raise UntrustedLinkError("it is a link that was replaced just now")
    return before.st_uid, target


def _check_link(here: _Reached, owner: int, reached: int) -> None:
    """Close *reached* and refuse, if *owner*'s link in the folder *here* may not lead there."""
    if owner in (0, os.geteuid()):
        trusted = not here.movable and not _others_write(os.fstat(here.folder))
        why = "a link in a folder that others can write to leads there, which is not followed"
    else:
        trusted, why = False, "a link of another user leads there, which is not followed"
    if trusted or (owner != os.geteuid() and os.fstat(reached).st_uid == owner):
        return
    os.close(reached)
    raise UntrustedLinkError(why)


def _others_move_in(folder: int) -> bool:
    """Whether other users may have moved a folder of this user's into this one.

    They can do so in a sticky one, too, but the system's own (``/tmp``, scratch) are on many ways.
    """
    known = os.fstat(folder)
    return _others_write(known) and not (known.st_uid == 0 and known.st_mode & stat.S_ISVTX)


def _others_write(folder: os.stat_result) -> bool:
    """Whether users other than this one and root can write to a folder, as its mode shows."""
    if folder.st_uid not in (0, os.geteuid()) or folder.st_mode & stat.S_IWOTH:
        return True
    return bool(folder.st_mode & stat.S_IWGRP) and not _is_private(folder.st_gid)


def _is_private(group: int) -> bool:
    """Whether a group has no member but this user, as many systems make one for each user."""
    try:
        user = pwd.getpwuid(os.geteuid())
        known = grp.getgrgid(group)
    except (KeyError, OSError):
        return False
    return known.gr_name == user.pw_name and set(known.gr_mem) <= {user.pw_name}
