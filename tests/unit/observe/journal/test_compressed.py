"""Journals compressed with gzip are read as they were, damaged ones not at all."""

import gzip
import os
import zlib
from pathlib import Path

import pytest
from builders import begun, retried
from journal_files import LATER, WHOLE, read

from snakemake_logger_plugin_observe.journal import compressed
from snakemake_logger_plugin_observe.journal.excerpts import (
    contains,
    is_journal,
    last_at,
    lines_at,
    read_ends,
    repeated_lines,
    snakefile_digest,
)
from snakemake_logger_plugin_observe.journal.folders import journal_files, journals_in
from snakemake_logger_plugin_observe.journal.lines import JournalError, opened
from snakemake_logger_plugin_observe.journal.writing import append


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return retried().write(tmp_path / "plain.jsonl")


@pytest.fixture
def packed(plain: Path) -> Path:
    """Return the same journal as ``gzip`` compresses it."""
    path = plain.with_name("packed.jsonl.gz")
    path.write_bytes(gzip.compress(plain.read_bytes()))
    return path


@pytest.fixture
def ended(plain: Path) -> Path:
    """Return the same journal compressed with its end as a member of its own."""
    path = plain.with_name("ended.jsonl.gz")
    with opened(plain) as file:
        at = (last_at(file, b'\n{"event":"run_finished"') or 0) + 1
    text = plain.read_bytes()
    path.write_bytes(b"".join(compressed.members(iter([text[:at]]), iter([text[at:]]))))
    return path


def test_it_reads_as_the_journal_that_it_contains(plain: Path, packed: Path, ended: Path) -> None:
    assert read(plain) == read(packed) == read(ended)
    assert gzip.decompress(ended.read_bytes()) == plain.read_bytes()


def test_every_excerpt_reads_it(plain: Path, packed: Path, ended: Path) -> None:
    def excerpts(path: Path) -> list[object]:
        return [
            is_journal(path),
            read_ends(path),
            snakefile_digest(path),
            contains(path, b'{"event":"attempt_'),
            lines_at(path, [1, 3]),
            list(repeated_lines(path)),
        ]

    assert excerpts(plain) == excerpts(packed) == excerpts(ended)


def test_its_content_counts_and_not_its_name(plain: Path, packed: Path) -> None:
    renamed = packed.rename(packed.with_name("renamed.jsonl"))
    assert read(renamed) == read(plain)


def test_the_end_is_found_without_unpacking_what_is_before_it(ended: Path) -> None:
    data = bytearray(ended.read_bytes())
    data[40:44] = b"\0\0\0\0"
    ended.write_bytes(data)
    found = read_ends(ended)
    assert found is None  # its first line is not to be read
    with ended.open("rb") as file:
        line = compressed.line_of_end(file.fileno(), b'{"event":"run_finished"')
    assert line is not None
    assert line.startswith(b'{"event":"run_finished"')


@pytest.mark.parametrize("cut", [1, 8, 12, 200])
def test_a_torn_one_is_not_read_as_a_run_without_an_end(packed: Path, cut: int) -> None:
    packed.write_bytes(packed.read_bytes()[:-cut])
    assert read_ends(packed) is None
    with pytest.raises(JournalError) as error:
        read(packed)
    assert str(error.value) == (
        f"{packed}: its compressed data ends too early: nothing is read from it; "
        "copy it again, or remove it"
    )


def test_a_damaged_one_is_not_read(packed: Path) -> None:
    data = bytearray(packed.read_bytes())
    data[-6] ^= 1  # of its checksum
    packed.write_bytes(data)
    with pytest.raises(JournalError, match="its compressed data is damaged"):
        read(packed)


def test_what_is_not_gzip_behind_it_is_damage(packed: Path) -> None:
    packed.write_bytes(packed.read_bytes() + b"more")
    with pytest.raises(JournalError, match="its compressed data is damaged"):
        read(packed)


def test_a_few_bytes_do_not_unpack_to_more_than_a_journal_would(tmp_path: Path) -> None:
    """A bomb: what it unpacks to is not kept, whether its lines are long, short or empty."""
    start = begun().lines[0] + b"\n"
    mebibyte = 1024 * 1024
    for content in (b"\n", b'{"event":"unknown","text":"%s"}\n' % (b"a" * mebibyte)):
        path = tmp_path / "bomb.jsonl.gz"
        packing = zlib.compressobj(9, zlib.DEFLATED, 31)
        data = [packing.compress(start)]
        block = content * max(1, mebibyte // len(content))
        data += [packing.compress(block) for _ in range(80)]
        path.write_bytes(b"".join([*data, packing.flush()]))
        assert path.stat().st_size < 256 * 1024
        if content == b"\n":
            assert read(path)[1][-1].endswith("100,000 lines cannot be read: read up to here")
        else:
            with pytest.raises(JournalError, match="unpacks to more than 250 times its size"):
                read(path)


def test_what_is_appended_is_read_and_can_be_unpacked(ended: Path) -> None:
    before = gzip.decompress(ended.read_bytes())
    ends = read_ends(ended)
    append(ended, LATER)
    assert read(ended)[0][-2:] == LATER
    assert gzip.decompress(ended.read_bytes()).startswith(before)
    assert read_ends(ended) == ends


def test_nothing_is_appended_to_a_damaged_one(packed: Path) -> None:
    data = packed.read_bytes()[:-3]
    packed.write_bytes(data)
    with pytest.raises(JournalError, match="ends too early"):
        append(packed, LATER)
    assert packed.read_bytes() == data


def test_what_is_appended_begins_a_line(packed: Path) -> None:
    packed.write_bytes(gzip.compress(WHOLE[:-1]))
    append(packed, LATER)
    assert gzip.decompress(packed.read_bytes())[: len(WHOLE)] == WHOLE


def test_a_folder_lists_both_kinds_and_no_drafts(tmp_path: Path) -> None:
    folder = tmp_path / ".snakemake" / "observe"
    folder.mkdir(parents=True)
    for name in ("20260301T120000-a.jsonl.gz", "20260302T120000-b.jsonl", ".c.draft", "d.gz"):
        (folder / name).touch()
    names = ["20260301T120000-a.jsonl.gz", "20260302T120000-b.jsonl"]
    assert [path.name for path in journal_files(folder)] == names
    assert [path.name for path in journals_in(tmp_path)] == names
    assert journal_files(tmp_path / "none") == []


def test_about_how_large_one_is_unpacked_is_known_from_its_name(plain: Path, packed: Path) -> None:
    assert compressed.unpacked_size(plain) == os.stat(plain).st_size
    assert compressed.unpacked_size(packed) > os.stat(packed).st_size
