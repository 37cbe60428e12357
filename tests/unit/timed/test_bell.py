"""The bell: what nodes' processes append to it, and what the main process reads from it."""

import os
from pathlib import Path

import pytest
from builders import T0

from snakemake_executor_plugin_timed.bell import Bell, Rings
from snakemake_executor_plugin_timed.fragments import Fragments
from snakemake_executor_plugin_timed.node import NodeSide, inner


@pytest.fixture
def bell(fragments: Fragments) -> Bell:
    made = fragments.bell()
    made.make()
    return made


def write(fragments: Fragments, text: str) -> None:
    with open(fragments.folder / "bell", "a") as file:
        file.write(text)


def process_ends(record: str) -> None:
    NodeSide(record, "local", T0).leave()


def test_the_outermost_process_rings_after_its_last_line(fragments: Fragments, bell: Bell) -> None:
    record = str(fragments.path("7"))
    assert bell.look() == Rings()
    process_ends(inner(record))
    assert bell.look() == Rings()
    process_ends(record)
    assert bell.look() == Rings(("7",))
    assert bell.look() == Rings()
    assert len(fragments.path("7").read_text().splitlines()) == 2


def test_a_later_task_of_an_array_rings_under_its_own_name(
    fragments: Fragments, bell: Bell
) -> None:
    process_ends(str(fragments.path("7.12")))
    assert bell.look() == Rings(("7.12",))


def test_where_the_main_process_wants_no_ring_none_is_made(fragments: Fragments) -> None:
    process_ends(str(fragments.path("7")))
    assert sorted(os.listdir(fragments.folder)) == sorted([fragments.folder.name, "7.fragment"])


def test_a_pipe_or_a_link_in_its_place_is_neither_written_to_nor_read(
    fragments: Fragments, tmp_path: Path
) -> None:
    (tmp_path / "target").touch()
    for put in (os.mkfifo, lambda path: os.symlink(tmp_path / "target", path)):
        put(fragments.folder / "bell")
        process_ends(str(fragments.path("7")))
        os.unlink(fragments.folder / "bell")
    assert (tmp_path / "target").read_text() == ""


def test_a_line_is_read_once_it_is_whole(fragments: Fragments, bell: Bell) -> None:
    write(fragments, "1\n2")
    assert bell.look() == Rings(("1",))
    write(fragments, "3\n")
    assert bell.look() == Rings(("23",))


def test_what_is_no_name_is_a_ring_without_one(fragments: Fragments, bell: Bell) -> None:
    write(fragments, "1\n../../etc\n2\n\0\0\0\n")
    assert bell.look() == Rings(("1", "2"), unnamed=True)


def test_a_line_that_never_ends_is_skipped(fragments: Fragments, bell: Bell) -> None:
    write(fragments, "9" * 1000)
    assert bell.look() == Rings((), unnamed=True)
    write(fragments, "\n5\n")
    assert bell.look() == Rings(("5",), unnamed=True)


def test_a_line_that_overwrote_another_one_is_a_ring_without_a_name(
    fragments: Fragments, bell: Bell
) -> None:
    """As two clients of a file server do that append at once."""
    write(fragments, "1\n")
    assert bell.look() == Rings(("1",))
    path = fragments.folder / "bell"
    path.write_text("2\n")
    os.utime(path, ns=(1, 1))
    assert bell.look() == Rings((), unnamed=True)
    assert bell.look() == Rings()


def test_a_look_reads_at_most_64_kib_and_the_next_one_goes_on(
    fragments: Fragments, bell: Bell
) -> None:
    write(fragments, "".join(f"{n}\n" for n in range(20_000)))
    found: list[str] = []
    looks = 0
    while rings := bell.look().names:
        found += rings
        looks += 1
    assert found == [str(n) for n in range(20_000)]
    assert looks == 2


def test_a_file_that_was_cut_is_a_ring_without_a_name(fragments: Fragments, bell: Bell) -> None:
    write(fragments, "1\n2\n3\n")
    bell.look()
    (fragments.folder / "bell").write_text("")
    assert bell.look() == Rings((), unnamed=True)
    write(fragments, "4\n")
    assert bell.look() == Rings(("4",))


def test_it_is_private_and_removed_with_its_folder(fragments: Fragments, bell: Bell) -> None:
    assert (fragments.folder / "bell").stat().st_mode & 0o7777 == 0o600
    fragments.close()
    assert not fragments.folder.exists()
    with pytest.raises(FileNotFoundError):
        bell.look()
