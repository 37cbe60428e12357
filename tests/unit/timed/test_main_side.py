"""Notes of the timed executors in the main process: few of them, each with all its stamps."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from snakemake_interface_executor_plugins.settings import ExecMode, SharedFSUsage

from snakemake_executor_plugin_timed.main_side import MainSide
from snakemake_logger_plugin_observe.recording import notes
from snakemake_logger_plugin_observe.recording.job_descriptions import JobReader
from snakemake_logger_plugin_observe.recording.options import JournalSettings

N = TypeVar("N", bound=notes.Note)
KEY = (3, 1)
JOB = SimpleNamespace(jobid=3, attempt=1)
EXECUTOR = SimpleNamespace(next_seconds_between_status_checks=40)


class Session:
    """Keeps the notes that are put."""

    recorder: Any = None
    wraps: str | None = "cluster-generic"
    journal = JournalSettings()

    def __init__(self) -> None:
        self.listener = SimpleNamespace(jobs=JobReader())
        self.notes: list[notes.AnyNote] = []
        self.faults: list[BaseException] = []

    def put(self, note: notes.AnyNote) -> None:
        self.notes.append(note)

    def masked(self, text: str, most: int) -> str:
        return text[:most]

    def fault(self, error: BaseException) -> None:
        self.faults.append(error)

    def of(self, *kinds: type[N]) -> list[N]:
        """Return the notes of these kinds, nothing having gone wrong."""
        assert self.faults == []
        return [note for note in self.notes if isinstance(note, kinds)]


class ToolError(Exception):
    returncode = -9


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def side(session: Session) -> MainSide:
    workflow = SimpleNamespace(dag=SimpleNamespace(), executor_settings=None)
    return MainSide(session, workflow)


def test_an_acceptance_has_the_start_of_its_submission(session: Session, side: MainSide) -> None:
    side.submitting(JOB)
    side.accepted(JOB, 77)
    (note,) = session.of(notes.Accepted)
    assert (note.key, note.external_jobid, note.submission) == (KEY, "77", ())
    assert note.stamps["submitting"] <= note.time


def test_an_end_has_its_report_and_message(session: Session, side: MainSide) -> None:
    side.submitting(JOB)
    side.accepted(JOB, None)
    side.reported(EXECUTOR, JOB, False, "no such file")
    side.finished(JOB, False)
    (note,) = session.of(notes.Finished)
    assert (note.key, note.status, note.message) == (KEY, "failed", "no such file")
    assert list(note.stamps) == ["reported"]
    assert note.stamps["reported"] <= note.time


def test_the_end_of_a_refused_submission_has_its_start(session: Session, side: MainSide) -> None:
    side.submitting(JOB)
    side.reported(EXECUTOR, JOB, False, None)
    side.finished(JOB, False)
    (note,) = session.of(notes.Finished)
    assert list(note.stamps) == ["submitting", "reported"]


def test_a_second_attempt_has_no_stamps_of_the_first(session: Session, side: MainSide) -> None:
    side.submitting(JOB)
    side.reported(EXECUTOR, JOB, False, "first")
    side.finished(JOB, False)
    side.submitting(again := SimpleNamespace(jobid=3, attempt=2))
    side.reported(EXECUTOR, again, True, None)
    side.finished(again, True)
    (_, note) = session.of(notes.Finished)
    assert (note.key, note.status, note.message) == ((3, 2), "success", None)


def test_attempts_of_one_job_object_that_follow_each_other_are_told_apart(
    session: Session, side: MainSide
) -> None:
    """Snakemake counts on in the same object; of a lost attempt nobody reports an end."""
    job = SimpleNamespace(jobid=3, attempt=1)
    for attempt, ends in ((1, True), (2, False), (3, True)):
        job.attempt = attempt
        side.described(job)
        side.submitting(job)
        side.accepted(job, attempt * 11)
        if ends:
            side.reported(EXECUTOR, job, False, f"{attempt}")
            side.finished(job, False)
    accepted, ended = session.of(notes.Accepted), session.of(notes.Finished)
    assert [(note.key, note.external_jobid) for note in accepted] == [
        *(((3, 1), "11"), ((3, 2), "22"), ((3, 3), "33"))
    ]
    assert [(note.key, note.message) for note in ended] == [((3, 1), "1"), ((3, 3), "3")]


def test_jobs_that_go_on_at_once_are_told_apart(session: Session, side: MainSide) -> None:
    jobs = [SimpleNamespace(jobid=number, attempt=number) for number in (1, 2, 3)]
    for job in jobs:
        side.submitting(job)
    for job in reversed(jobs):
        side.accepted(job, None)
    for job in jobs:
        side.reported(EXECUTOR, job, True, None)
        side.finished(job, True)
    assert [note.key for note in session.of(notes.Accepted)] == [(3, 3), (2, 2), (1, 1)]
    assert [note.key for note in session.of(notes.Finished)] == [(1, 1), (2, 2), (3, 3)]


def test_a_group_id_is_a_text(session: Session, side: MainSide) -> None:
    side.finished(SimpleNamespace(jobid=object, attempt=2), True)
    (note,) = session.of(notes.Finished)
    assert note.key == (str(object), 2)


def test_a_tool_s_start_comes_with_all_earlier_stages(session: Session, side: MainSide) -> None:
    for stage in ("begun", "prepared", "running", "tool_started"):
        side.stage(JOB, stage)
    (note,) = session.of(notes.ExecutionStages)
    assert list(note.moments) == ["begun", "prepared", "running", "tool_started"]
    assert note.moments["tool_started"] == note.time


def test_a_tool_s_end_has_its_status(session: Session, side: MainSide) -> None:
    side.stage(JOB, "tool_ended", ToolError("killed"))
    (note,) = session.of(notes.ExecutionStages)
    assert note.moments == {"tool_ended": note.time}
    assert (note.status, note.exit_code, note.message) == ("failed", -9, "killed")


def test_a_cache_hit_has_no_tool(session: Session, side: MainSide) -> None:
    side.stage(JOB, "running")
    side.stage(JOB, "cached")
    (note,) = session.of(notes.ExecutionStages)
    assert note.status == "cached"
    assert note.moments["reported"] == note.time


def test_a_preparation_whose_tool_never_started_is_put_with_the_end(
    session: Session, side: MainSide
) -> None:
    """It may have waited long for its inputs: that is staging, and must not be lost."""
    side.submitting(JOB)
    side.stage(JOB, "begun")
    side.stage(JOB, "prepared")
    side.reported(EXECUTOR, JOB, False, "no input")
    side.finished(JOB, False)
    stages = [note.moments for note in session.of(notes.ExecutionStages)]
    assert [list(one) for one in stages] == [["begun", "prepared"]]


def test_an_internal_error_does_not_reach_snakemake(session: Session, side: MainSide) -> None:
    side.finished(SimpleNamespace(), True)
    assert [type(fault) for fault in session.faults] == [AttributeError]


def test_missing_hooks_cause_no_error(session: Session, side: MainSide) -> None:
    assert list(map(type, session.notes)) == [notes.DagReady]


def test_an_end_has_the_current_polling_interval(session: Session, side: MainSide) -> None:
    side.submitting(JOB)
    side.reported(EXECUTOR, JOB, True, None)
    side.finished(JOB, True)
    (note,) = session.of(notes.Finished)
    assert note.poll_interval_s == 40


def test_an_end_has_the_status_check_that_found_it_and_the_one_before(
    session: Session, side: MainSide
) -> None:
    side.checking(EXECUTOR)
    side.sleeping(EXECUTOR)
    side.checking(EXECUTOR)
    side.reported(EXECUTOR, JOB, True, None)
    side.told(EXECUTOR)
    side.finished(JOB, True)
    (note,) = session.of(notes.Finished)
    check = note.status_check
    assert check is not None
    assert check.previous <= check.slept <= check.begun <= note.stamps["reported"]
    assert check.blocked_s == 0


def test_an_end_after_another_has_how_long_the_main_thread_let_that_wait(
    session: Session, side: MainSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter(range(0, 90_000_000, 1_000_000))
    monkeypatch.setattr("snakemake_logger_plugin_observe.clock.now", lambda: next(moments))
    later = SimpleNamespace(jobid=4, attempt=1)
    side.checking(EXECUTOR)
    side.reported(EXECUTOR, JOB, True, None)
    side.told(EXECUTOR)
    side.reported(EXECUTOR, later, True, None)
    side.finished(later, True)
    (note,) = session.of(notes.Finished)
    assert note.status_check is not None
    assert (note.status_check.blocked_s, note.status_check.previous) == (1, None)


def test_an_end_that_no_status_check_found_has_none(session: Session, side: MainSide) -> None:
    """Such as that of a refused submission, reported by the thread that submits."""
    side.checking(EXECUTOR)
    side.sleeping(EXECUTOR)
    side.reported(EXECUTOR, JOB, False, None)
    side.told(EXECUTOR)
    side.finished(JOB, False)
    (note,) = session.of(notes.Finished)
    assert note.status_check is None


def test_a_shutdown_has_the_current_polling_interval(session: Session, side: MainSide) -> None:
    side.shutting_down(EXECUTOR)
    side.shut_down(EXECUTOR)
    (note,) = session.of(notes.RunPhaseEnded)
    assert (note.phase, note.poll_interval_s) == ("shutdown", 40)
    assert note.time <= note.end


def test_the_shutdown_of_an_executor_that_does_not_poll_is_not_recorded(
    session: Session, side: MainSide
) -> None:
    side.shutting_down(SimpleNamespace())
    side.shut_down(SimpleNamespace())
    assert session.of(notes.RunPhaseEnded) == []


def test_each_array_task_but_the_first_has_two_fragments(session: Session, side: MainSide) -> None:
    tasks = [SimpleNamespace(jobid=number, attempt=1) for number in (5, 6, 7)]
    for task, external in zip(tasks, ("20_1", "20_2", "21_3"), strict=True):
        side.submitting(task)
        side._submission(task)
        side.accepted(task, external)
    submissions = [note.submission for note in session.of(notes.Accepted)]
    assert submissions == [("1",), ("2", "1.2"), ("3",)]


@pytest.mark.parametrize(
    ("wraps", "submit_cmd", "wanted", "queries"),
    [
        ("slurm", None, True, 1),
        ("slurm", None, False, 0),
        ("cluster-generic", "sbatch --parsable", True, 1),
        ("cluster-generic", "qsub", True, 0),
        ("local", None, True, 0),
    ],
)
def test_slurm_accounting_is_queried_once_if_slurm_runs_the_jobs(
    session: Session, wraps: str, submit_cmd: str | None, wanted: bool, queries: int
) -> None:
    session.wraps = wraps
    settings = SimpleNamespace(submit_cmd=submit_cmd)
    workflow = SimpleNamespace(dag=SimpleNamespace(), executor_settings=settings)
    side = MainSide(session, workflow, accounting=wanted)
    side.shutting_down(EXECUTOR)
    side.shutting_down(EXECUTOR)
    assert len(session.of(notes.AccountingWanted)) == queries


# -- plugins that go ways of their own --------------------------------------------------------------


class Recorder:
    """A recorder with a folder only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder


class Remote:
    """An executor whose jobs run in processes of their own."""

    def get_exec_mode(self) -> ExecMode:
        return ExecMode.REMOTE

    def get_python_executable(self) -> str:
        return sys.executable


class Undescribed:
    """A job whose plugin calls neither ``run_job`` nor ``run_job_pre``."""

    jobid = 3
    attempt = 1
    dag = SimpleNamespace()
    rule = SimpleNamespace(name="map")

    def is_group(self) -> bool:
        return False


@pytest.fixture
def remote_side(session: Session, tmp_path: Path) -> MainSide:
    """Return a main side whose executor's nodes can be timed."""
    session.recorder = Recorder(tmp_path / "observe")
    workflow = SimpleNamespace(
        dag=SimpleNamespace(),
        executor_settings=None,
        storage_settings=SimpleNamespace(shared_fs_usage=SharedFSUsage.all()),
        remote_execution_settings=SimpleNamespace(immediate_submit=False),
    )
    return MainSide(session, workflow)


def test_a_submission_starts_when_its_command_is_made_if_not_stamped_before(
    session: Session, remote_side: MainSide
) -> None:
    job = Undescribed()
    remote_side.first_sign(Remote(), job)
    remote_side.accepted(job, 77)
    (note,) = session.of(notes.JobInfo)
    (accepted,) = session.of(notes.Accepted)
    assert (note.job_id, note.rule) == (3, "map")
    assert accepted.stamps == {"submitting": note.time}
    assert accepted.submission == ("1",)


def test_a_described_submission_is_not_described_again(
    session: Session, remote_side: MainSide
) -> None:
    job = Undescribed()
    remote_side.submitting(job)
    remote_side.described(job)
    remote_side.first_sign(Remote(), job)
    remote_side.accepted(job, 77)
    (accepted,) = session.of(notes.Accepted)
    assert session.of(notes.JobInfo) == []
    assert list(accepted.stamps) == ["submitting"]


def test_making_a_command_twice_is_one_submission(session: Session, remote_side: MainSide) -> None:
    job = Undescribed()
    remote_side.first_sign(Remote(), job)
    remote_side.first_sign(Remote(), job)
    assert len(session.of(notes.JobInfo)) == 1


def test_a_job_that_cannot_be_described_is_still_timed(
    session: Session, remote_side: MainSide
) -> None:
    job = Undescribed()
    job.rule = None
    assert remote_side.first_sign(Remote(), job) is not None
    remote_side.accepted(job, 77)
    (note,) = (note for note in session.notes if isinstance(note, notes.Accepted))
    assert "submitting" in note.stamps
    assert [type(fault) for fault in session.faults] == [AttributeError]


def test_a_later_attempt_is_described_again(session: Session, remote_side: MainSide) -> None:
    """What a plugin describes by itself it describes at each attempt."""
    job = Undescribed()
    remote_side.described(job)
    remote_side.finished(job, False)
    remote_side.first_sign(Remote(), job)
    assert len(session.of(notes.JobInfo)) == 1


def test_an_undescribed_group_is_put_with_its_members(
    session: Session, remote_side: MainSide
) -> None:
    group = SimpleNamespace(
        jobid="g1",
        attempt=1,
        groupid="g1",
        is_group=lambda: True,
        jobs=[Undescribed(), Undescribed()],
    )
    remote_side.first_sign(Remote(), group)
    assert list(map(type, session.of(notes.GroupInfo, notes.JobInfo))) == [
        *(notes.GroupInfo, notes.JobInfo, notes.JobInfo)
    ]


def test_the_first_sign_goes_to_the_submission_s_own_fragment(
    session: Session, remote_side: MainSide
) -> None:
    job = Undescribed()
    sign = remote_side.first_sign(Remote(), job)
    record = remote_side.record_for(Remote(), job)
    folder, name = os.path.split(record)
    assert name == "1.fragment"
    assert sign == (
        f"(umask 077;date +%s.%N|(cd {folder}&&test -O .&&test -O {os.path.basename(folder)}&&"
        "find . -prune -perm 700|grep -q .&&"
        "dd of=1.fragment oflag=append,nofollow,nonblock conv=notrunc)||true)>/dev/null 2>&1"
    )


def test_without_a_shell_there_is_a_fragment_but_no_first_sign(
    session: Session, remote_side: MainSide
) -> None:
    """``date`` and its arguments would be taken for the program to run."""
    executor = type("Remote", (Remote,), {"__module__": "snakemake_executor_plugin_htcondor.x"})()
    job = Undescribed()
    assert remote_side.first_sign(executor, job) is None
    assert remote_side.record_for(executor, job) is not None
    assert len(session.of(notes.JobInfo)) == 1


def test_array_tasks_have_no_first_sign(session: Session, remote_side: MainSide) -> None:
    executor = Remote()
    executor.array_jobs = True
    assert remote_side.first_sign(executor, Undescribed()) is None
    assert session.faults == []


def test_an_error_in_what_cuts_sleeps_short_leaves_the_executor_its_own_check_and_sleep(
    session: Session, side: MainSide
) -> None:
    class Broken:
        def takes(self, executor: object) -> bool:
            raise ZeroDivisionError

    side._waking = Broken()  # type: ignore[assignment]
    executor = object()
    assert side.check(executor, [1, 2], list) == [1, 2]
    assert side.sleep(executor, lambda: "slept") == "slept"
    assert [type(one) for one in session.faults] == [ZeroDivisionError, ZeroDivisionError]
