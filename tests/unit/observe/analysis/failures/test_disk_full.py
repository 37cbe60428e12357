"""Jobs that had no room to write: what they printed, and the room that was left when they failed."""

import pytest
from builders import begun
from failing import fails, tail

from snakemake_logger_plugin_observe.analysis.failures.disk_full import disk_full
from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meaning import Meaning
from snakemake_logger_plugin_observe.analysis.failures.failures import failures
from snakemake_logger_plugin_observe.journal.records import DiskRoom

FULL = "cp: error writing 'x': No space left on device"
QUOTA = "tar: x: Cannot write: Disk quota exceeded"
ROOM = DiskRoom(free_bytes=3 * 10**12, total_bytes=10**13, free_files=10**9)
NO_ROOM = DiskRoom(free_bytes=4096, total_bytes=500 * 10**9, free_files=10**6)
HAD = "after the failure, the working directory's disk had"
ROOM_BUT_NO_FILES = "3 TB free of 10 TB and no more files could be made"
NO_FILES = DiskRoom(free_bytes=3 * 10**12, total_bytes=10**13, free_files=0)


def meaning(said: str, room: DiskRoom | None) -> Meaning | None:
    story = fails(begun(wraps="local").job(1), 1, said, disk=room, logs=tail(said))
    (one,) = failures(story.end(9, "failed").run)
    return disk_full(one)


@pytest.mark.parametrize(
    ("said", "room", "strength", "text"),
    [
        (FULL, None, "certain", "a disk was full"),
        (
            *(FULL, NO_ROOM, "certain"),
            f"a disk was full ({HAD} 4 kB free of 500 GB)",
        ),
        (
            *(QUOTA, ROOM, "certain"),
            f"a disk quota was exceeded ({HAD} 3 TB free of 10 TB)",
        ),
        (
            *("it broke", NO_FILES, "likely"),
            f"there was no room to write to ({HAD} {ROOM_BUT_NO_FILES})",
        ),
    ],
)
def test_a_full_disk_is_said_with_the_room_that_there_was(
    said: str, room: DiskRoom | None, strength: str, text: str
) -> None:
    found = meaning(said, room)
    assert found is not None
    assert (found.strength, found.text, found.where) == (strength, text, "storage and visibility")


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("dd: error writing 'scratch/b.bam': No space left on device", "scratch/b.bam"),
        ("OSError: [Errno 28] No space left on device: 'out/x.h5'", "out/x.h5"),
    ],
)
def test_where_there_was_no_room_is_named_as_the_message_does(said: str, where: str) -> None:
    found = meaning(said, ROOM)
    assert found is not None
    assert found.to_do == f"free space where {where} is written, then run again"


def test_with_room_on_the_workflow_s_disk_another_one_was_full() -> None:
    found = meaning("sort: write failed: No space left on device", ROOM)
    assert found is not None
    assert found.to_do == ("free space where it writes: its tmpdir or another disk, then run again")


def test_with_room_and_without_a_message_the_disk_is_no_cause() -> None:
    assert meaning("it broke", ROOM) is None
    assert meaning("it broke", None) is None
