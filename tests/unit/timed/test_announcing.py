"""Announcing: the run's events become states for other logger plugins, and for nobody else."""

import logging
import logging.handlers
import queue
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Never

import pytest
from builders import NODE, SECOND, at
from fragment_lines import process
from recordings import COMPLETE, Recording, Reports

from snakemake_executor_plugin_timed import announcing as module
from snakemake_executor_plugin_timed.announcing import Announcer, FragmentWatch, announcing, send
from snakemake_executor_plugin_timed.fragments import Fragments
from snakemake_logger_plugin_observe.recording import notes
from snakemake_logger_plugin_observe.recording.job_state import JobState
from snakemake_logger_plugin_observe.recording.node_reports import NodeReport
from snakemake_logger_plugin_observe.run.attempt import Key

Record = Callable[..., Recording]


class Session:
    """As much of a session as announcing asks for."""

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


class Heard:
    """A recording whose events are announced; what is announced is kept."""

    def __init__(self, recording: Recording) -> None:
        self.session = Session()
        self.states: list[JobState] = []
        self.recording = recording
        recording.put(notes.ListenerAdded, 0, listener=Announcer(self.session, self.states.append))

    def phases(self) -> list[tuple[int | str, int | None, str]]:
        self.recording.settle()
        return [(one.job, one.attempt, one.phase) for one in self.states]


def test_a_job_that_was_not_seen_running_is_announced_as_having_run(record: Record) -> None:
    heard = Heard(told := record(reports=Reports(s1=[COMPLETE])))
    told.job(7).remote(7)
    assert heard.phases() == [(7, 1, "queued"), (7, 1, "running"), (7, 1, "succeeded")]
    known = {"job": 7, "executor": "slurm", "external_jobid": "71", "attempt": 1, "queued": at(5)}
    assert heard.states == [
        JobState(**known, phase="queued"),
        JobState(**known, phase="running", started=at(6)),
        JobState(**known, phase="succeeded", started=at(6), stopped=at(13)),
    ]


def test_a_job_that_was_seen_running_is_announced_once(record: Record) -> None:
    heard = Heard(told := record(reports=Reports(s1=[COMPLETE])))
    told.job(7).selected(4, 7).accepted(5, (7, 1), "71", "1", submitting=4)
    assert heard.phases() == [(7, 1, "queued")]
    told.put(notes.SeenOnNode, 8, key=(7, 1), sign=at(6), node=NODE)
    assert heard.phases() == [(7, 1, "queued"), (7, 1, "running")]
    assert heard.states[-1].started == at(6)
    told.finished(15, (7, 1), submission="1", reported=14)
    assert heard.phases()[2:] == [(7, 1, "succeeded")]
    told.finish()
    (started,) = [one for one in told.events if one.event == "attempt_started"]
    assert (started.time, started.node_started, started.node) == (at(8), at(6), NODE)


def test_a_running_attempt_has_its_first_sign_in_the_journal(record: Record) -> None:
    told = record(reports=Reports()).job(7)
    told.selected(4, 7).accepted(5, (7, 1), "71", "1", submitting=4)
    told.put(notes.SeenOnNode, 8, key=(7, 1), sign=at(6), node=None)
    told.settle()
    attempt = told.run.attempts[(7, 1)]
    assert (attempt.status, attempt.node_starts, attempt.tool_started) == (
        "running",
        (at(6),),
        None,
    )
    told.finish()


def test_an_unknown_start_is_not_announced(record: Record) -> None:
    heard = Heard(told := record(reports=Reports()))
    told.job(7).remote(7)
    assert heard.phases() == [(7, 1, "queued"), (7, 1, "succeeded")]


def test_each_attempt_is_announced_and_a_failure_says_why(record: Record) -> None:
    heard = Heard(told := record(reports=Reports(), secrets=("hunter22",)))
    told.job(7).selected(4, 7).accepted(5, (7, 1), "71", "1", submitting=4)
    told.finished(6, (7, 1), "failed", message="no hunter22 here", reported=6)
    told.remote(7, 2, begin_s=7, submission="2")
    assert heard.phases() == [
        *[(7, 1, "queued"), (7, 1, "failed")],
        *[(7, 2, "queued"), (7, 2, "succeeded")],
    ]
    assert heard.states[1].reason == "no *** here"
    assert heard.states[1].external_jobid == "71"
    assert heard.states[3].reason is None


@pytest.mark.parametrize(
    ("status", "phase"),
    [("success", "succeeded"), ("failed", "failed"), ("cancelled", "failed"), ("lost", "failed")],
)
def test_every_end_is_one_of_two(record: Record, status: str, phase: str) -> None:
    heard = Heard(told := record(reports=Reports()))
    told.job(7).remote(7, status=status)
    assert heard.phases()[-1] == (7, 1, phase)
    assert heard.states[-1].reason == (None if status in ("success", "failed") else status)


def test_a_group_s_members_are_announced_and_the_group_is_not(record: Record) -> None:
    heard = Heard(told := record(reports=Reports(s1=[COMPLETE])))
    told.put(notes.GroupInfo, 3, group="g", members=(7, 8), name="pair").job(7).job(8, rule="other")
    told.remote("g")
    assert sorted(heard.phases()) == sorted(
        (job, 1, phase) for job in (7, 8) for phase in ("queued", "running", "succeeded")
    )
    assert {one.external_jobid for one in heard.states} == {"71"}
    assert {one.started for one in heard.states if one.phase == "running"} <= {at(6), at(9)}


def test_a_local_job_is_queued_from_its_submission_on(record: Record) -> None:
    heard = Heard(told := record(wraps="local"))
    heard.session.wraps = "local"
    told.job(7).selected(4, 7)
    told.stages(5, (7, 1), begun=5, tool_started=5)
    told.put(
        notes.Accepted,
        5.5,
        key=(7, 1),
        stamps={"submitting": at(4.5)},
        external_jobid=None,
        submission=(),
    )
    told.stages(7, (7, 1), tool_ended=7, status="success")
    told.finished(8, (7, 1), reported=7.5)
    assert heard.phases() == [(7, 1, "queued"), (7, 1, "running"), (7, 1, "succeeded")]
    assert heard.states[-1] == JobState(
        7, "local", "succeeded", queued=at(4.5), started=at(5), stopped=at(7), attempt=1
    )


def test_jobs_whose_executor_tells_their_states_are_left_to_it_but_local_ones(
    record: Record,
) -> None:
    heard = Heard(told := record(reports=Reports()))
    heard.session.remote_states_seen = True
    told.job(7).job(8, local=True).remote(7).remote(8, submission="2")
    assert heard.phases() == [(8, 1, "queued"), (8, 1, "succeeded")]
    assert {one.executor for one in heard.states} == {"local"}


def test_a_revision_is_not_announced(record: Record) -> None:
    late = Reports(s1=[NodeReport(), COMPLETE])
    heard = Heard(told := record(reports=late))
    told.job(7).remote(7)
    before = heard.phases()
    told.finish()
    assert [(one.job, one.attempt, one.phase) for one in heard.states] == before


def test_a_fault_of_announcing_costs_the_announcements_alone(record: Record) -> None:
    def fails(*_: Any) -> Never:
        raise RuntimeError("nobody there")

    told = record(reports=Reports(s1=[COMPLETE])).put(notes.ListenerAdded, 0, listener=fails)
    told.job(7).remote(7).finish()
    assert told.faults == [
        "jobs are no longer announced, the run goes on: RuntimeError: nobody there"
    ]
    assert told.run.gaps == ["announcing jobs: RuntimeError: nobody there"]
    assert told.run.attempts[(7, 1)].status == "success"


# -- what an executor tells -------------------------------------------------------------------------


def test_a_state_that_is_told_stands_beside_its_attempt(record: Record) -> None:
    told = record(wrapped=False).job(7).selected(4, 7)
    told.put(notes.RemoteState, 5, state=JobState(7, "aws-batch", "queued", "arn:1", queued=at(5)))
    told.put(notes.JobEndLogged, 15, job_id=7)
    late = JobState(7, "aws-batch", "succeeded", "arn:1", stopped=at(14), exit_code=0)
    told.put(notes.RemoteState, 16, state=late)
    told.put(notes.RemoteState, 17, state=late)
    told.finish()
    attempt = told.run.attempts[(7, 1)]
    assert attempt.external_jobid == "arn:1"
    assert attempt.accounting is not None
    assert attempt.accounting.model_dump(exclude_none=True) == {
        "scheduler": "aws-batch",
        "cluster_job": "arn:1",
        "resolution_s": 0.001,
        "state": "succeeded",
        "submitted": at(5),
        "ended": at(14),
        "restarts": 0,
        "exit_code": 0,
    }
    assert told.kinds().count("accounting") == 2


def test_a_late_state_finds_its_attempt_by_its_id(record: Record) -> None:
    told = record(reports=Reports()).job(7).remote(7, status="failed").remote(7, 2, begin_s=16)
    told.put(notes.RemoteState, 30, state=JobState(7, "aws-batch", "failed", "71", exit_code=9))
    told.finish(40)
    first, second = (told.run.attempts[(7, number)] for number in (1, 2))
    assert first.accounting is not None
    assert (first.accounting.exit_code, second.accounting) == (9, None)


def test_a_state_of_a_member_is_its_group_s(record: Record) -> None:
    told = record(reports=Reports()).put(notes.GroupInfo, 3, group="g", members=(7, 8), name="pair")
    told.job(7).job(8, rule="other").selected(4, "g")
    told.put(notes.RemoteState, 5, state=JobState(8, "aws-batch", "running", "arn:1"))
    told.finished(9, ("g", 1)).finish()
    assert told.run.attempts[("g", 1)].accounting is not None


def test_a_state_of_a_job_that_nobody_knows_is_nothing(record: Record) -> None:
    told = record(wrapped=False)
    for job in (99, "no group"):
        told.put(notes.RemoteState, 5, state=JobState(job, "aws-batch", "running", "arn:1"))
    told.finish()
    assert told.faults == []
    assert "accounting" not in told.kinds()


# -- who hears it -----------------------------------------------------------------------------------


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """Return Snakemake's own logger with nobody listening; as it was, afterwards."""
    logger = logging.getLogger("snakemake.logging")
    before, logger.handlers = logger.handlers, []
    yield logger
    logger.handlers = before


class Printing(logging.Handler):
    def emit(self, record: logging.LogRecord) -> Never:
        raise AssertionError(record)


def test_a_state_goes_to_the_plugins_queue_and_past_all_other_handlers(
    logger: logging.Logger,
) -> None:
    logger.handlers = [Printing(), logging.handlers.QueueHandler(kept := queue.SimpleQueue())]
    send(state := JobState(7, "slurm", "running"))
    told = kept.get_nowait()
    assert told.remote_job_state == state.payload()
    assert (told.levelno, told.getMessage()) == (logging.INFO, "Job 7: running.")
    assert kept.empty()


def workflow(*handlers: logging.Handler) -> Any:
    listener = SimpleNamespace(handlers=handlers) if handlers else None
    return SimpleNamespace(logger_manager=SimpleNamespace(queue_listener=listener))


def test_where_nobody_else_listens_nothing_is_announced() -> None:
    ours = type(
        "LogHandler", (logging.Handler,), {"__module__": "snakemake_logger_plugin_observe.x"}
    )
    session = Session()
    assert announcing(session, workflow(), None) is None
    assert announcing(session, workflow(ours()), None) is None
    assert (session.notes, session.faults) == ([], [])


def test_a_console_that_is_a_plugin_does_not_show_it(logger: logging.Logger) -> None:
    console, other = logging.Handler(), logging.Handler()
    console.writes_to_stream = True
    assert announcing(Session(), workflow(console, other), None) is not None
    logger.handlers = [logging.handlers.QueueHandler(kept := queue.SimpleQueue())]
    send(JobState(7, "slurm", "running"))
    told = kept.get_nowait()
    assert not console.filter(told)
    assert other.filter(told)
    assert console.filter(logging.makeLogRecord({"msg": "another"}))


def test_a_snakemake_without_what_we_ask_for_costs_the_announcements_alone() -> None:
    session = Session()
    assert announcing(session, SimpleNamespace(), None) is None
    (fault,) = session.faults
    assert isinstance(fault, AttributeError)


# -- the watch --------------------------------------------------------------------------------------


@pytest.fixture
def looking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Return a watch that looks often, its fragments, and the queue of what it tells."""
    monkeypatch.setattr(module, "_SCAN_EVERY_S", 0.02)
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()
    fragments = Fragments(tmp_path, "0123456789abcdef")
    watch = FragmentWatch(fragments, told.put)
    yield SimpleNamespace(watch=watch, fragments=fragments, told=told, folder=tmp_path)
    watch.stop()
    watch._thread.join(10)
    assert not watch._thread.is_alive()


def first_sign(looking: Any) -> tuple[Key, int, str | None]:
    """Return the next first sign that the watch finds: of which attempt, when, and where."""
    note = looking.told.get(timeout=10)
    assert isinstance(note, notes.SeenOnNode)
    return note.key, note.sign, note.node


def test_the_first_sign_of_a_submission_is_told_once(looking: Any) -> None:
    looking.watch.expect((7, 1), ("1",))
    looking.watch.expect((8, 1), ("2", "1.4"))
    sign = f"{at(6) // SECOND}.{at(6) % SECOND:06d}000\n"
    looking.fragments.path("1").write_text(sign)
    assert first_sign(looking) == ((7, 1), at(6), None)
    looking.fragments.path("1.4").write_text(sign)
    assert first_sign(looking) == ((8, 1), at(6), None)
    with pytest.raises(queue.Empty):
        looking.told.get(timeout=0.2)


def test_what_has_ended_is_no_longer_looked_for(looking: Any) -> None:
    looking.watch.expect((7, 1), ("1",))
    looking.watch.forget((7, 1))
    looking.fragments.path("1").write_text("1700000000.000000000\n")
    with pytest.raises(queue.Empty):
        looking.told.get(timeout=0.2)


def test_a_fragment_that_is_not_one_is_not_believed(looking: Any) -> None:
    looking.watch.expect((7, 1), ("1",))
    looking.fragments.path("1").write_bytes(b"{torn\n\xff\n99999999999999.1\n")
    with pytest.raises(queue.Empty):
        looking.told.get(timeout=0.2)


def test_a_folder_that_does_not_answer_is_told_once_and_looked_at_again(looking: Any) -> None:
    looking.folder.rmdir()
    looking.watch.expect((7, 1), ("1",))
    error = looking.told.get(timeout=10)
    assert isinstance(error, notes.InternalError)
    assert error.reason.startswith("scanning fragments: FileNotFoundError")
    with pytest.raises(queue.Empty):
        looking.told.get(timeout=0.2)
    looking.folder.mkdir()
    looking.fragments.path("1").write_text("1700000000.000000000\n")
    assert first_sign(looking) == ((7, 1), 1_700_000_000_000_000, None)


def test_where_no_shell_signs_a_process_s_own_start_is_the_sign(looking: Any) -> None:
    """Tasks of an array, and executors that submit no shell code, leave no other."""
    looking.watch.expect((7, 1), ("1",))
    looking.fragments.path("1").write_bytes(process(started=at(6), node="n1") + b"\n")
    assert first_sign(looking) == ((7, 1), at(6), "n1")
