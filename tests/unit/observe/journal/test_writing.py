"""A journal is written whole line by whole line."""

import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from builders import RUN_ID, T0, at, retried
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_files import LATER, START, WHOLE, a_file, read

from snakemake_logger_plugin_observe.journal.events import (
    Gap,
)
from snakemake_logger_plugin_observe.journal.folders import journals_in
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.writing import JournalWriter, append, to_line

MODE = 0o600


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Have the kernel cut every file of this process at *size* bytes, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# -- the writer ------------------------------------------------------------------------------------------------------


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[JournalWriter]:
    made = JournalWriter(tmp_path / "deep" / "er", RUN_ID, T0, MODE)
    yield made
    made.close()


def test_a_journal_is_named_by_its_start_and_run_id(writer: JournalWriter, tmp_path: Path) -> None:
    assert writer.path == tmp_path / "deep" / "er" / "20260301T120000-012345.jsonl"


def test_an_existing_journal_is_not_overwritten(writer: JournalWriter, tmp_path: Path) -> None:
    writer.write(START)
    with pytest.raises(FileExistsError):
        JournalWriter(tmp_path / "deep" / "er", RUN_ID, T0, MODE)
    assert writer.path.read_bytes() == START + b"\n"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_journal_has_the_requested_mode_under_any_umask(
    tmp_path: Path, mode: int, umask: int
) -> None:
    before = os.umask(umask)
    try:
        made = JournalWriter(tmp_path, RUN_ID, T0, mode)
    finally:
        os.umask(before)
    made.close()
    assert stat.S_IMODE(made.path.stat().st_mode) == mode


def test_a_partly_written_line_is_removed(writer: JournalWriter) -> None:
    """A disk fills up in the middle of a line, and is cleared later: no half line stays."""
    writer.write(START)
    with files_no_larger_than(len(START) + 1 + 10):
        for _ in range(2):
            with pytest.raises(OSError, match="No space left on device"):
                writer.write(to_line(Gap(time=T0, reason="lost")))
            assert writer.path.read_bytes() == START + b"\n"
    writer.write(to_line(Gap(time=T0, reason="kept")))
    events, problems = read(writer.path)
    assert ([event.reason for event in events[1:]], problems) == (["kept"], [])


def test_a_line_that_could_not_be_written_leaves_nothing(writer: JournalWriter) -> None:
    writer.write(START)
    with files_no_larger_than(len(START) + 1), pytest.raises(OSError, match="File too large"):
        writer.write(to_line(Gap(time=T0, reason="lost")))
    writer.write(to_line(Gap(time=T0, reason="kept")))
    events, problems = read(writer.path)
    assert ([event.reason for event in events[1:]], problems) == (["kept"], [])


def test_a_removed_or_replaced_journal_is_detected(writer: JournalWriter) -> None:
    assert writer.still_there()
    writer.path.unlink()
    assert not writer.still_there()
    writer.path.write_bytes(b"")
    assert not writer.still_there()


def test_a_writer_can_be_closed_twice(writer: JournalWriter) -> None:
    writer.close()
    writer.close()
    assert writer.path.exists()


# -- appending ---------------------------------------------------------------------------------------------


def test_events_are_appended_at_the_end(tmp_path: Path) -> None:
    path = retried().write(tmp_path / "j.jsonl")
    append(path, LATER[:1])
    append(path, LATER[1:])
    assert read(path) == ([*retried().events, *LATER], [])


def test_appending_nothing_writes_nothing(tmp_path: Path) -> None:
    append(tmp_path / "no", [])
    path = retried().write(tmp_path / "j.jsonl")
    before = path.stat().st_mtime_ns
    append(path, [])
    assert path.stat().st_mtime_ns == before


def test_a_torn_last_line_is_ended_before_events_are_appended(tmp_path: Path) -> None:
    path = retried().write(tmp_path / "j.jsonl")
    with path.open("ab") as file:
        file.write(b'{"event":"to')
    append(path, LATER)
    number = len(retried().events) + 1
    assert read(path) == (
        [*retried().events, *LATER],
        [f"line {number}: not a JSON object with an event"],
    )


@settings(max_examples=40)
@given(st.integers(len(START) + 1, len(WHOLE)))
def test_events_appended_to_a_journal_cut_at_any_byte_are_read(cut: int) -> None:
    with a_file(WHOLE[:cut]) as path:
        append(path, LATER)
        assert read(path)[0][-2:] == LATER


def test_appending_keeps_the_journal_s_mode(writer: JournalWriter) -> None:
    writer.write(START)
    writer.close()
    append(writer.path, LATER)
    assert stat.S_IMODE(writer.path.stat().st_mode) == MODE


@pytest.mark.parametrize(
    ("name", "why"), [("no", "No such file or directory"), ("folder", "Is a directory")]
)
def test_a_journal_that_cannot_be_appended_to_is_reported_in_one_line(
    tmp_path: Path, name: str, why: str
) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(JournalError) as caught:
        append(tmp_path / name, LATER)
    assert str(caught.value) == f"{tmp_path / name}: {why}"
    assert not (tmp_path / "no").exists()


def test_a_partial_append_is_removed(tmp_path: Path) -> None:
    """Importing accounting must not damage a journal."""
    path = retried().write(tmp_path / "j.jsonl")
    before = path.read_bytes()
    for room in (0, 10, 400):
        with (
            files_no_larger_than(len(before) + room),
            pytest.raises(JournalError, match=r"j\.jsonl: "),
        ):
            append(path, LATER)
        assert path.read_bytes() == before


def test_journals_are_listed_in_the_order_of_their_runs(tmp_path: Path) -> None:
    folder = tmp_path / ".snakemake" / "observe"
    made = [JournalWriter(folder, f"{n}abcdef", at(n * 100), MODE) for n in (3, 1, 2)]
    (folder / "abc.fragment").write_bytes(b"")
    for one in made:
        one.close()
    assert journals_in(tmp_path) == [made[1].path, made[2].path, made[0].path]
    assert journals_in(tmp_path / "elsewhere") == []


_WITH_STDERR_CLOSED = """
import os, sys
from pathlib import Path
from snakemake_logger_plugin_observe.journal.writing import JournalWriter
made = JournalWriter(Path(sys.argv[1]), "0123456789", 0, 0o600)
os.system("echo noise >&2")
print(made._descriptor > 2)
"""


def test_a_journal_does_not_get_the_descriptor_of_a_closed_stderr(tmp_path: Path) -> None:
    """Otherwise everything written to stderr would end up in the journal."""
    words = [sys.executable, "-c", _WITH_STDERR_CLOSED, str(tmp_path)]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", *words], capture_output=True, text=True, check=True
    )
    (journal,) = tmp_path.iterdir()
    assert (done.stdout, journal.read_bytes()) == ("True\n", b"")


def test_nothing_is_appended_through_a_link(tmp_path: Path) -> None:
    """In a shared folder somebody else may have made it, to a journal of this user's elsewhere."""
    kept = tmp_path / "kept.jsonl"
    kept.write_bytes(b"{}\n")
    (tmp_path / "link.jsonl").symlink_to(kept)
    with pytest.raises(JournalError, match=r"link\.jsonl: a link; name the journal itself"):
        append(tmp_path / "link.jsonl", LATER[:1])
    assert kept.read_bytes() == b"{}\n"


def test_journals_of_one_second_are_listed_as_they_were_written(tmp_path: Path) -> None:
    folder = tmp_path / ".snakemake" / "observe"
    made = [JournalWriter(folder, f"{n}abcdef", at(100), MODE) for n in (3, 1, 2)]
    for nanoseconds, one in enumerate(made):
        one.close()
        os.utime(one.path, ns=(nanoseconds, nanoseconds))
    assert journals_in(tmp_path) == [one.path for one in made]
