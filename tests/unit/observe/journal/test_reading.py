"""A journal is read with distrust: torn, hostile, or of a later version."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import strategies
from builders import RUN_ID, T0, Story, at, chain, killed, retried
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_files import LATER, START, WHOLE, a_file, read, write_lines

from snakemake_logger_plugin_observe.journal.events import (
    AttemptFinished,
    Event,
    Gap,
    JobDescribed,
    Message,
)
from snakemake_logger_plugin_observe.journal.excerpts import (
    is_journal,
    lines_at,
    read_ends,
    repeated_lines,
)
from snakemake_logger_plugin_observe.journal.lines import JournalError, event_in
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.journal.reading import Detail, Problem, read_journal
from snakemake_logger_plugin_observe.journal.records import Stamps
from snakemake_logger_plugin_observe.journal.writing import append, to_line
from snakemake_logger_plugin_observe.run.fold import fold

MODE = 0o600


# -- write → read ----------------------------------------------------------------------------------


@settings(max_examples=100)
@given(st.lists(strategies.later_events, max_size=4))
def test_every_event_reads_back_as_it_was_written(events: list[Event]) -> None:
    """Every type of event, with any value in every field."""
    lines = [START, *map(to_line, events)]
    with a_file(b"".join(line + b"\n" for line in lines)) as path:
        found, problems = read(path)
    assert found[1:] == events
    assert problems == []


@given(strategies.events)
def test_an_event_is_one_line(event: Event) -> None:
    line = to_line(event)
    assert b"\n" not in line
    assert json.loads(line)["event"] == event.event


def test_moments_are_written_as_microseconds() -> None:
    line = to_line(Gap(time=T0 + 1, reason="x"))
    assert json.loads(line) == {
        "event": "gap",
        "time": 1_772_366_400_000_001,
        "reason": "x",
    }


def test_a_field_that_has_its_default_is_left_out_and_read_as_that() -> None:
    event = AttemptFinished(
        time=T0, job_id=0, attempt=1, status="failed", stamps=Stamps(finished=T0), exit_code=0
    )
    line = to_line(event)
    assert json.loads(line) == {
        "event": "attempt_finished",
        "time": T0,
        "job_id": 0,
        "attempt": 1,
        "status": "failed",
        "exit_code": 0,
        "stamps": {"finished": T0},
    }
    assert event_in(line) == event


def test_the_first_line_always_names_its_schema_version() -> None:
    assert json.loads(START)["schema_version"] == 1


def test_bytes_that_are_not_utf_8_are_written_as_escapes(tmp_path: Path) -> None:
    path = os.fsdecode(b"data/gr\xfc\xdfe.txt")
    event = JobDescribed(time=T0, job_id=1, rule="map", input=(path,))
    (found,) = read(write_lines(tmp_path / "j.jsonl", START, to_line(event)))[0][1:]
    assert found.input == ("data/gr\\udcfc\\udcdfe.txt",)


def test_bytes_that_are_not_utf_8_are_written_as_escapes_in_keys(tmp_path: Path) -> None:
    """``input_sizes`` goes by path: two paths must not become one."""
    sizes = {os.fsdecode(b"gr\xfc"): 1, os.fsdecode(b"gr\xfd"): 2}
    event = JobDescribed(time=T0, job_id=1, rule="map", input_sizes=sizes)
    (found,) = read(write_lines(tmp_path / "j.jsonl", START, to_line(event)))[0][1:]
    assert found.input_sizes == {"gr\\udcfc": 1, "gr\\udcfd": 2}


def test_a_line_is_masked_when_it_is_written() -> None:
    event = Message(time=T0, level="info", kind="x", text="curl -H 'Authorization: hunter22'")
    assert "hunter22" not in to_line(event, Masker(("hunter22",))).decode()


def test_a_secret_equal_to_a_journal_keyword_leaves_events_readable(tmp_path: Path) -> None:
    """A workflow may declare an ``envvars:`` whose value is also a key or value of the journal."""
    masker = Masker(("2026", "run_started", "success", "attempt_finished"))
    lines = [to_line(event, masker) for event in chain().events]
    events, problems = read(write_lines(tmp_path / "j.jsonl", *lines))
    assert problems == []
    assert [event.event for event in events] == [event.event for event in chain().events]


# -- cut off ----------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(st.integers(0, len(WHOLE)))
def test_a_journal_cut_at_any_byte_reads_up_to_its_last_whole_line(cut: int) -> None:
    data = WHOLE[:cut]
    whole_lines = data.count(b"\n")
    with a_file(data) as path:
        if whole_lines == 0:
            with pytest.raises(JournalError):
                read(path)
            return
        events, problems = read(path)
    assert [to_line(event) for event in events] == data.split(b"\n")[:whole_lines]
    torn = not data.endswith(b"\n")
    assert (
        problems
        == [
            f"line {whole_lines + 1}: torn line: the writer was cut off here",
        ]
        * torn
    )


@given(st.integers(len(START) + 1, len(WHOLE)))
def test_a_journal_cut_at_any_byte_is_a_run(cut: int) -> None:
    with a_file(WHOLE[:cut]) as path:
        run = fold(read_journal(path))
    assert run.started.run_id == RUN_ID
    assert run.makespan >= 0


# -- what a later version may add ---------------------------------------------------------------------------


@pytest.mark.parametrize("detail", Detail)
def test_of_heartbeats_the_last_one_counts(tmp_path: Path, detail: Detail) -> None:
    story = killed().heartbeat(30).heartbeat(45).message(46, "and more").heartbeat(61)
    reading = read_journal(story.write(tmp_path / "journal.jsonl"), detail)
    events = list(reading)
    beats = [event.time for event in events if event.event == "heartbeat"]
    assert beats == ([at(30), at(45), at(61)] if detail is Detail.WHOLE else [at(61)])
    assert fold(events).end == at(61)
    last = next(event for event in events if event.time == at(61))
    assert last.line == len(story.lines)


def test_unknown_events_change_nothing(tmp_path: Path) -> None:
    strange = b'{"event":"never_heard_of","time":"2026-03-01T12:00:00Z","job_id":[1]}'
    lines = chain().lines
    path = write_lines(tmp_path / "j.jsonl", lines[0], strange, *lines[1:], strange)
    assert read(path) == (chain().events, [])


def test_unknown_fields_change_nothing_at_any_depth(tmp_path: Path) -> None:
    def widened(value: Any) -> Any:
        if isinstance(value, dict) and "event" not in value and not value:
            return value
        if isinstance(value, dict):
            return {key: widened(item) for key, item in value.items()} | (
                {"of_a_later_version": {"deep": [1]}}
                if {"event", "clock", "number"} & set(value)
                else {}
            )
        return [widened(item) for item in value] if isinstance(value, list) else value

    story = retried()
    lines = [json.dumps(widened(json.loads(line))).encode() for line in story.lines]
    assert read(write_lines(tmp_path / "j.jsonl", *lines)) == (story.events, [])


# -- problems name their line ------------------------------------------------------------------------------


def problems_with(tmp_path: Path, line: bytes) -> list[str]:
    return read(write_lines(tmp_path / "j.jsonl", START, line))[1]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"not json", "line 2: not a JSON object with an event"),
        (b"[1]", "line 2: not a JSON object with an event"),
        (b"", "line 2: not a JSON object with an event"),
        (b'{"event":1}', "line 2: not a JSON object with an event"),
        (b'{"event":"gap","reason":"x"}', "line 2: gap: Object missing required field time"),
        (
            b'{"event":"gap","time":"noon","reason":"x"}',
            "line 2: gap: time: Expected int, got str",
        ),
        (b"\xff\xfe", "line 2: not a JSON object with an event"),
        (b"[" * 100_000, "line 2: not a JSON object with an event"),
    ],
)
def test_an_invalid_line_is_only_a_problem(tmp_path: Path, line: bytes, problem: str) -> None:
    assert problems_with(tmp_path, line) == [problem]


@pytest.mark.parametrize(
    "line",
    [
        b'{"event":"gap","reason":"x","time":' + b"9" * 30 + b"}",
        b'{"event":"gap","reason":"x","time":"2026-03-01T12:00:00.000001"}',
        (
            b'{"event":"attempt_finished","time":"2026-03-01T12:00:00Z","job_id":1,"attempt":1,'
            b'"status":"success","stamps":{},"offset":{"host":"x","assumed_s":NaN}}'
        ),
        (
            b'{"event":"attempt_finished","time":"2026-03-01T12:00:00Z","job_id":1,"attempt":1,'
            b'"status":"success","stamps":{},"offset":{"host":"x","assumed_s":1e999}}'
        ),
    ],
    ids=["a moment past every calendar", "a moment without offset", "NaN", "infinity"],
)
def test_an_impossible_value_is_a_problem_with_its_line_number(tmp_path: Path, line: bytes) -> None:
    """Reading it would succeed, but printing it again would fail."""
    problems = problems_with(tmp_path, line)
    assert len(problems) == 1
    assert problems[0].startswith("line 2: ")


def error_of(path: Path) -> str:
    with pytest.raises(JournalError) as caught:
        read(path)
    return str(caught.value)


def test_an_empty_file_is_not_a_journal(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "j.jsonl")
    assert error_of(path) == f"{path}: it is empty, so there is no run to show"


def test_a_file_without_a_whole_line_is_not_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(START)
    assert error_of(path) == f"{path}: no complete line in it, so there is no run to show"


@pytest.mark.parametrize("line", [b"a,b,c", Story().plan(2, 3).lines[1], b"{}"])
def test_a_file_that_does_not_begin_with_a_run_is_not_a_journal(
    tmp_path: Path, line: bytes
) -> None:
    path = write_lines(tmp_path / "j.jsonl", line, START)
    assert error_of(path) == f"{path}:1: not a run journal (its first line is no run_started)"


def test_a_newer_schema_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "j.jsonl", *Story(schema_version=2).lines)
    assert error_of(path) == (
        f"{path}:1: schema version 2 is newer than this snakemake-observe reads (1); update it"
    )


def test_a_missing_file_is_reported_in_one_line(tmp_path: Path) -> None:
    assert error_of(tmp_path / "no") == f"{tmp_path / 'no'}: No such file or directory"


def test_a_folder_is_not_a_journal(tmp_path: Path) -> None:
    assert error_of(tmp_path) == f"{tmp_path}: not a journal: it is not a regular file"


def test_a_pipe_or_a_device_is_refused_without_waiting(tmp_path: Path) -> None:
    pipe, device = tmp_path / "pipe.jsonl", tmp_path / "zero.jsonl"
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    for path in (pipe, device):
        assert error_of(path) == f"{path}: not a journal: it is not a regular file"


def test_a_problem_names_its_line() -> None:
    assert str(Problem(7, "torn")) == "line 7: torn"


# -- lines of other runs -----------------------------------------------------------------------------


def test_a_byte_order_mark_before_the_first_line_is_skipped(tmp_path: Path) -> None:
    first, *others = chain().lines
    path = write_lines(tmp_path / "j.jsonl", b"\xef\xbb\xbf" + first, *others)
    events, problems = read(path)
    assert (len(events), problems) == (len(chain().lines), [])
    assert is_journal(path)
    assert lines_at(path, [1])[1]["event"] == "run_started"
    ends = read_ends(path)
    assert ends is not None
    assert ends[1] is not None


def test_a_journal_ends_where_another_run_begins(tmp_path: Path) -> None:
    other = Story(run_id="f" * 32).plan(2, 3)
    events, problems = read(write_lines(tmp_path / "two.jsonl", *chain().lines, *other.lines))
    assert events == chain().events
    assert problems == [f"line {len(events) + 1}: another run begins: read up to here"]


def test_a_second_first_line_of_the_same_run_is_not_used(tmp_path: Path) -> None:
    lines = chain().lines
    events, problems = read(write_lines(tmp_path / "again.jsonl", lines[0], *lines))
    assert events == chain().events
    assert problems == ["line 2: run_started: again, so it is not used"]


def test_lines_that_are_written_twice_are_found(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "twice.jsonl", b"a", b"b", b"", b"", b"a", b"c", b"b")
    assert [str(one) for one in repeated_lines(path)] == [
        *("line 5: the same as line 1", "line 7: the same as line 2")
    ]


TERABYTES = 7 * 2**40
HOLE = "NUL bytes instead of text: read up to here"


@pytest.mark.parametrize("begins", [b"", b"{", b'{"event":"x' + b"x" * 100_000])
def test_a_journal_ends_at_a_hole(tmp_path: Path, begins: bytes) -> None:
    """A few bytes on disk may be terabytes to read; so they are not."""
    path = write_lines(tmp_path / "hole.jsonl", *chain().lines)
    number = len(chain().lines) + 1
    with path.open("ab") as file:
        file.write(begins)
        file.truncate(TERABYTES)
    for detail in Detail:
        reading = read_journal(path, detail)
        assert list(reading)
        assert reading.problems == [Problem(number, HOLE)]
    assert lines_at(path, [1, number, number + 1]).keys() == {1, number}
    assert list(repeated_lines(path)) == []
    assert is_journal(path)
    ends = read_ends(path)
    assert ends is not None
    assert ends[1] is None


def test_a_file_that_begins_with_a_hole_is_not_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "hole.jsonl"
    with path.open("wb") as file:
        file.truncate(TERABYTES)
    with pytest.raises(JournalError, match="no complete line in it"):
        list(read_journal(path))
    assert read_ends(path) is None
    assert not is_journal(path)


def test_a_journal_goes_on_behind_a_short_line_with_nul_bytes(tmp_path: Path) -> None:
    """A crashed machine may leave some; what was appended later counts."""
    path = write_lines(tmp_path / "crash.jsonl", START, b"\0" * 5000, to_line(LATER[0]))
    events, problems = read(path)
    assert len(events) == 2
    assert problems == ["line 2: not a JSON object with an event"]


def test_a_journal_ends_at_a_line_that_is_too_long(tmp_path: Path) -> None:
    long = b'"' + b"x" * (64 * 1024 * 1024) + b'"'
    path = write_lines(tmp_path / "long.jsonl", START, long, to_line(LATER[0]))
    events, problems = read(path)
    assert len(events) == 1
    assert problems == ["line 2: too long for a journal line: read up to here"]


@pytest.mark.parametrize("between", [0, 2**20 - 300, 2**20 - 100, 2**20, 3 * 2**20])
def test_a_run_s_end_is_found_before_what_was_appended(tmp_path: Path, between: int) -> None:
    """Wherever the blocks begin that it is looked for in."""
    path = write_lines(tmp_path / "long.jsonl", *chain().lines, b"x" * between)
    ends = read_ends(path)
    assert ends is not None
    assert ends[1] == fold(chain().events).finished


def test_reading_without_attempts_has_the_jobs_and_the_run_s_end(
    tmp_path: Path,
) -> None:
    journal = chain().write(tmp_path / "a.jsonl")
    whole, some = list(read_journal(journal)), list(read_journal(journal, Detail.JOBS))
    done = ("attempt_finished", "scheduler_iteration")
    kept = [event for event in whole if event.event not in done]
    assert (some, [one.line for one in some]) == (kept, [one.line for one in kept])
    assert len(some) < len(whole)


def test_a_pipe_in_a_journal_s_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "j.jsonl")
    with pytest.raises(JournalError, match="not a regular file"):
        append(tmp_path / "j.jsonl", LATER[:1])
    with pytest.raises(JournalError, match="not a regular file"):
        list(read_journal(tmp_path / "j.jsonl"))
    assert read_ends(tmp_path / "j.jsonl") is None
    assert not is_journal(tmp_path / "j.jsonl")


def test_a_run_that_ended_since_its_ends_were_read_has_an_end(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    lines = chain().lines
    write_lines(path, *lines[:-1])
    assert read_ends(path) is not None
    write_lines(path, *lines)
    ends = read_ends(path)
    assert ends is not None
    assert ends[1] is not None
