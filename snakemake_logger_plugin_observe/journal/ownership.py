"""Whose journal it is: only this user's own is trusted as far as this user is."""

import os
import stat
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.journal.events import RunStarted
from snakemake_logger_plugin_observe.journal.excerpts import read_ends
from snakemake_logger_plugin_observe.journal.folders import SUBFOLDER

_OF_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


def not_this_users(path: Path, read: RunStarted, root: Path) -> str | None:
    """Return why a journal may come from somebody else, or None if it is this user's own.

    Args:
        path: the journal.
        read: its first event, as it was read before; the file may have been replaced since.
        root: the working directory that it must be in, in its folder of journals.

    """
    folder = os.path.realpath(path.parent)
    if folder != os.path.join(os.path.realpath(root), SUBFOLDER):
        return f"it is not in {root / SUBFOLDER}"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return f"it is a link, or cannot be read ({error.strerror or error})"
    try:
        known = os.fstat(descriptor)
        if known.st_uid != os.geteuid():
            return "it belongs to another user"
        if known.st_mode & _OF_OTHERS:
            return "other users can write to it"
        ends = read_ends(Path("/proc/self/fd", str(descriptor)))
    finally:
        os.close(descriptor)
    same = ends is not None and (ends[0].command, ends[0].targets) == (read.command, read.targets)
    return None if same else "it has changed since it was read"
