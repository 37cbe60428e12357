"""How much room the working directory's file system has left, from one ``statvfs``."""

import os
from pathlib import Path

from snakemake_logger_plugin_observe.journal.records import DiskRoom

_MOST: int = 2**63 - 1


def disk_room(folder: Path) -> DiskRoom | None:
    """Return the room that the file system of *folder* has left for this user, or None."""
    try:
        known = os.statvfs(folder)
    except (OSError, AttributeError):
        return None
    if not known.f_blocks:
        return None  # it does not say
    return DiskRoom(
        free_bytes=min(known.f_bavail * known.f_frsize, _MOST),
        total_bytes=min(known.f_blocks * known.f_frsize, _MOST),
        free_files=min(known.f_favail, _MOST) if known.f_files else None,
    )
