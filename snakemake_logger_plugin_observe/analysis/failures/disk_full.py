"""A job that had no room to write: what it printed, and what its disk had left when it failed."""

import re
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meaning import Meaning
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.journal.records import DiskRoom

_FULL: Final = re.compile(r"No space left on device|ENOSPC")
_FILE: Final = re.compile(
    r"'([^'\n]{1,300})': No space left|No space left on device: '([^'\n]{1,300})'"
)
_QUOTA: Final = re.compile(r"[Dd]isk quota exceeded|EDQUOT")
_NO_ROOM: Final = 1_000_000
_MUCH_ROOM: Final = 1_000_000_000
_WRONG_IF: Final = "df and quota showed free space, and free inodes, where the job writes"


def disk_full(one: Failure) -> Meaning | None:
    """Return that a job failed because a disk or a quota was full, if something shows it."""
    attempt = one.decisive_row.attempt
    lines = [line for log in attempt.logs for line in log.lines] if one.decisive.line else []
    said = "\n".join([*lines, one.decisive.message or ""])
    room = attempt.disk
    if _QUOTA.search(said):
        return Meaning(
            "certain",
            f"a disk quota was exceeded{_room(room)}",
            "free space under that quota, or ask for a larger one, then run again",
            *(_WRONG_IF, "storage and visibility"),
        )
    if _FULL.search(said):
        where = _where(said, room)
        return Meaning(
            "certain",
            f"a disk was full{_room(room)}",
            f"free space {where}, then run again",
            *(_WRONG_IF, "storage and visibility"),
        )
    if room is not None and (room.free_bytes < _NO_ROOM or room.free_files == 0):
        return Meaning(
            "likely",
            f"there was no room to write to{_room(room)}",
            "free space in the working directory's file system, then run again",
            *(_WRONG_IF, "storage and visibility"),
        )
    return None


def _where(said: str, room: DiskRoom | None) -> str:
    """Return where there was no room: a file that was named, or another disk than was looked at.

    That is looked at after the failure, when Snakemake has removed what the job had written.
    """
    if (found := _FILE.search(said)) is not None:
        return f"where {found[1] or found[2]} is written"
    # It may have written somewhere else, such as to /tmp on its node.
    elsewhere = room is not None and room.free_bytes >= _MUCH_ROOM and room.free_files != 0
    return "where it writes: its tmpdir or another disk" if elsewhere else "there"


def _room(room: DiskRoom | None) -> str:
    """Return how much room the working directory's file system had when the job had failed."""
    if room is None:
        return ""
    files = " and no more files could be made" if room.free_files == 0 else ""
    free, total = _amount(room.free_bytes), _amount(room.total_bytes)
    return f" (after the failure, the working directory's disk had {free} free of {total}{files})"


def _amount(size: int) -> str:
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size / 1000:.0f} kB"
