"""Fragments: what processes on a node write is validated when it is read."""

import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from builders import SECOND, T0, at
from fake_time import FakeTime
from fragment_lines import process

from snakemake_executor_plugin_timed.fragments import Fragments, array_name
from snakemake_executor_plugin_timed.node import NodeSide, record_of_task
from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal.node_reports import NodeReport

TORN = "fragment: a torn or foreign line"
FOREIGN = "fragment: not of a known format"


ReportOf = Callable[..., NodeReport]


@pytest.fixture
def fragments(tmp_path: Path) -> Fragments:
    made = Fragments(tmp_path)
    made.make_folder()
    return made


@pytest.fixture
def report_of(fragments: Fragments) -> ReportOf:
    """Return a function that writes a fragment and reads it back as a report."""

    def read(*lines: bytes) -> NodeReport:
        fragments.path("1").write_bytes(b"".join(line + b"\n" for line in lines))
        return fragments.read(("1",))

    return read


def sign(moment_s: float) -> bytes:
    """Return the shell's first sign of life, as ``date +%s.%N`` prints it."""
    moment = at(moment_s)
    return f"{moment // SECOND}.{moment % SECOND:06d}000".encode()


def test_a_fragment_is_named_by_its_submission_in_its_run_s_folder(fragments: Fragments) -> None:
    assert fragments.path("7") == fragments.folder / "7.fragment"


def test_a_missing_fragment_is_an_empty_report(fragments: Fragments) -> None:
    assert fragments.read(("1",)) == NodeReport()


def test_the_first_sign_of_life_is_read(report_of: ReportOf) -> None:
    assert report_of(sign(3.5)) == NodeReport(starts=(at(3.5),))


def test_several_signs_are_several_starts_in_order(report_of: ReportOf) -> None:
    """A scheduler may start a submission twice."""
    assert report_of(sign(9), sign(3.5), sign(5)).starts == (at(3.5), at(5), at(9))


def test_nanoseconds_are_cut_to_microseconds(report_of: ReportOf) -> None:
    assert report_of(b"1772366400.123456789").starts == (1772366400123456,)


def test_processes_come_in_the_order_of_their_starts(report_of: ReportOf) -> None:
    report = report_of(sign(3), process(pid=2, started=at(7)), process(pid=1, started=at(4)))
    assert [level.pid for level in report.levels] == [1, 2]
    assert report.problem is None


def test_only_the_outermost_process_of_a_start_keeps_its_ancestors(report_of: ReportOf) -> None:
    began = {"ancestors": [at(3), at(1)]}
    report = report_of(
        process(started=at(4), **began),
        process(pid=2, started=at(7), **began),
        process(pid=3, started=at(20), restarts=1, **began),
    )
    assert [level.ancestors for level in report.levels] == [(at(3), at(1)), (), (at(3), at(1))]


def test_the_last_line_of_a_process_counts(report_of: ReportOf) -> None:
    report = report_of(process(), process(planned=at(6), ended=at(10)))
    (level,) = report.levels
    assert (level.planned, level.ended) == (at(6), at(10))


def test_the_same_pid_on_two_hosts_is_two_processes(report_of: ReportOf) -> None:
    report = report_of(process(), process(host="other"), process(started=at(6)))
    assert len(report.levels) == 3


def test_a_report_is_complete_when_the_outermost_process_has_ended(report_of: ReportOf) -> None:
    assert report_of(process(ended=at(10))).complete
    assert not report_of(process(), process(pid=2, started=at(7), ended=at(9))).complete
    assert not report_of(sign(3)).complete


def test_waits_and_executions_are_read(report_of: ReportOf) -> None:
    (level,) = report_of(
        process(
            waits=[{"phase": "stage_in", "start": at(5), "end": at(6)}],
            executions=[{"number": 1, "rule": "map", "tool_started": at(7), "exit_code": -9}],
        )
    ).levels
    assert (level.waits[0].phase, level.executions[0].exit_code) == ("stage_in", -9)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (process()[:-20], TORN),
        (b"\x00\xff\x00", TORN),
        (b"[" * 100_000, TORN),
        (b"1772366400.12", FOREIGN),
        (b"[]", FOREIGN),
        (b"{}", FOREIGN),
        (process(v=2), FOREIGN),
        (process(in_main=True), FOREIGN),
        (process(host=None), "fragment: Expected str, got null - at $.host"),
        (process(executions=[{"status": "great"}]), None),
        (process(started="noon"), None),
    ],
)
def test_foreign_lines_are_a_problem_and_the_rest_is_read(
    report_of: ReportOf, line: bytes, problem: str | None
) -> None:
    report = report_of(sign(3), line, process(pid=5))
    assert report.starts == (at(3),)
    assert [level.pid for level in report.levels] == [5]
    assert report.problem.startswith(problem or "fragment: ")


def test_a_moment_out_of_range_is_a_problem(report_of: ReportOf) -> None:
    """Taken in, it could not be written into the journal, and would cost the attempt its end."""
    report = report_of(process(started=10**30))
    assert (report.levels, report.problem is None) == ((), False)


def test_a_problem_is_one_line(report_of: ReportOf) -> None:
    assert len(report_of(b"x\ry", process(host=None)).problem.splitlines()) == 1


def test_a_huge_fragment_is_not_read(fragments: Fragments) -> None:
    with open(fragments.path("1"), "wb") as file:
        file.truncate(5 * 1024 * 1024)
    problem = "fragment: larger than 4194304 bytes"
    assert fragments.read(("1",)) == NodeReport(problem=problem)


def test_a_link_is_not_followed(fragments: Fragments, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(sign(3))
    fragments.path("1").symlink_to(tmp_path / "elsewhere")
    assert fragments.read(("1",)) == NodeReport(
        problem="fragment: Too many levels of symbolic links"
    )


@pytest.mark.parametrize("written_to", [False, True])
def test_a_pipe_does_not_block(fragments: Fragments, written_to: bool) -> None:
    os.mkfifo(fragments.path("1"))
    held = os.open(fragments.path("1"), os.O_RDWR) if written_to else None
    report = fragments.read(("1",))
    if held is not None:
        os.close(held)
    assert (report.starts, report.levels, report.complete) == ((), (), False)


def test_a_folder_is_not_a_fragment(fragments: Fragments) -> None:
    fragments.path("1").mkdir()
    assert fragments.read(("1",)) == NodeReport(problem="fragment: Is a directory")


def test_removing_a_link_keeps_its_target(fragments: Fragments, tmp_path: Path) -> None:
    kept = tmp_path / "elsewhere"
    kept.write_bytes(b"x")
    fragments.path("1").symlink_to(kept)
    fragments.remove(("1",))
    fragments.remove(("1",))
    assert (kept.read_bytes(), fragments.path("1").is_symlink()) == (b"x", False)


# -- what the node writes, the main process reads -----------------------------------------------------------


class Rule:
    name = "map"


class Job:
    """The attributes of a job that the node's side reads."""

    rule = Rule()
    wildcards_dict = {"sample": "a"}  # noqa: RUF012 - as Snakemake's
    jobid = 3

    def is_group(self) -> bool:
        return False


class ToolError(Exception):
    returncode = 3


def test_the_main_process_reads_what_the_node_writes(fragments: Fragments) -> None:
    node = NodeSide(str(fragments.path("1")), "local", T0)
    job = Job()
    node.attach(None)
    node.submitting(job)
    for stage in ("begun", "prepared", "running", "tool_started", "tool_ended"):
        node.stage(job, stage)
    node.reported(None, job, True, None)
    node.finished(job, True)
    node.leave()
    report = fragments.read(("1",))
    (level,) = report.levels
    (one,) = level.executions
    assert (report.complete, report.problem, level.loaded) == (True, None, T0)
    assert (one.rule, one.wildcards, one.number) == ("map", {"sample": "a"}, 1)
    assert (one.status, one.exit_code) == ("success", None)
    taken = [one.begun, one.prepared, one.running, one.tool_started, one.tool_ended]
    assert [*taken, one.reported, one.checked, level.ended] == sorted(
        [*taken, one.reported, one.checked, level.ended]
    )


def test_a_process_killed_during_its_tool_has_written_the_start(fragments: Fragments) -> None:
    node = NodeSide(str(fragments.path("1")), "local", T0)
    job = Job()
    node.submitting(job)
    node.stage(job, "tool_started")
    report = fragments.read(("1",))
    assert not report.complete
    assert report.levels[0].executions[0].tool_started is not None
    assert report.levels[0].executions[0].status == "running"


def test_a_second_execution_on_the_node_is_counted_and_the_first_failure_recorded(
    fragments: Fragments,
) -> None:
    node = NodeSide(str(fragments.path("1")), "local", T0)
    job = Job()
    node.submitting(job)
    node.stage(job, "tool_started")
    node.stage(job, "tool_ended", ToolError("exit 3"))
    node.reported(None, job, False, None)
    node.finished(job, False)
    node.submitting(job)
    node.stage(job, "tool_started")
    node.stage(job, "tool_ended")
    node.reported(None, job, True, None)
    node.finished(job, True)
    node.leave()
    first, second = fragments.read(("1",)).levels[0].executions
    assert (first.number, first.status, first.exit_code) == (1, "failed", 3)
    assert first.message == "exit 3"
    assert (second.number, second.status, second.exit_code) == (2, "success", None)


def test_each_failed_execution_keeps_the_end_of_its_log(
    fragments: Fragments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    node = NodeSide(str(fragments.path("1")), "local", T0)
    job = Job()
    job.log = ("a.log",)
    for text in ("no room", "no such file"):
        (tmp_path / "a.log").write_text(f"{text}\n")
        node.submitting(job)
        node.stage(job, "tool_started")
        node.stage(job, "tool_ended", ToolError("exit 3"))
        node.finished(job, False)
    node.leave()
    executions = fragments.read(("1",)).levels[0].executions
    assert [one.logs[0].lines for one in executions] == [("no room",), ("no such file",)]


class Declaring:
    """An executor of a workflow that declares a variable."""

    workflow = SimpleNamespace(envvars=["A_WORD"])


def test_a_fragment_has_no_declared_value_and_nothing_that_looks_like_a_secret(
    fragments: Fragments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_WORD", "hunter2X9q")
    monkeypatch.setenv("NODES_OWN_TOKEN", "undeclared-8")
    node = NodeSide(str(fragments.path("1")), "local", T0)
    node.attach(Declaring())
    job = Job()
    job.wildcards_dict = {"sample": "a-hunter2X9q"}
    node.submitting(job)
    node.stage(job, "tool_started")
    node.stage(job, "tool_ended", ToolError("x" * 495 + "hunter2X9q"))
    node.fault(ValueError("undeclared-8"))
    node.submitting(job)
    node.reported(None, job, False, "curl -u ann:secret-7 undeclared-8\n" + "y" * 600)
    node.leave()
    text = fragments.path("1").read_text()
    assert not re.search("hunter|secret-7|undeclared", text)
    first, second = fragments.read(("1",)).levels[0].executions
    assert first.wildcards == {"sample": "a-***"}
    assert first.message == "x" * 495 + "***"
    assert second.message is not None
    assert second.message.startswith("curl -u ann:*** ***")
    assert len(second.message) == 500


def test_a_job_that_succeeds_imports_nothing_to_mask_with(tmp_path: Path) -> None:
    script = (
        "import sys; from snakemake_executor_plugin_timed.node import NodeSide\n"
        f"node = NodeSide({str(tmp_path / 'x')!r}, 'local', 0); node.attach(None); node.leave()\n"
        "print([name for name in sys.modules if 'masking' in name or 'secret_' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_a_cache_hit_on_the_node_has_no_tool(fragments: Fragments) -> None:
    node = NodeSide(str(fragments.path("1")), "local", T0)
    job = Job()
    node.submitting(job)
    node.stage(job, "running")
    node.stage(job, "cached")
    node.reported(None, job, True, None)
    node.finished(job, True)
    node.leave()
    (one,) = fragments.read(("1",)).levels[0].executions
    assert (one.status, one.tool_started) == ("cached", None)


def test_a_fragment_is_readable_by_its_owner_only(fragments: Fragments) -> None:
    before = os.umask(0)
    try:
        NodeSide(str(fragments.path("1")), "local", T0).leave()
    finally:
        os.umask(before)
    assert fragments.path("1").stat().st_mode & 0o777 == 0o600


def test_a_fragment_that_cannot_be_written_causes_no_error(tmp_path: Path) -> None:
    NodeSide(str(tmp_path / "no" / "such" / "folder"), "local", T0).leave()
    assert list(tmp_path.iterdir()) == []


def test_a_fragment_with_too_many_processes_is_a_problem(report_of: ReportOf) -> None:
    """More than any submission starts would only be there to make the reader stumble."""
    report = report_of(*(process(pid=pid, started=at(pid)) for pid in range(400)))
    assert report.levels == ()
    assert report.problem == "fragment: more than 300 processes"


def test_a_pipe_in_a_fragment_s_place_does_not_block_the_node(fragments: Fragments) -> None:
    os.mkfifo(fragments.path("1"))
    NodeSide(str(fragments.path("1")), "local", 0).leave()


def test_the_process_that_an_array_s_command_started_names_no_job(
    fragments: Fragments,
) -> None:
    """Every task's command is the first one's, so that the job it names is another's."""
    job_of_the_first = {"number": 1, "rule": "map", "wildcards": {"sample": "first"}}
    own = {"number": 1, "rule": "map", "wildcards": {"sample": "second"}}
    outer = process(pid=1, started=at(4), ended=at(9), executions=[job_of_the_first])
    inner = process(pid=2, started=at(5), ended=at(8), executions=[own])
    fragments.path("1.2").write_bytes(outer + b"\n")
    fragments.path("2").write_bytes(inner + b"\n")
    report = fragments.read(("2", array_name("1", "2")))
    assert [level.executions[0].wildcards for level in report.levels] == [{}, {"sample": "second"}]
    assert report.levels[0].executions[0].rule is None
    assert report.complete
    fragments.remove(("2", "1.2"))
    assert [path.name for path in fragments.folder.iterdir()] == [fragments.folder.name]


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, "r-1.fragment"),
        ({"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_MIN": "3"}, "r-1.fragment"),
        ({"SLURM_ARRAY_TASK_ID": "4", "SLURM_ARRAY_TASK_MIN": "3"}, "r-1.4.fragment"),
        ({"SLURM_ARRAY_TASK_ID": "../4", "SLURM_ARRAY_TASK_MIN": "3"}, "r-1.fragment"),
    ],
)
def test_a_later_array_task_does_not_write_to_the_first_one_s_fragment(
    environ: dict[str, str], name: str
) -> None:
    assert record_of_task("r-1.fragment", environ) == name


def test_a_report_is_complete_once_the_last_start_of_a_requeued_job_has_ended(
    report_of: ReportOf,
) -> None:
    killed = process(pid=1, started=at(4))
    again = process(pid=2, started=at(20), restarts=1)
    assert not report_of(killed, again).complete
    assert report_of(
        killed, again, process(pid=2, started=at(20), restarts=1, ended=at(30))
    ).complete


def test_a_process_that_starts_another_is_written_before_it_ends(fragments: Fragments) -> None:
    """Killed together with its job, it could report nothing more."""
    node = NodeSide(str(fragments.path("1")), "slurm-jobstep", T0)
    node.attach(None)
    node.submitting(Job())
    assert fragments.read(("1",)).levels == ()
    node.accepted(Job(), None)
    (level,) = fragments.read(("1",)).levels
    assert (level.wraps, level.planned is None, level.ended) == ("slurm-jobstep", False, None)


def test_a_process_writes_its_boot_id_and_by_how_much_the_clock_was_set(
    fragments: Fragments, fake_time: FakeTime
) -> None:
    node = NodeSide(str(fragments.path("1")), "local", T0)
    fake_time.passes(10)
    fake_time.is_set(-3.2)
    node.leave()
    (level,) = fragments.read(("1",)).levels
    assert (level.boot_id, level.boot_time) == (clock.boot_id(), T0 - 500 * SECOND)
    assert (level.ended, level.stepped_s) == (T0 + 10 * SECOND, -3.2)


def test_log_messages_on_the_node_are_timed_by_its_steady_clock(
    fragments: Fragments, fake_time: FakeTime
) -> None:
    node = NodeSide(str(fragments.path("1")), "local", T0)
    fake_time.passes(10)
    fake_time.is_set(500)
    record = logging.makeLogRecord(
        {"event": "workflow_started", "created": fake_time.wall / SECOND}
    )
    node.filter(record)
    node.leave()
    (level,) = fragments.read(("1",)).levels
    assert (level.parsed, level.stepped_s) == (T0 + 10 * SECOND, 500)
