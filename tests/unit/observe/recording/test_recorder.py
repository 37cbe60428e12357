"""The recorder: notes in, a journal out, and no error here reaches the run."""

import errno
import os
import re
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Never

import pytest
from builders import (
    MAIN,
    NODE,
    RUN_ID,
    SECOND,
    T0,
    a_record,
    an_execution,
    at,
    level,
    printing,
    sacct,
)
from fake_time import FakeTime
from recordings import COMPLETE, NODE_LEVEL, SECRET, Record, Recording, Reports

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.validation import validate
from snakemake_logger_plugin_observe.analysis.screen.checked import check_screen
from snakemake_logger_plugin_observe.external import slurm_accounting
from snakemake_logger_plugin_observe.journal.ends import end_begins_at
from snakemake_logger_plugin_observe.journal.events import AttemptFinished, Heartbeat
from snakemake_logger_plugin_observe.journal.excerpts import repeated_lines
from snakemake_logger_plugin_observe.journal.node_reports import NodeReport
from snakemake_logger_plugin_observe.journal.reading import read_journal
from snakemake_logger_plugin_observe.journal.records import Level, Usage, Wait
from snakemake_logger_plugin_observe.journal.writing import JournalWriter
from snakemake_logger_plugin_observe.recording import (
    journal_output,
    notes,
    recorder,
    run_end,
    slurm_lookup,
)
from snakemake_logger_plugin_observe.recording.options import JournalSettings
from snakemake_logger_plugin_observe.recording.pause_watch import Pause, PauseWatch
from snakemake_logger_plugin_observe.run.fold import fold
from snakemake_logger_plugin_observe.run.phases import in_seconds


def ends(recording: Recording) -> dict[Any, AttemptFinished]:
    """Return the last event that ends each attempt, by job or group and attempt."""
    return {
        (event.job_id if event.job_id is not None else event.group, event.attempt): event
        for event in recording.events
        if event.event == "attempt_finished"
    }


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> Callable[[Recording, int], list[Heartbeat]]:
    """Have heartbeats after 30 ms without another line; wait until a recording has so many."""
    monkeypatch.setattr(recorder, "_HEARTBEAT_S", 0.03)

    def wait_for(recording: Recording, number: int) -> list[Heartbeat]:
        recording.settle()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = [event for event in recording.events if event.event == "heartbeat"]
            if len(found) >= number:
                return found
            time.sleep(0.02)
        raise AssertionError(recording.kinds())

    return wait_for


# -- what is written ------------------------------------------------------------------------------------------


def test_events_are_written_in_order(record: Record) -> None:
    recording = record(reports=Reports(s1=[COMPLETE])).job(1).remote(1).finish()
    assert recording.kinds() == [
        *("run_started", "message", "run_phase", "job"),
        *("attempt_submitted", "attempt_finished", "run_finished"),
    ]
    assert recording.faults == []


def test_events_are_in_the_journal_while_the_run_goes_on(record: Record) -> None:
    recording = record(reports=Reports(s1=[COMPLETE])).job(1)
    recording.selected(4, 1).accepted(5, (1, 1), "77", "1", submitting=4)
    recording.settle()
    submitted = recording.events[-1]
    assert (submitted.event, submitted.external_jobid) == ("attempt_submitted", "77")
    assert (submitted.stamps.ready, submitted.stamps.selected) == (at(3), at(4))
    recording.finish()


def test_the_end_of_an_attempt_has_its_phases(record: Record) -> None:
    recording = record(reports=Reports(s1=[COMPLETE])).job(1).remote(1).finish()
    end = ends(recording)[(1, 1)]
    assert end.phases_s == {
        "slot_wait": 1.0,
        "submit": 1.0,
        "queue_wait": 1.0,
        "node_startup": 1.0,
        "node_plan": 1.0,
        "stage_in": 1.0,
        "compute": 2.0,
        "stage_out": 1.0,
        "node_exit": 1.0,
        "poll_wait": 1.0,
        "postprocess": 1.0,
    }
    assert (end.status, end.external_jobid, end.node) == ("success", "71", "node7")
    assert (end.unobserved, end.revises) == ((), False)


def test_snakemake_s_share_of_the_memory_is_that_of_the_processes_that_ran_with_the_tool(
    record: Record,
) -> None:
    """A retry on the node is a process of its own; the one before it has gone."""

    def inner(begun_s: float, status: str) -> Level:
        moments = {"begun": begun_s, "tool_started": begun_s, "tool_ended": begun_s + 1}
        one = an_execution("map", **moments, status=status)
        one = one.but(used=Usage(user_s=1, system_s=1))
        known = level(one, pid=int(begun_s), started=begun_s - 0.5, ended=begun_s + 1.2)
        return known.but(peak_rss_bytes=130)

    outer = level(wraps="slurm-jobstep", pid=1, started=6, ended=14)
    outer = outer.but(peak_rss_bytes=127)
    report = NodeReport((at(6),), (outer, inner(8, "failed"), inner(12, "success")), complete=True)
    end = ends(record(reports=Reports(s1=[report])).job(1).remote(1).finish())[(1, 1)]
    assert end.used is not None
    assert end.used.snakemake_bytes == 257


def test_a_recorded_journal_is_valid(record: Record) -> None:
    recording = record(reports=Reports(s1=[COMPLETE]))
    recording.job(1).job(2, needs=(1,)).remote(1).finish(30)
    reading = read_journal(recording.path)
    found = validate(reading, reading.problems)
    assert (found.disagreements, found.problems, found.lines) == ((), (), 8)


def test_the_last_line_has_both_accounts(record: Record) -> None:
    recording = record(reports=Reports(s1=[COMPLETE])).job(1).remote(1).finish()
    last = recording.events[-1]
    assert (last.makespan_s, last.job_count, last.attempt_count) == (19.0, 1, 1)
    assert sum(last.makespan.by_class_s.values()) == pytest.approx(19.0)
    assert last.job_account.by_class_s["compute"] == 2.0


def test_the_answer_is_one_line_with_the_journal_s_path(record: Record) -> None:
    recording = record(reports=Reports(s1=[COMPLETE])).job(1).remote(1).finish()
    name = recording.path.name
    assert recording.answer.startswith("success in 19.0 s: scheduling ")
    assert recording.answer.endswith(f" → journals/{name}")


def test_the_answer_says_what_early_checks_gave_back(record: Record) -> None:
    recording = record(reports=Reports(s1=[COMPLETE])).job(1)
    recording.put(notes.WakeDecided, 3, on=True)
    key = (1, 1)
    recording.selected(4, 1).accepted(5, key, "71", "1", submitting=4)
    found = {"status": "success", "submission": ("1",), "poll_interval_s": 40}
    recording.put(notes.Finished, 15, key=key, stamps={"reported": at(14)}, **found)
    early = {"after_ring_s": 0.5, "rung": 1, "found": 1, "took_s": 0.1, "left_s": 35}
    recording.put(notes.CheckedEarly, 14, poll_interval_s=40, **early)
    recording.put(notes.RunPhaseEnded, 16, phase="shutdown", end=at(17), poll_interval_s=24)
    assert "; --timed-wake gave back about 58 s → " in recording.finish().answer


def test_while_nothing_else_is_written_heartbeats_name_what_is_in_flight(
    record: Record, beats: Callable[[Recording, int], list[Heartbeat]]
) -> None:
    recording = record().job(1).selected(4, 1, "g1")
    found = beats(recording, 2)
    assert [(one.in_flight, one.attempts) for one in found[-1:]] == [(2, ((1, 1), ("g1", 1)))]
    assert found[-2].time < found[-1].time
    recording.finish()
    assert recording.kinds()[-1] == "run_finished"


def test_a_heartbeat_names_only_the_first_attempts(
    record: Record, beats: Callable[[Recording, int], list[Heartbeat]]
) -> None:
    recording = record().selected(4, *range(1000))
    last = beats(recording, 2)[-1]
    assert (last.in_flight, len(last.attempts)) == (1000, 20)
    recording.finish()


@pytest.mark.parametrize(
    ("code", "ran", "status"),
    [("0", True, "success"), ("0", False, "failed"), ("3", True, "failed"), ("3", False, "failed")],
)
def test_an_exit_in_the_workflow_s_code_is_a_success_only_if_all_was_done(
    record: Record, code: str, ran: bool, status: str
) -> None:
    recording = record().put(notes.DagCounts, 3, to_run={"map": 1}, up_to_date={})
    if ran:
        recording.job(1).remote(1)
    level = "warning" if code == "0" else "error"
    recording.message(17, "exited", f"SystemExit: sys.exit({code})", level).finish()
    assert recording.events[-1].status == status


def test_a_run_that_ended_before_its_dag_was_built_is_no_success(record: Record) -> None:
    recording = record(planned=False).finish()
    assert [event.kind for event in recording.events if event.event == "message"] == [
        "building_dag",
        "exited",
    ]
    assert recording.events[-1].status == "failed"


def test_a_run_that_started_none_of_its_planned_jobs_is_no_success(record: Record) -> None:
    recording = record().put(notes.DagCounts, 3, to_run={"map": 2}, up_to_date={}).finish()
    assert recording.events[-1].status == "failed"


def test_no_heartbeat_is_written_while_other_lines_are(record: Record) -> None:
    recording = record().job(1).remote(1).finish()
    assert "heartbeat" not in recording.kinds()


def test_a_heartbeat_that_cannot_be_written_is_no_gap(
    record: Record,
    beats: Callable[[Recording, int], list[Heartbeat]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = record().job(1).selected(4, 1)
    beats(recording, 1)
    failed = threading.Event()

    def full(_self: object, line: bytes) -> None:
        if b"heartbeat" in line:
            failed.set()
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(JournalWriter, "write", full)
        assert failed.wait(20)
    recording.finish()
    assert "gap" not in recording.kinds()


def test_a_local_job_s_start_is_written_when_its_tool_starts(record: Record) -> None:
    recording = record(wraps="local").job(1).selected(4, 1)
    key = (1, 1)
    recording.stages(7, key, begun=4, prepared=5, running=6, tool_started=7)
    recording.stages(9, key, tool_ended=9, status="failed", exit_code=-9, message="x")
    recording.finished(11, key, "failed", submitting=4, reported=10).finish()
    started = next(event for event in recording.events if event.event == "attempt_started")
    assert (started.time, started.job_id, started.node) == (at(7), 1, socket.gethostname())
    end = ends(recording)[key]
    assert (end.exit_code, end.signal, end.message) == (-9, 9, "x")
    assert end.phases_s == {
        "slot_wait": 1.0,
        "dispatch": 1.0,
        "stage_in": 2.0,
        "compute": 2.0,
        "stage_out": 1.0,
        "postprocess": 1.0,
    }


def test_waits_in_the_main_process_are_phases_of_their_job(record: Record) -> None:
    recording = record(reports=Reports(s1=[COMPLETE])).job(1)
    key = (1, 1)
    recording.selected(4, 1).accepted(5, key, "7", "1", submitting=4)
    recording.put(notes.FilesWait, 14, key=key, phase="latency_wait", end=at(16))
    recording.finished(17, key, submission="1", reported=14).finish()
    end = ends(recording)[key]
    assert end.waits == (Wait(phase="latency_wait", start=at(14), end=at(16)),)
    assert (end.phases_s["latency_wait"], end.phases_s["postprocess"]) == (2.0, 1.0)


@pytest.mark.parametrize("status", ["cached", "success"])
def test_a_cache_hit_on_a_node_is_cached(record: Record, status: str) -> None:
    hit = an_execution(begun=8, running=8, reported=11, checked=12, status=status)
    node = NODE_LEVEL.but(executions=(hit,))
    report = NodeReport(starts=(at(6),), levels=(node,), complete=True)
    recording = record(reports=Reports(s1=[report])).job(1).remote(1).finish()
    assert ends(recording)[(1, 1)].status == status


def test_a_cache_hit_in_main_is_cached(record: Record) -> None:
    recording = record(wraps="local").job(1).selected(4, 1)
    recording.stages(7, (1, 1), running=6, reported=7, status="cached")
    recording.finished(8, (1, 1)).finish()
    assert ends(recording)[(1, 1)].status == "cached"


# -- what failed jobs wrote, and what others made ----------------------------------------------------------------


def failed(recording: Recording, logs: tuple[str, ...] = ()) -> AttemptFinished:
    """Record a failed attempt of a job that logs to ``a.log``; return its end."""
    recording.job(1, log=("a.log",)).selected(4, 1)
    recording.put(
        notes.Finished, 6, key=(1, 1), status="failed", stamps={"submitting": at(5)}, logs=logs
    )
    return ends(recording.finish())[(1, 1)]


def test_the_last_log_lines_of_a_failed_job_are_recorded(record: Record, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("reading\nno such sequence\n")
    (tmp_path / "slurm.log").write_text("srun: error\n")
    job_log, own = failed(record(), logs=("a.log", str(tmp_path / "slurm.log"))).logs
    assert (job_log.path, job_log.first_line, job_log.lines) == (
        "a.log",
        1,
        ("reading", "no such sequence"),
    )
    assert own.lines == ("srun: error",)


def test_secrets_in_a_log_are_masked(record: Record, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(f"with {SECRET}\n")
    (found,) = failed(record(secrets=(SECRET,))).logs
    assert found.lines == ("with ***",)


def test_a_job_that_succeeded_has_no_log_read(record: Record, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("fine\n")
    recording = record(reports=Reports(s1=[COMPLETE])).job(1, log=("a.log",)).remote(1).finish()
    assert ends(recording)[(1, 1)].logs == ()


def test_a_log_that_the_next_attempt_overwrote_is_not_recorded(
    record: Record, tmp_path: Path
) -> None:
    path = tmp_path / "a.log"
    path.write_text("second attempt\n")
    os.utime(path, ns=(0, at(9) * 1000))
    recording = record(wraps="local").job(1, log=("a.log",)).selected(4, 1)
    recording.stages(5, (1, 1), tool_started=5, status="failed")
    recording.finished(6, (1, 1), "failed", reported=5).finish()
    (found,) = ends(recording)[(1, 1)].logs
    assert (found.lines, found.problem) == ((), "another attempt has written to it since")


@pytest.mark.parametrize(("outputs", "sha256"), [("sizes", None), ("checksums", 64 * "x")])
def test_outputs_are_recorded_on_request(
    record: Record, tmp_path: Path, outputs: str, sha256: str | None
) -> None:
    (tmp_path / "b.txt").write_text("hello")
    settings = JournalSettings(folder=tmp_path / "journals", outputs=outputs)
    recording = record(settings=settings, reports=Reports(s1=[COMPLETE]))
    recording.job(1, output=("b.txt", "gone.txt")).remote(1).finish()
    made, gone = recording.run.attempts[(1, 1)].outputs or ()
    assert (made.path, made.bytes, len(made.sha256 or "")) == ("b.txt", 5, len(sha256 or ""))
    assert gone.problem == "it was gone before it could be examined"
    assert recording.kinds()[-1] == "run_finished"


def test_outputs_are_not_examined_by_default(record: Record) -> None:
    recording = record(reports=Reports(s1=[COMPLETE])).job(1, output=("b.txt",)).remote(1).finish()
    assert "outputs" not in recording.kinds()
    assert recording.run.attempts[(1, 1)].outputs is None


def test_shell_commands_can_be_left_out(record: Record, tmp_path: Path) -> None:
    settings = JournalSettings(folder=tmp_path / "journals", commands=False)
    recording = record(settings=settings).job(1, shellcmd="secret --sauce")
    recording.message(
        4, "error", "Command 'secret --sauce' returned non-zero exit status 1.", "error"
    )
    assert recording.finish().run.jobs[1].shellcmd is None
    assert "sauce" not in recording.path.read_text()


def test_text_that_matches_a_mask_does_not_reach_the_journal(
    record: Record, tmp_path: Path
) -> None:
    settings = JournalSettings(folder=tmp_path / "journals", mask=(re.compile(r"patient-\d+"),))
    recording = record(settings=settings).job(1, input=("in/patient-42.bam",)).finish()
    assert recording.run.jobs[1].input == ("in/***.bam",)


def test_the_file_system_is_timed_at_the_start_and_at_the_end(
    record: Record, tmp_path: Path
) -> None:
    (tmp_path / ".snakemake").mkdir()
    run = record().finish().run
    assert [one.when for one in run.file_systems] == ["start", "end"]
    assert {one.path for one in run.file_systems} == {str(tmp_path / ".snakemake")}
    assert all((one.create_s or 0) > 0 for one in run.file_systems)
    assert list((tmp_path / ".snakemake").iterdir()) == []


def test_without_a_thread_the_recorder_works_at_the_end(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python makes none at its exit, when a run that failed early on is recorded."""

    def refused(_thread: threading.Thread) -> Never:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refused)
    recording = record().message(4, "error", "SyntaxError: no", "error").finish()
    assert recording.kinds()[-1] == "run_finished"
    assert recording.run.status() == "failed"
    assert recording.faults == []


# -- groups ------------------------------------------------------------------------------------------------------


def group_report(first: str = "success", **more: Any) -> NodeReport:
    executions = (
        an_execution(
            wildcards={"s": "a"}, begun=8, tool_started=8, tool_ended=9, checked=9, status=first
        ),
        an_execution(
            wildcards={"s": "b"}, begun=10, tool_started=10, tool_ended=12, checked=12, **more
        ),
    )
    node = NODE_LEVEL.but(executions=executions)
    return NodeReport(starts=(at(6),), levels=(node,), complete=True)


def grouped(record: Record, report: NodeReport) -> Recording:
    recording = record(reports=Reports(s1=[report]))
    recording.put(notes.GroupInfo, 3, group="g1", name="pair", members=(1, 2))
    recording.job(1, wildcards={"s": "a"}).job(2, wildcards={"s": "b"})
    return recording


def test_a_group_s_end_is_followed_by_its_members(record: Record) -> None:
    found = ends(grouped(record, group_report()).remote("g1").finish())
    assert list(found) == [("g1", 1), (1, 1), (2, 1)]
    assert {key: event.phases_s.get("compute") for key, event in found.items()} == {
        ("g1", 1): None,
        (1, 1): 1.0,
        (2, 1): 2.0,
    }
    assert {event.group for event in found.values()} == {"g1"}
    assert [event.status for event in found.values()] == ["success"] * 3


def test_each_member_of_a_failed_group_has_its_own_status(record: Record) -> None:
    report = group_report(status="failed", exit_code=3, message="exit 3")
    found = ends(grouped(record, report).remote("g1", status="failed").finish())
    assert [event.status for event in found.values()] == ["failed", "success", "failed"]
    assert [event.exit_code for event in found.values()] == [None, None, 3]


def test_a_group_with_one_cached_member_is_not_cached(record: Record) -> None:
    found = ends(grouped(record, group_report(first="cached")).remote("g1").finish())
    assert [event.status for event in found.values()] == ["success", "cached", "success"]


# -- late facts ------------------------------------------------------------------------------------------------------


def test_a_complete_report_is_read_and_removed(record: Record) -> None:
    reports = Reports(s1=[COMPLETE])
    record(reports=reports).job(1).remote(1).finish()
    assert reports.removed == ["1"]


def test_a_late_report_revises_the_attempt(record: Record) -> None:
    reports = Reports(s1=[NodeReport(starts=(at(6),)), COMPLETE])
    recording = record(reports=reports).job(1).remote(1).finish()
    first, second = (event for event in recording.events if event.event == "attempt_finished")
    assert (first.revises, first.levels) == (False, ())
    assert (second.revises, second.status, second.phases_s["compute"]) == (True, "success", 2.0)
    assert recording.run.attempts[(1, 1)].unobserved == ()
    assert recording.events[-1].job_account.by_class_s["compute"] == 2.0
    assert reports.removed == ["1"]


def test_an_unchanged_report_revises_nothing(record: Record) -> None:
    reports = Reports(s1=[NodeReport(starts=(at(6),))])
    recording = record(reports=reports).job(1).remote(1).finish()
    assert recording.kinds().count("attempt_finished") == 1
    assert reports.removed == ["1"]


def test_a_problem_with_a_report_is_recorded_with_its_attempt(record: Record) -> None:
    report = NodeReport(problem="fragment: torn")
    recording = record(reports=Reports(s1=[report])).job(1).remote(1).finish()
    assert "fragment: torn" in ends(recording)[(1, 1)].unobserved


# -- how a run ends --------------------------------------------------------------------------------------------------------


def status_of(recording: Recording) -> str:
    return recording.finish(30).events[-1].status


def test_a_run_whose_jobs_succeeded_is_a_success(record: Record) -> None:
    assert status_of(record(reports=Reports(s1=[COMPLETE])).job(1).remote(1)) == "success"


def test_a_run_whose_job_failed_for_good_failed(record: Record) -> None:
    assert status_of(record().job(1).remote(1, status="failed")) == "failed"


def test_a_run_whose_job_succeeded_at_its_second_attempt_is_a_success(record: Record) -> None:
    recording = record().job(1).remote(1, status="failed")
    recording.remote(1, number=2, begin_s=16, submission="2")
    assert status_of(recording) == "success"
    assert [event.status for event in ends(recording).values()] == ["failed", "success"]


def test_a_run_with_an_error_and_no_job_failed(record: Record) -> None:
    assert status_of(record().message(4, "error", "no such file", level="error")) == "failed"


def test_running_attempts_of_an_interrupted_run_are_cancelled(record: Record) -> None:
    recording = record().job(1).selected(4, 1)
    recording.message(6, "interrupted", "Terminating processes on user request")
    assert status_of(recording) == "interrupted"
    assert ends(recording)[(1, 1)].status == "cancelled"


def test_running_attempts_at_the_end_of_a_run_without_an_error_are_lost(record: Record) -> None:
    recording = record().job(1).selected(4, 1).finish()
    end = ends(recording)[(1, 1)]
    assert (end.status, end.time) == ("lost", at(20))


def test_a_run_with_nothing_to_do_has_that_status(record: Record) -> None:
    assert status_of(record().message(4, "nothing_to_do", "Nothing to be done")) == "nothing_to_do"


def test_a_dry_run_has_that_status(record: Record) -> None:
    assert status_of(record(kind="dry_run")) == "dry_run"


@pytest.mark.parametrize(
    ("rule", "printed", "message"),
    [
        ("map", "rule map in file:\nJob 1 completed, but", True),
        ("map", "rule map in file:\nempty output files:\na.txt (rule map, line 1)", True),
        ("map", "rule map in file:\nempty output files:\naa.txt (rule map, line 1)", False),
        ("map", "rule other in file:\nempty output files:\na.txt (rule other, line 1)", False),
    ],
)
def test_an_error_is_a_jobs_own_if_it_names_its_id_or_an_output(
    record: Record, rule: str, printed: str, message: bool
) -> None:
    recording = record().job(1, rule=rule, output=("a.txt",)).selected(4, 1)
    recording.message(9, "error", printed, level="error")
    recording.finished(10, (1, 1), "failed", reported=8).finish()
    assert ends(recording)[(1, 1)].message == (printed if message else None)


def test_the_node_s_error_before_any_execution_comes_first(record: Record) -> None:
    node = NODE_LEVEL.but(executions=(), error="no in.txt")
    report = NodeReport(starts=(at(6),), levels=(node,), complete=True)
    recording = record(reports=Reports(s1=[report])).job(1).selected(4, 1)
    recording.accepted(5, (1, 1), "71", "1")
    recording.finished(15, (1, 1), "failed", "1", "no out.txt", reported=14).finish()
    assert ends(recording)[(1, 1)].message == "on the node: no in.txt\nno out.txt"


def test_with_immediate_submit_a_job_stays_submitted(record: Record) -> None:
    recording = (
        record(reports=Reports(), run_settings={"immediate_submit": True}).job(1).remote(1).finish()
    )
    assert recording.run.attempts[(1, 1)].status == "submitted"
    assert status_of(recording) == "success"


def test_the_accounts_at_the_end_are_those_that_a_reader_computes(record: Record) -> None:
    """Also of jobs that are left without an end: their time is in both."""
    recording = (
        record(reports=Reports(), run_settings={"immediate_submit": True}).job(1).remote(1).finish()
    )
    written = recording.run.finished
    assert written is not None
    read = account(fold(read_journal(recording.path)))
    assert written.makespan.by_phase_s == in_seconds(read.makespan_by_phase)
    assert written.job_account.by_phase_s == in_seconds(read.jobs_by_phase)
    assert sum(written.job_account.by_phase_s.values()) > 0


# -- without the wrapper ---------------------------------------------------------------------------------------------------


def test_without_the_wrapper_log_records_end_a_job(record: Record) -> None:
    recording = record(wrapped=False).job(1).selected(4, 1)
    recording.put(notes.JobEndLogged, 9, job_id=1).finish()
    end = ends(recording)[(1, 1)]
    assert (end.status, end.phases_s) == ("success", {"slot_wait": 1.0, "unobserved": 5.0})


def test_without_the_wrapper_a_failure_has_its_message(record: Record) -> None:
    recording = record(wrapped=False).job(1).selected(4, 1)
    recording.put(notes.JobErrorLogged, 9, job_id=1, message="exit 3", external_jobid="77").finish()
    end = ends(recording)[(1, 1)]
    assert (end.status, end.message, end.external_jobid) == ("failed", "exit 3", "77")


OF_A_RULE = (
    "RuleException:\nCalledProcessError in file 'S', line 5:\n"
    "Command 'set -euo pipefail; exit 3' returned non-zero exit status 3."
)


def test_without_the_wrapper_a_failure_has_the_error_that_names_its_job(record: Record) -> None:
    recording = record(wrapped=False).put(notes.EndsHooked, 3).job(1).job(2).selected(4, 1, 2)
    recording.put(notes.LogMessage, 6, level="error", kind="error", text=OF_A_RULE, job_id=1)
    recording.finished(7, (1, 1), "failed").selected(8, 1)
    recording.put(
        notes.LogMessage, 9, level="error", kind="error", text=OF_A_RULE.replace("3", "4"), job_id=1
    )
    recording.finished(10, (1, 2), "failed").finished(11, (2, 1), "failed").finish()
    found = ends(recording)
    assert [found[key].message for key in ((1, 1), (1, 2), (2, 1))] == [
        "CalledProcessError in file 'S', line 5: returned non-zero exit status 3.",
        "CalledProcessError in file 'S', line 5: returned non-zero exit status 4.",
        None,
    ]


def test_without_the_wrapper_a_group_has_the_error_that_names_one_of_its_jobs(
    record: Record,
) -> None:
    recording = record(wrapped=False).put(notes.EndsHooked, 3)
    recording.put(notes.GroupInfo, 3, group="g", name="g", members=(1, 2))
    recording.job(1).job(2, rule="reduce").selected(4, "g")
    recording.put(notes.LogMessage, 6, level="error", kind="error", text=OF_A_RULE, job_id=2)
    recording.finished(7, ("g", 1), "failed").finish()
    assert ends(recording)[("g", 1)].message == (
        "reduce: CalledProcessError in file 'S', line 5: returned non-zero exit status 3."
    )


WAITED = (
    "WorkflowError in rule use in file 'S', line 8:\n"
    "OSError: Missing files after 5 seconds:\ndb.sock (missing locally)"
)


def a_service_and_its_user(record: Record, **of_the_service: Any) -> dict[Any, Any]:
    """Return the ends of a local group of a service and of a job that waits for it in vain."""
    recording = record().put(notes.GroupInfo, 3, group="g", name="g", members=(1, 2))
    recording.job(1, rule="db", service=True).job(2, rule="use", needs=(1,)).selected(4, "g")
    recording.stages(5, (1, 1), begun=4, tool_started=5, **of_the_service)
    recording.put(notes.LogMessage, 10, level="error", kind="error", text=WAITED, job_id=2)
    return ends(recording.finished(10, ("g", 1), "failed", reported=10).finish())


def test_a_job_that_waits_in_vain_for_a_service_failed_by_itself(record: Record) -> None:
    found = a_service_and_its_user(record)
    assert found[("g", 1)].message == f"use: {WAITED}"
    assert (found[(2, 1)].status, found[(2, 1)].message) == ("failed", WAITED)
    assert found[(1, 1)].message is None


def test_a_job_that_waits_in_vain_for_a_service_that_failed_did_not(record: Record) -> None:
    found = a_service_and_its_user(record, tool_ended=6, status="failed", exit_code=1)
    assert (found[(1, 1)].status, found[(1, 1)].exit_code) == ("failed", 1)
    assert (found[(2, 1)].status, found[(2, 1)].message) == (
        "cancelled",
        "another job of its group failed before it began",
    )


def test_log_records_are_ignored_once_ends_are_hooked(record: Record) -> None:
    recording = record(wrapped=False).put(notes.EndsHooked, 3).job(1)
    recording.selected(4, 1).put(notes.JobEndLogged, 9, job_id=1)
    recording.finished(10, (1, 1)).finish()
    assert recording.kinds().count("attempt_finished") == 1
    assert ends(recording)[(1, 1)].stamps.finished == at(10)


# -- what goes wrong -----------------------------------------------------------------------------------------------------


@contextmanager
def a_full_disk(path: Path, room: int) -> Iterator[None]:
    """Have the kernel cut this process's files as if *path* could take *room* more bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_lines_wait_while_the_disk_is_full(record: Record) -> None:
    recording = record()
    recording.settle()
    with a_full_disk(recording.path, room=10):
        recording.message(4, "warning", "late").message(5, "warning", "late too").settle()
        assert recording.kinds()[-1] == "run_phase"
    recording.message(6, "warning", "in time").finish()
    assert recording.faults
    for fault in recording.faults:
        assert fault.startswith(f"{recording.path}: ")
        assert fault.endswith("; the run goes on, its journal waits for room")
        assert "\n" not in fault
    assert [event.text for event in recording.events if event.event == "message"][1:4] == [
        *("late", "late too", "in time")
    ]
    assert "gap" not in recording.kinds()
    assert recording.answer.endswith(str(recording.path.relative_to(recording.folder)))


def test_a_gap_counts_the_lines_that_are_too_many_to_wait(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = record()
    recording.settle()
    monkeypatch.setattr(journal_output, "_KEPT_BYTES", 300)
    with a_full_disk(recording.path, room=10):
        for n in range(5):
            recording.message(4, "warning", f"message {n} {100 * '-'}")
        recording.settle()
    recording.message(6, "warning", "in time").finish()
    assert [event.lost for event in recording.events if event.event == "gap"] == [4]
    texts = [event.text for event in recording.events if event.event == "message"][1:]
    assert [text[:9] for text in texts[:2]] == ["message 0", "in time"]


def test_a_journal_begins_with_its_first_line_when_there_is_room_at_last(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_output, "_KEPT_BYTES", 0)
    (tmp_path / "empty").touch()
    with a_full_disk(tmp_path / "empty", room=0):
        recording = record()
        recording.message(4, "warning", "lost").settle()
        assert recording.path.read_bytes() == b""
    recording.message(6, "warning", "in time").finish()
    assert recording.kinds()[:3] == ["run_started", "gap", "message"]
    assert recording.kinds()[-1] == "run_finished"


def test_a_journal_that_never_had_room_is_removed_and_not_announced(
    record: Record, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    with a_full_disk(tmp_path / "empty", room=0):
        recording = record()
        recording.message(4, "warning", "lost").finish()
    assert recording.answer is None
    assert list((tmp_path / "journals").iterdir()) == []


@pytest.mark.parametrize("room_at_last", [True, False])
def test_a_disk_without_room_for_the_file_itself_is_tried_again(
    record: Record, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, room_at_last: bool
) -> None:
    full = [True]

    class Writer(JournalWriter):
        def __init__(self, *arguments: Any) -> None:
            if full[0]:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            super().__init__(*arguments)

    monkeypatch.setattr(journal_output, "JournalWriter", Writer)
    recording = record()
    recording.message(4, "warning", "late").settle()
    full[0] = not room_at_last
    recording.finish()
    (fault,) = recording.faults
    folder = tmp_path / "journals"
    assert fault == (
        f"{folder}: No space left on device; the run goes on, its journal waits for room"
    )
    if room_at_last:
        assert recording.kinds() == [
            *("run_started", "message", "run_phase", "message", "message", "run_finished")
        ]
    else:
        assert (recording.answer, folder.exists()) == (None, False)


def test_an_invalid_note_is_a_gap_and_the_run_goes_on(record: Record) -> None:
    recording = record(reports=Reports(s1=[COMPLETE])).job("not a number").job(1)
    recording.remote(1).finish()
    (gap,) = (event for event in recording.events if event.event == "gap")
    assert gap.reason.startswith("JobInfo: ValidationError: ")
    assert gap.lost == 1
    (fault,) = recording.faults
    assert fault.startswith("internal error, the run goes on: JobInfo: ValidationError: ")
    assert "\n" not in fault
    assert ends(recording)[(1, 1)].status == "success"


class Unreadable(Reports):
    def read(self, submission: tuple[str, ...]) -> Never:
        raise RuntimeError("no")


def test_an_unreadable_report_loses_only_the_node_s_phases(record: Record) -> None:
    recording = record(reports=Unreadable()).job(1).job(2).remote(1, submission="1")
    recording.selected(20, 2)
    recording.finished(21, (2, 1)).finish(30)
    assert recording.faults == []
    first = ends(recording)[(1, 1)]
    assert first.status == "success"
    assert any(reason.startswith("fragment: ") for reason in first.unobserved)
    assert ends(recording)[(2, 1)].status == "success"


def test_a_group_may_have_only_an_id(record: Record) -> None:
    recording = record().put(notes.GroupInfo, 4, group="g1").finish()
    assert recording.faults == []
    assert [(one.group, one.members) for one in recording.events if one.event == "group"] == [
        ("g1", ())
    ]


@pytest.mark.parametrize(("set_by_s", "direction"), [(3.2, "forward"), (-3600, "back")])
def test_setting_the_wall_clock_is_one_warning(
    record: Record, fake_time: FakeTime, set_by_s: float, direction: str
) -> None:
    recording = record(reports=Reports(s1=[COMPLETE])).job(1)
    recording.settle()
    fake_time.passes(1)
    fake_time.is_set(set_by_s)
    recording.remote(1).finish()
    (found,) = [one for one in recording.run.messages if one.kind == "clock_set"]
    amount = f"{abs(set_by_s):.3f} s between 2026-03-01T12:00:00.000000Z and 2026-03-01T12:00:01"
    assert found.text.startswith(
        f"the clock of {socket.gethostname()} was set {direction} by {amount}"
    )


def test_a_pause_of_the_main_process_is_no_compute(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written before the ends that were noticed after it."""
    recording = record(wrapped=True).job(1)
    recording.selected(4, 1).accepted(5, (1, 1), None, "", submitting=4)
    recording.stages(5, (1, 1), begun=4, tool_started=5).settle()
    found = [Pause(at(8), at(12), 0)]
    monkeypatch.setattr(PauseWatch, "end", lambda _self, _at_most: found.pop() if found else None)
    recording.stages(12, (1, 1), tool_ended=12.5, status="success")
    recording.finished(13, (1, 1), reported=12.5).finish()
    (paused,) = (event for event in recording.events if event.event == "paused")
    assert (paused.time, paused.end, paused.suspended_s) == (at(8), at(12), None)
    end = ends(recording)[(1, 1)]
    assert (end.phases_s["compute"], end.phases_s["unobserved"]) == (3.5, 4.0)
    assert validate(read_journal(recording.path), []).sound


def test_an_internal_error_outside_of_the_recorder_is_a_gap(record: Record) -> None:
    recording = record().put(notes.InternalError, 4, reason="KeyError: x").finish()
    (gap,) = (event for event in recording.events if event.event == "gap")
    assert (gap.reason, gap.lost) == ("KeyError: x", None)


def test_a_folder_that_cannot_be_created_loses_the_journal_and_not_the_run(
    record: Record, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    recording = record(settings=JournalSettings(folder=tmp_path / "file" / "x")).finish()
    assert recording.answer is None
    assert recording.faults == [
        (
            f"no journal, the run goes on: {tmp_path / 'file' / 'x'} cannot be written "
            "(Not a directory); --logger-observe-dir names another folder"
        )
    ]


def test_a_journal_removed_during_the_run_is_one_warning(record: Record) -> None:
    recording = record()
    recording.settle()
    path = recording.path
    path.unlink()
    recording.finish()
    assert recording.answer is None
    assert recording.faults == [f"{path}: removed or replaced while the run went on"]


# -- Slurm's records -------------------------------------------------------------------------------------------------------


Command = Callable[[str, str], Path]


def test_slurm_accounting_is_written_before_the_run_s_end(record: Record, command: Command) -> None:
    calls = command("sacct", printing(sacct({}, {"JobID": "72"}, {"JobID": "99"})))
    recording = record(reports=Reports(s1=[COMPLETE])).job(1).remote(1, status="failed")
    recording.remote(1, number=2, begin_s=16, submission="2")
    recording.put(notes.AccountingWanted, 28).finish(30)
    first, second, last = recording.events[-3:]
    assert (first.event, first.job_id, first.attempt, first.time) == ("accounting", 1, 1, at(30))
    assert (second.attempt, second.record) == (2, a_record("72"))
    assert (last.event, recording.faults) == ("run_finished", [])
    assert recording.run.attempts[(1, 1)].accounting == a_record("71")
    (call,) = calls.read_text().splitlines()
    assert " -j 71,72 " in call


def test_a_journal_with_slurm_accounting_is_valid(record: Record, command: Command) -> None:
    command("sacct", printing(sacct({})))
    recording = record(reports=Reports(s1=[COMPLETE])).job(1).remote(1)
    recording.put(notes.AccountingWanted, 16).finish()
    reading = read_journal(recording.path)
    assert validate(reading, reading.problems).sound


def test_the_record_of_a_job_without_an_end_is_written_once_behind_it(
    record: Record, command: Command
) -> None:
    command("sacct", printing(sacct({"State": "RUNNING", "End": "Unknown"})))
    recording = record().job(1).selected(4, 1)
    recording.accepted(5, (1, 1), "71", "1", submitting=4)
    recording.put(notes.AccountingWanted, 16).finish()
    ends = [
        one.event for one in recording.events if one.event in ("attempt_finished", "accounting")
    ]
    assert ends == ["attempt_finished", "accounting"]
    assert list(repeated_lines(recording.path)) == []


def test_a_group_s_submission_is_queried_once(record: Record, command: Command) -> None:
    calls = command("sacct", printing(sacct({})))
    recording = grouped(record, group_report()).remote("g1")
    recording.put(notes.AccountingWanted, 16).finish()
    (found,) = (event for event in recording.events if event.event == "accounting")
    assert (found.job_id, found.group, found.attempt) == (None, "g1", 1)
    assert " -j 71 " in calls.read_text()


def test_slurm_is_not_queried_by_default(record: Record, command: Command) -> None:
    calls = command("sacct", printing(sacct({})))
    recording = record(reports=Reports(s1=[COMPLETE])).job(1).remote(1).finish()
    assert ("accounting" in recording.kinds(), calls.exists()) == (False, False)


def test_slurm_is_not_queried_without_a_slurm_job_id(record: Record, command: Command) -> None:
    calls = command("sacct", printing(sacct({})))
    recording = record().job(1).selected(4, 1)
    recording.accepted(5, (1, 1), "12.server", "1", submitting=4).finished(9, (1, 1))
    recording.put(notes.AccountingWanted, 10).finish()
    assert ("accounting" in recording.kinds(), calls.exists()) == (False, False)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo no database >&2; exit 3", "sacct failed with exit code 3: no database"),
        ("exec sleep 30", "sacct did not answer in time"),
    ],
)
def test_a_failing_accounting_query_is_one_message(
    record: Record,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    why: str,
) -> None:
    monkeypatch.setattr(slurm_accounting, "PATIENCE_S", 0.5)
    command("sacct", script)
    recording = record(reports=Reports(s1=[COMPLETE])).job(1).remote(1)
    recording.put(notes.AccountingWanted, 16).finish()
    found, last = recording.events[-2:]
    assert (found.event, found.level, found.kind, found.time) == (
        *("message", "info", "accounting"),
        at(20),
    )
    assert found.text == f"Slurm's accounting could not be queried: {why}"
    assert "accounting" not in recording.kinds()
    assert (last.event, last.status, last.makespan_s) == ("run_finished", "success", 19.0)
    assert (recording.faults, recording.answer is not None) == ([], True)


def test_an_error_in_starting_the_query_is_a_gap(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: Any) -> Never:
        raise RuntimeError("no")

    monkeypatch.setattr(slurm_lookup, "AccountingQuery", fault)
    recording = record(reports=Reports(s1=[COMPLETE])).job(1).remote(1)
    recording.put(notes.AccountingWanted, 16).finish()
    (gap,) = (event for event in recording.events if event.event == "gap")
    assert gap.reason == "AccountingWanted: RuntimeError: no"
    assert recording.events[-1].status == "success"


def allocation_of(recording: Recording) -> Any:
    """Return Snakemake's own allocation, once it is in the journal."""
    until = time.monotonic() + 5
    recording.settle()
    while "allocation" not in recording.kinds():
        assert time.monotonic() < until
        time.sleep(0.02)
    recording.finish()
    assert recording.faults == []
    return recording.run.allocation


def test_snakemake_s_own_allocation_is_recorded_with_its_end(
    record: Record, command: Command
) -> None:
    command("squeue", f"echo '{T0 // SECOND + 600}|{NODE}'")
    found = allocation_of(record(allocation="80"))
    assert (found.scheduler, found.cluster_job, found.nodes, found.end) == (
        *("slurm", "80", NODE),
        at(600),
    )


def test_an_allocation_unknown_to_squeue_has_only_its_id(record: Record, command: Command) -> None:
    command("squeue", "exit 1")
    found = allocation_of(record(allocation="80"))
    assert (found.cluster_job, found.nodes, found.end) == ("80", None, None)


def test_outside_of_slurm_there_is_no_allocation(record: Record, command: Command) -> None:
    calls = command("squeue", "exit 0")
    assert "allocation" not in record().finish().kinds()
    assert not calls.exists()


# -- secrets ----------------------------------------------------------------------------------------------------------------------


def test_secrets_do_not_reach_the_journal(record: Record) -> None:
    recording = record(secrets=(SECRET,), reports=Reports(s1=[COMPLETE]))
    recording.job(1, shellcmd=f"tool --key {SECRET}", input=(f"x/{SECRET}",))
    recording.message(4, "warning", f"cannot log in with {SECRET}")
    recording.selected(4, 1)
    recording.finished(10, (1, 1), "failed", message=f"bad {SECRET}").finish()
    assert SECRET.encode() not in recording.path.read_bytes()
    assert [event.shellcmd for event in recording.events if event.event == "job"] == [
        "tool --key ***"
    ]
    assert ends(recording)[(1, 1)].message == "bad ***"


def test_the_first_event_identifies_the_run(record: Record) -> None:
    started = record().finish().events[0]
    assert (started.host, started.pid) == (socket.gethostname(), os.getpid())
    assert (started.run_id != RUN_ID, started.host != MAIN) == (True, True)
    assert (started.process_started, started.executor, started.wraps) == (None, "timed", "slurm")


def test_tags_and_file_mode_are_applied(record: Record, tmp_path: Path) -> None:
    settings = JournalSettings(folder=tmp_path / "journals", mode=0o640, tags={"team": "a"})
    recording = record(settings=settings).finish()
    assert recording.events[0].tags == {"team": "a"}
    assert recording.path.stat().st_mode & 0o777 == 0o640


# -- planning ---------------------------------------------------------------------------------------------------------------------


def test_planning_ends_when_the_dag_is_ready(record: Record) -> None:
    (phase,) = (event for event in record().finish().events if event.event == "run_phase")
    assert (phase.phase, phase.time, phase.end) == ("plan", at(2), at(3))


def test_dag_counts_are_written(record: Record) -> None:
    recording = record().put(notes.DagCounts, 3, to_run={"map": 2}, up_to_date={"sort": 1}).finish()
    (found,) = (event for event in recording.events if event.event == "planned")
    assert (found.time, found.to_run, found.up_to_date) == (at(3), {"map": 2}, {"sort": 1})


def test_what_jobs_need_and_block_is_written_by_rule(record: Record) -> None:
    plan = {"needs": {"all": {"map": 2}}, "without_command": ("all",)}
    recording = record().put(notes.DagCounts, 3, to_run={"map": 2}, up_to_date={}, **plan)
    recording.put(notes.JobsBlocked, 4, jobs={"all": 1}).finish()
    (planned,) = (event for event in recording.events if event.event == "planned")
    assert (planned.needs, planned.without_command) == ({"all": {"map": 2}}, ("all",))
    (blocked,) = (event for event in recording.events if event.event == "blocked")
    assert (blocked.time, blocked.jobs) == (at(4), {"all": 1})
    assert recording.run.blocked == blocked


def test_a_run_that_ended_during_planning_has_plan_and_deploy_phases(record: Record) -> None:
    recording = record(planned=False).message(5, "deploying", "Creating conda environment")
    recording.finish(9)
    phases = [event for event in recording.events if event.event == "run_phase"]
    assert [(one.phase, one.time, one.end) for one in phases] == [
        ("plan", at(2), at(5)),
        ("deploy", at(5), at(9)),
    ]


def test_of_removed_temporary_outputs_only_the_folders_of_missing_files_are_written(
    record: Record,
) -> None:
    recording = record()
    for moment, path in ((3, "a.tmp"), (4, "data/parent"), (5, "data/other")):
        text = f"Removing temporary output {path}."
        recording.message(moment, "removing_temporary", text)
    error = "OSError: Missing files after 5 seconds:\ndata/parent/child (missing locally)"
    recording.message(6, "error", error, level="error").finish()
    written = [one.text for one in recording.run.messages]
    assert [one for one in written if "data/" in one] == [
        "Removing temporary output data/parent.",
        error,
    ]


# -- the first screen ------------------------------------------------------------------------------------------


def test_the_last_line_of_a_large_run_has_its_first_screen(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the one that follows from the lines before, and stands where it says."""
    monkeypatch.setattr(run_end, "SMALL", 0)
    recording = record(reports=Reports(s1=[COMPLETE])).job(1).remote(1).finish()
    screen = recording.events[-1].screen
    assert [one.job_id for one in screen.costliest] == [1]
    reading = read_journal(recording.path)
    assert validate(reading, reading.problems, check_screen).sound
    assert screen.begins_at == end_begins_at(recording.path)


def test_that_of_a_small_run_has_none(record: Record) -> None:
    recording = record(reports=Reports(s1=[COMPLETE])).job(1).remote(1).finish()
    assert recording.events[-1].screen is None


def test_nor_has_one_in_which_a_secret_would_be_masked(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_end, "SMALL", 0)
    recording = record(reports=Reports(s1=[COMPLETE]), secrets=(SECRET,))
    recording.job(1, wildcards={"key": SECRET}).remote(1).finish()
    assert recording.events[-1].screen is None
    assert recording.faults == []
