"""Announcing: the run's events become states for other logger plugins alone."""

import json
import logging
import logging.handlers
import queue
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Never

import msgspec
import pytest
from builders import NODE, SECOND, at
from fragment_lines import process
from recordings import COMPLETE, Recording, Reports

from snakemake_executor_plugin_timed import announcing as module
from snakemake_executor_plugin_timed.announcing import Announcer, FragmentWatch, announcing, send
from snakemake_executor_plugin_timed.fragment_folder import FragmentFolder
from snakemake_executor_plugin_timed.fragments import Fragments
from snakemake_logger_plugin_observe.journal.node_reports import NodeReport
from snakemake_logger_plugin_observe.recording import notes
from snakemake_logger_plugin_observe.recording.job_state import JobState
from snakemake_logger_plugin_observe.run.attempt import Key

Record = Callable[..., Recording]


class Session:
    """The part of a session that announcing uses."""

    wraps: str | None = "slurm"
    remote_states_seen = False
    recorder: Any = object()

    def __init__(self) -> None:
        self.notes: list[notes.AnyNote] = []
        self.faults: list[BaseException] = []

    def put(self, note: notes.AnyNote) -> None:
        self.notes.append(note)

    def fault(self, fault: BaseException) -> None:
        self.faults.append(fault)


class Announced:
    """A recording whose events are announced, with the announced states."""

    def __init__(self, recording: Recording) -> None:
        self.session = Session()
        self.states: list[JobState] = []
        self.recording = recording
        recording.put(notes.ListenerAdded, 0, listener=Announcer(self.session, self.states.append))

    def phases(self) -> list[tuple[int | str, int | None, str]]:
        self.recording.settle()
        return [(one.job, one.attempt, one.phase) for one in self.states]


def test_a_job_not_seen_running_is_announced_as_running_at_its_end(record: Record) -> None:
    announced = Announced(recording := record(reports=Reports(s1=[COMPLETE])))
    recording.job(7).remote(7)
    assert announced.phases() == [(7, 1, "queued"), (7, 1, "running"), (7, 1, "succeeded")]
    known = {"job": 7, "executor": "slurm", "external_jobid": "71", "attempt": 1, "queued": at(5)}
    assert announced.states == [
        JobState(**known, phase="queued"),
        JobState(**known, phase="running", started=at(6)),
        JobState(**known, phase="succeeded", started=at(6), stopped=at(13)),
    ]


def test_a_job_seen_running_is_announced_as_running_once(record: Record) -> None:
    announced = Announced(recording := record(reports=Reports(s1=[COMPLETE])))
    recording.job(7).selected(4, 7).accepted(5, (7, 1), "71", "1", submitting=4)
    assert announced.phases() == [(7, 1, "queued")]
    recording.put(notes.SeenOnNode, 8, key=(7, 1), sign=at(6), node=NODE)
    assert announced.phases() == [(7, 1, "queued"), (7, 1, "running")]
    assert announced.states[-1].started == at(6)
    recording.finished(15, (7, 1), submission="1", reported=14)
    assert announced.phases()[2:] == [(7, 1, "succeeded")]
    recording.finish()
    (started,) = [one for one in recording.events if one.event == "attempt_started"]
    assert (started.time, started.node_started, started.node) == (at(8), at(6), NODE)


def test_the_first_sign_on_the_node_is_written_to_the_journal(record: Record) -> None:
    recording = record(reports=Reports()).job(7)
    recording.selected(4, 7).accepted(5, (7, 1), "71", "1", submitting=4)
    recording.put(notes.SeenOnNode, 8, key=(7, 1), sign=at(6), node=None)
    recording.settle()
    attempt = recording.run.attempts[(7, 1)]
    assert (attempt.status, attempt.node_starts, attempt.tool_started) == (
        "running",
        (at(6),),
        None,
    )
    recording.finish()


def test_an_unknown_start_is_not_announced(record: Record) -> None:
    announced = Announced(recording := record(reports=Reports()))
    recording.job(7).remote(7)
    assert announced.phases() == [(7, 1, "queued"), (7, 1, "succeeded")]


def test_each_attempt_is_announced_and_a_failure_has_its_reason(record: Record) -> None:
    announced = Announced(recording := record(reports=Reports(), secrets=("hunter22",)))
    recording.job(7).selected(4, 7).accepted(5, (7, 1), "71", "1", submitting=4)
    recording.finished(6, (7, 1), "failed", message="no hunter22 here", reported=6)
    recording.remote(7, 2, begin_s=7, submission="2")
    assert announced.phases() == [
        *[(7, 1, "queued"), (7, 1, "failed")],
        *[(7, 2, "queued"), (7, 2, "succeeded")],
    ]
    assert announced.states[1].reason == "no *** here"
    assert announced.states[1].external_jobid == "71"
    assert announced.states[3].reason is None


@pytest.mark.parametrize(
    ("status", "phase"),
    [("success", "succeeded"), ("failed", "failed"), ("cancelled", "failed"), ("lost", "failed")],
)
def test_every_end_is_announced_as_succeeded_or_failed(
    record: Record, status: str, phase: str
) -> None:
    announced = Announced(recording := record(reports=Reports()))
    recording.job(7).remote(7, status=status)
    assert announced.phases()[-1] == (7, 1, phase)
    assert announced.states[-1].reason == (None if status in ("success", "failed") else status)


def test_a_group_s_members_are_announced_and_the_group_is_not(record: Record) -> None:
    announced = Announced(recording := record(reports=Reports(s1=[COMPLETE])))
    recording.put(notes.GroupInfo, 3, group="g", members=(7, 8), name="pair").job(7).job(
        8, rule="other"
    )
    recording.remote("g")
    assert sorted(announced.phases()) == sorted(
        (job, 1, phase) for job in (7, 8) for phase in ("queued", "running", "succeeded")
    )
    assert {one.external_jobid for one in announced.states} == {"71"}
    assert {one.started for one in announced.states if one.phase == "running"} <= {at(6), at(9)}


def test_a_local_job_is_queued_from_its_submission(record: Record) -> None:
    announced = Announced(recording := record(wraps="local"))
    announced.session.wraps = "local"
    recording.job(7).selected(4, 7)
    recording.stages(5, (7, 1), begun=5, tool_started=5)
    recording.put(
        notes.Accepted,
        5.5,
        key=(7, 1),
        stamps={"submitting": at(4.5)},
        external_jobid=None,
        submission=(),
    )
    recording.stages(7, (7, 1), tool_ended=7, status="success")
    recording.finished(8, (7, 1), reported=7.5)
    assert announced.phases() == [(7, 1, "queued"), (7, 1, "running"), (7, 1, "succeeded")]
    assert announced.states[-1] == JobState(
        7, "local", "succeeded", queued=at(4.5), started=at(5), stopped=at(7), attempt=1
    )


def test_if_the_executor_reports_states_only_local_jobs_are_announced(
    record: Record,
) -> None:
    announced = Announced(recording := record(reports=Reports()))
    announced.session.remote_states_seen = True
    recording.job(7).job(8, local=True).remote(7).remote(8, submission="2")
    assert announced.phases() == [(8, 1, "queued"), (8, 1, "succeeded")]
    assert {one.executor for one in announced.states} == {"local"}


def test_a_revision_is_not_announced(record: Record) -> None:
    late = Reports(s1=[NodeReport(), COMPLETE])
    announced = Announced(recording := record(reports=late))
    recording.job(7).remote(7)
    before = announced.phases()
    recording.finish()
    assert [(one.job, one.attempt, one.phase) for one in announced.states] == before


def test_an_error_in_announcing_affects_only_announcements(record: Record) -> None:
    def fails(*_: Any) -> Never:
        raise RuntimeError("nobody there")

    recording = record(reports=Reports(s1=[COMPLETE])).put(notes.ListenerAdded, 0, listener=fails)
    recording.job(7).remote(7).finish()
    assert recording.faults == [
        "jobs are no longer announced, the run goes on: RuntimeError: nobody there"
    ]
    assert recording.run.gaps == ["announcing jobs: RuntimeError: nobody there"]
    assert recording.run.attempts[(7, 1)].status == "success"


# -- states that an executor reports -------------------------------------------------------------------------


def test_a_reported_state_becomes_the_attempt_s_scheduler_record(record: Record) -> None:
    recording = record(wrapped=False).job(7).selected(4, 7)
    recording.put(
        notes.RemoteState, 5, state=JobState(7, "aws-batch", "queued", "arn:1", queued=at(5))
    )
    recording.put(notes.JobEndLogged, 15, job_id=7)
    late = JobState(7, "aws-batch", "succeeded", "arn:1", stopped=at(14), exit_code=0)
    recording.put(notes.RemoteState, 16, state=late)
    recording.put(notes.RemoteState, 17, state=late)
    recording.finish()
    attempt = recording.run.attempts[(7, 1)]
    assert attempt.external_jobid == "arn:1"
    assert attempt.accounting is not None
    assert json.loads(msgspec.json.encode(attempt.accounting)) == {
        "scheduler": "aws-batch",
        "cluster_job": "arn:1",
        "resolution_s": 0.001,
        "state": "succeeded",
        "submitted": at(5),
        "ended": at(14),
        "exit_code": 0,
    }
    assert recording.kinds().count("accounting") == 2


def test_a_late_state_finds_its_attempt_by_external_id(record: Record) -> None:
    recording = record(reports=Reports()).job(7).remote(7, status="failed").remote(7, 2, begin_s=16)
    recording.put(
        notes.RemoteState, 30, state=JobState(7, "aws-batch", "failed", "71", exit_code=9)
    )
    recording.finish(40)
    first, second = (recording.run.attempts[(7, number)] for number in (1, 2))
    assert first.accounting is not None
    assert (first.accounting.exit_code, second.accounting) == (9, None)


def test_a_member_s_state_belongs_to_its_group(record: Record) -> None:
    recording = record(reports=Reports()).put(
        notes.GroupInfo, 3, group="g", members=(7, 8), name="pair"
    )
    recording.job(7).job(8, rule="other").selected(4, "g")
    recording.put(notes.RemoteState, 5, state=JobState(8, "aws-batch", "running", "arn:1"))
    recording.finished(9, ("g", 1)).finish()
    assert recording.run.attempts[("g", 1)].accounting is not None


def test_a_state_of_an_unknown_job_is_ignored(record: Record) -> None:
    recording = record(wrapped=False)
    for job in (99, "no group"):
        recording.put(notes.RemoteState, 5, state=JobState(job, "aws-batch", "running", "arn:1"))
    recording.finish()
    assert recording.faults == []
    assert "accounting" not in recording.kinds()


# -- who receives it -----------------------------------------------------------------------------------


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """Return Snakemake's own logger without handlers; restored afterwards."""
    logger = logging.getLogger("snakemake.logging")
    before, logger.handlers = logger.handlers, []
    yield logger
    logger.handlers = before


class Printing(logging.Handler):
    def emit(self, record: logging.LogRecord) -> Never:
        raise AssertionError(record)


def test_a_state_reaches_the_plugins_queue_and_no_other_handler(
    logger: logging.Logger,
) -> None:
    logger.handlers = [Printing(), logging.handlers.QueueHandler(kept := queue.SimpleQueue())]
    send(state := JobState(7, "slurm", "running"))
    sent = kept.get_nowait()
    assert sent.remote_job_state == state.payload()
    assert (sent.levelno, sent.getMessage()) == (logging.INFO, "Job 7: running.")
    assert kept.empty()


def workflow(*handlers: logging.Handler) -> Any:
    listener = SimpleNamespace(handlers=handlers) if handlers else None
    return SimpleNamespace(logger_manager=SimpleNamespace(queue_listener=listener))


def test_without_other_plugins_nothing_is_announced() -> None:
    ours = type(
        "LogHandler", (logging.Handler,), {"__module__": "snakemake_logger_plugin_observe.x"}
    )
    session = Session()
    for handlers in ((), (ours(),)):
        made = announcing(session, workflow(*handlers), None)
        assert made is not None
        made.drain()  # waits for nobody
    assert (session.notes, session.faults) == ([], [])


def test_a_console_plugin_does_not_show_announcements(logger: logging.Logger) -> None:
    console, other = logging.Handler(), logging.Handler()
    console.writes_to_stream = True
    assert announcing(Session(), workflow(console, other), None) is not None
    logger.handlers = [logging.handlers.QueueHandler(kept := queue.SimpleQueue())]
    send(JobState(7, "slurm", "running"))
    sent = kept.get_nowait()
    assert not console.filter(sent)
    assert other.filter(sent)
    assert console.filter(logging.makeLogRecord({"msg": "another"}))


def test_without_a_listener_only_announcements_are_missing() -> None:
    session = Session()
    assert announcing(session, SimpleNamespace(), None) is None
    (fault,) = session.faults
    assert isinstance(fault, AttributeError)


# -- the watch --------------------------------------------------------------------------------------


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Return a watch that scans often, its fragments, and the queue of its notes."""
    monkeypatch.setattr(module, "_SCAN_EVERY_S", 0.02)
    found: queue.SimpleQueue[Any] = queue.SimpleQueue()
    fragments = Fragments(tmp_path)
    fragments.make_folder()
    watch = FragmentWatch(fragments, found.put)
    yield SimpleNamespace(watch=watch, fragments=fragments, notes=found, folder=tmp_path)
    watch.stop()
    assert watch._watch.join(10)


def first_sign(watching: Any) -> tuple[Key, int, str | None]:
    """Return the next first sign that the watch finds: of which attempt, when, and where."""
    note = watching.notes.get(timeout=10)
    assert isinstance(note, notes.SeenOnNode)
    return note.key, note.sign, note.node


def test_a_submission_s_first_sign_is_reported_once(watching: Any) -> None:
    watching.watch.expect((7, 1), ("1",))
    watching.watch.expect((8, 1), ("2", "1.4"))
    sign = f"{at(6) // SECOND}.{at(6) % SECOND:06d}000\n"
    watching.fragments.path("1").write_text(sign)
    assert first_sign(watching) == ((7, 1), at(6), None)
    watching.fragments.path("1.4").write_text(sign)
    assert first_sign(watching) == ((8, 1), at(6), None)
    with pytest.raises(queue.Empty):
        watching.notes.get(timeout=0.2)


def test_a_submission_that_ended_is_no_longer_watched(watching: Any) -> None:
    watching.watch.expect((7, 1), ("1",))
    watching.watch.forget((7, 1))
    watching.fragments.path("1").write_text("1700000000.000000000\n")
    with pytest.raises(queue.Empty):
        watching.notes.get(timeout=0.2)


def test_an_invalid_fragment_is_not_a_sign(watching: Any) -> None:
    watching.watch.expect((7, 1), ("1",))
    watching.fragments.path("1").write_bytes(b"{torn\n\xff\n99999999999999.1\n")
    with pytest.raises(queue.Empty):
        watching.notes.get(timeout=0.2)


def test_a_folder_that_cannot_be_read_is_one_error_and_scanned_again(
    watching: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(FragmentFolder, "descriptor", property(_gone))
        expected_after_an_error(watching)
    watching.fragments.path("1").write_text("1700000000.000000000\n")
    assert first_sign(watching) == ((7, 1), 1_700_000_000_000_000, None)


def _gone(folder: FragmentFolder) -> int:
    raise FileNotFoundError(folder.path)


def expected_after_an_error(watching: Any) -> None:
    watching.watch.expect((7, 1), ("1",))
    error = watching.notes.get(timeout=10)
    assert isinstance(error, notes.InternalError)
    assert error.reason.startswith("scanning fragments: FileNotFoundError")
    with pytest.raises(queue.Empty):
        watching.notes.get(timeout=0.2)


def test_without_a_shell_s_sign_a_process_s_start_is_used(watching: Any) -> None:
    """Array tasks, and executors that submit no shell code, have no other sign."""
    watching.watch.expect((7, 1), ("1",))
    watching.fragments.path("1").write_bytes(process(started=at(6), node="n1") + b"\n")
    assert first_sign(watching) == ((7, 1), at(6), "n1")
