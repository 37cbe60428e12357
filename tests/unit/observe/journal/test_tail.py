"""A journal that grows is read on: each line once, whole lines only."""

from pathlib import Path

import pytest
from builders import Story, begun, chain, mixed
from hypothesis import given, settings
from hypothesis import strategies as st

from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail, read_journal
from snakemake_logger_plugin_observe.journal.tail import Tail


def content(story: Story) -> bytes:
    return b"".join(line + b"\n" for line in story.lines)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_in_pieces_it_is_read_as_at_once(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = content(mixed())
    path = tmp_path_factory.mktemp("journal") / "j.jsonl"
    ends = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    tail, found = Tail(path), []
    for end in [*ends, len(whole)]:
        path.write_bytes(whole[:end])
        found += list(tail)
    assert found == list(read_journal(path, Detail.FIGURES))
    assert [one.line for one in found] == list(range(1, len(found) + 1))
    assert list(tail) == []


def test_of_the_heartbeats_since_then_the_last_is_read(tmp_path: Path) -> None:
    path = begun().heartbeat(10).heartbeat(25).write(tmp_path / "j.jsonl")
    assert [one.event for one in Tail(path)] == ["run_started", "run_phase", "heartbeat"]


@pytest.mark.parametrize("change", ["gone", "cut", "replaced"])
def test_a_journal_that_is_no_longer_what_it_was_is_one_error(tmp_path: Path, change: str) -> None:
    path = chain().write(tmp_path / "j.jsonl")
    tail = Tail(path)
    assert list(tail)
    if change == "gone":
        path.unlink()
    elif change == "cut":
        path.write_bytes(b"")
    else:
        chain().write(tmp_path / "new").rename(path)
    with pytest.raises(JournalError, match=r"j\.jsonl: (No such file|replaced or cut)"):
        list(tail)


def test_a_file_that_is_no_journal_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text('{"event": "job"}\n')
    with pytest.raises(JournalError, match="not a run journal"):
        list(Tail(path))


def test_what_cannot_be_read_is_a_problem_and_the_rest_is_read(tmp_path: Path) -> None:
    path = chain().write(tmp_path / "j.jsonl")
    tail = Tail(path)
    list(tail)
    with path.open("ab") as file:
        file.write(b"no json\n")
    assert list(tail) == []
    assert len(tail.problems) == 1
