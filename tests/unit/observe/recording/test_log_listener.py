"""Which log records become notes, and which cost Snakemake no more than one test."""

import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest

from snakemake_logger_plugin_observe.recording import notes
from snakemake_logger_plugin_observe.recording.log_listener import LogListener, ignore

STATE = {"schema_version": 2, "jobid": 3, "executor": "cloud", "phase": "running"}


class Receiver:
    """Keeps the notes that are made."""

    def __init__(self) -> None:
        self.notes: list[Any] = []
        self.faults: list[BaseException] = []

    def record_note(self, note: notes.FromRecord) -> None:
        self.notes.append(note)

    def put(self, note: notes.AnyNote) -> None:
        self.notes.append(note)

    def fault(self, error: BaseException) -> None:
        self.faults.append(error)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def listener(receiver: Receiver) -> Iterator[LogListener]:
    made = LogListener(receiver)
    yield made
    made.stop()


def record(event: str | None = None, msg: str | None = None, **fields: Any) -> logging.LogRecord:
    made = logging.LogRecord("snakemake", logging.INFO, "x.py", 1, msg, None, None)
    vars(made).update(fields if event is None else {"event": event, **fields})
    return made


ALONE = {"wrapped": False, "hook_ends": True}
DRY = {"wrapped": False, "hook_ends": False}
TIMED = {"wrapped": True, "hook_ends": False}
SELECTION = {"msg": "Select jobs to execute..."}
END = {"event": "job_finished", "job_id": 3}


@pytest.mark.parametrize(
    ("run", "logged", "noted"),
    [
        (ALONE, {"event": "job_started", "jobs": [3]}, [notes.Selected]),
        (ALONE, END, [notes.JobEndLogged]),
        (TIMED, END, []),
        (ALONE, SELECTION, [notes.LogMessage]),
        (DRY, SELECTION, [notes.LogMessage]),
        (TIMED, SELECTION, []),
        (TIMED, {"msg": "Building DAG of jobs..."}, [notes.LogMessage]),
        (TIMED, {"msg": "Execute 1 jobs..."}, []),
        *(
            (ALONE, {"event": event}, [])
            for event in ("shellcmd", "progress", "rulegraph", "debug_dag", "group_error", "other")
        ),
    ],
)
def test_a_record_becomes_a_note_where_nothing_else_says_the_same(
    receiver: Receiver,
    listener: LogListener,
    run: dict[str, bool],
    logged: dict[str, Any],
    noted: list[type],
) -> None:
    listener.follow(None, **run)
    assert listener.filter(record(**logged))
    assert (list(map(type, receiver.notes)), receiver.faults) == (noted, [])


@pytest.mark.parametrize("logged", [END, SELECTION, {"event": "progress"}])
def test_an_executor_s_state_is_noted_whatever_record_has_it(
    receiver: Receiver, listener: LogListener, logged: dict[str, Any]
) -> None:
    listener.follow(None, wrapped=True, hook_ends=False)
    listener.filter(record(**logged, remote_job_state=STATE))
    assert notes.RemoteState in map(type, receiver.notes)
    assert listener.remote_states_seen


def test_a_record_is_noted_once(receiver: Receiver, listener: LogListener) -> None:
    """In the thread that logs it, or, if it did not pass there, by the plugin's handler."""
    first, other, ours = (record("job_started", jobs=[n]) for n in (1, 2, 3))
    ignore(ours)
    for one in (first, ours):
        listener.filter(one)
    for one in (first, other, ours):
        listener.take(one)
    assert [note.job_ids for note in receiver.notes] == [(1,), (2,)]


def test_a_process_that_was_forked_off_notes_nothing(
    receiver: Receiver, listener: LogListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert listener.filter(record("job_started", jobs=[1]))
    assert receiver.notes == []


def test_an_error_of_ours_never_reaches_snakemake(
    receiver: Receiver, listener: LogListener
) -> None:
    class Unprintable:
        def __str__(self) -> str:
            raise ValueError("no text")

    assert listener.filter(record(event=Unprintable()))  # type: ignore[arg-type]
    assert list(map(type, receiver.faults)) == [ValueError]


def test_what_was_read_of_a_run_s_rules_is_not_kept_for_the_next(listener: LogListener) -> None:
    """Nor does it hold the workflow in memory once its run has ended."""
    listener.follow(object(), wrapped=True, hook_ends=False)
    first = listener.jobs
    listener.unfollow()
    assert listener.jobs is not first
