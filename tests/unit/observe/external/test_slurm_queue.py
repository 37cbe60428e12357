"""Slurm is asked once, by explicit ids, and never waited for beyond the limit."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import SECOND, T0, at, printing, sacct

from snakemake_logger_plugin_observe.external.slurm_queue import query
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.run.queue_answer import PartitionLimits, QueueAnswer

Command = Callable[[str, str], Path]
BEGAN = T0 // SECOND


def row(job: str = "71", state: str = "PENDING", reason: str = "Priority", **more: object) -> str:
    """Return a line as ``squeue`` prints it here; numbers are seconds of the run."""
    cells = {"V": 5, "S": "N/A", "e": "N/A", "N": "", "P": "main", "C": "1", "l": "10:00", **more}
    shown = [str(at(c) // SECOND) if isinstance(c, int) else str(c) for c in cells.values()]
    return "|".join([job, state, *shown, reason]) + "\n"


@pytest.fixture(autouse=True)
def silent(command: Command) -> None:
    """Have no real Slurm: its commands print nothing unless a test says otherwise."""
    for name in ("squeue", "sacct", "sinfo"):
        command(name, "")


def test_what_is_queued_needs_no_accounting(command: Command) -> None:
    asked = command("squeue", printing(row()))
    accounting = command("sacct", "")
    assert query(["71"], BEGAN) == QueueAnswer(
        frozenset({"71"}),
        {
            "71": SchedulerRecord(
                cluster_job="71",
                state="PENDING",
                reason="Priority",
                submitted=at(5),
                partition="main",
                cpus_requested=1,
                time_limit_s=600,
            )
        },
    )
    assert len(asked.read_text().splitlines()) == 1
    assert " -j 71" in asked.read_text()
    assert not accounting.exists()


def test_a_running_job_has_a_start_and_a_node_and_no_end(command: Command) -> None:
    command("squeue", printing(row(state="RUNNING", reason="None", S=8, e=608, N="n1")))
    record = query(["71"], BEGAN).records["71"]
    assert (record.started, record.ended, record.nodes, record.reason) == (at(8), None, "n1", None)


def test_the_expected_start_of_a_pending_job_is_no_start(command: Command) -> None:
    command("squeue", printing(row(S=90, e=690)))
    record = query(["71"], BEGAN).records["71"]
    assert (record.started, record.ended) == (None, None)


def test_a_begin_time_is_when_a_pending_job_may_start(command: Command) -> None:
    command("squeue", printing(row(reason="BeginTime", S=90)))
    record = query(["71"], BEGAN).records["71"]
    assert (record.started, record.eligible) == (None, at(90))


def test_the_accounting_knows_what_kept_a_running_job_from_its_start(command: Command) -> None:
    """The queue forgets it at the start: what was held before would be a wait in the queue."""
    running = {"state": "RUNNING", "reason": "None", "N": "n1"}
    command("squeue", printing(row("71", S=65, **running) + row("72", S=5, **running)))
    held = sacct({"State": "RUNNING", "Eligible": 60, "Start": 65, "End": "Unknown"})
    asked = command("sacct", printing(held))
    records = query(["71", "72"], BEGAN).records
    assert (records["71"].state, records["71"].eligible) == ("RUNNING", at(60))
    assert records["72"].eligible is None
    assert " -j 71 " in asked.read_text()


def test_a_silent_accounting_leaves_only_that_open(command: Command) -> None:
    command("squeue", printing(row(state="RUNNING", reason="None", S=65, N="n1")))
    command("sacct", "exit 1")
    answer = query(["71"], BEGAN)
    assert (answer.problem, answer.records["71"].eligible) == (None, None)


def test_the_accounting_is_asked_about_what_the_queue_does_not_know(command: Command) -> None:
    command("squeue", printing(row("71")))
    accounting = command("sacct", printing(sacct({"JobID": "72", "State": "FAILED"})))
    answer = query(["71", "72", "73"], BEGAN)
    assert {one: record.state for one, record in answer.records.items()} == {
        "71": "PENDING",
        "72": "FAILED",
    }
    assert answer.problem is None
    assert " -j 72,73 " in accounting.read_text()


def test_the_accounting_s_end_has_more_than_the_queue_s(command: Command) -> None:
    command("squeue", printing(row(state="FAILED", reason="NonZeroExitCode", S=8, e=9)))
    command("sacct", printing(sacct({"State": "FAILED", "ExitCode": "0:53"})))
    assert query(["71"], BEGAN).records["71"].signal == 53


def test_the_accounting_may_know_the_end_of_what_is_completing(command: Command) -> None:
    command("squeue", printing(row(state="COMPLETING", reason="None", S=8, e=9)))
    command("sacct", printing(sacct({"State": "CANCELLED by 0"})))
    assert query(["71"], BEGAN).records["71"].state == "CANCELLED"


def test_a_single_id_that_squeue_does_not_know_is_no_error(command: Command) -> None:
    command("squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
    assert query(["71"], BEGAN) == QueueAnswer(frozenset({"71"}))


def test_tasks_of_an_array_are_asked_about_by_their_own_ids(command: Command) -> None:
    asked = command("squeue", printing(row("20_3") + row("20_4")))
    assert set(query(["20_3", "20_4"], BEGAN).records) == {"20_3", "20_4"}
    assert " -r " in asked.read_text()


def test_a_job_of_long_before_is_another_one(command: Command) -> None:
    command("squeue", printing(row(V=-1000)))
    assert query(["71"], BEGAN).records == {}


def test_what_is_no_id_is_not_asked_about(command: Command) -> None:
    asked = command("squeue", "")
    assert query(["Submitted batch job 5", "-all"], BEGAN) == QueueAnswer()
    assert not asked.exists()


def test_the_limits_of_a_partition_are_asked_for_if_they_keep_a_job(command: Command) -> None:
    command("squeue", printing(row(reason="PartitionTimeLimit", P="short", l="50:00")))
    command("sinfo", "echo 'short|30:00|up'")
    assert query(["71"], BEGAN).partitions == {"short": PartitionLimits(1800, "up")}


@pytest.mark.parametrize("script", ["exec sleep 30", "sleep 30 & exec sleep 30", "sleep 30 &"])
def test_a_hanging_slurm_is_not_waited_for(command: Command, script: str) -> None:
    for name in ("squeue", "sacct"):
        command(name, script)
    began = time.monotonic()
    answer = query(["71"], BEGAN, patience_s=0.4)
    assert time.monotonic() - began < 3
    assert answer.records == {}
    assert answer.problem == "squeue did not answer in time; sacct did not answer in time"


def test_what_a_hanging_command_has_printed_is_said(command: Command) -> None:
    command("squeue", "echo 'squeue: error: cannot stat file /none/slurm.conf' >&2; exec sleep 30")
    command("sacct", "exec sleep 30")
    answer = query(["71"], BEGAN, patience_s=0.6)
    assert answer.problem == (
        "squeue did not answer in time (squeue: error: cannot stat file /none/slurm.conf); sacct did "
        "not answer in time"
    )


def test_the_accounting_answers_where_the_queue_does_not(command: Command) -> None:
    command("squeue", "exit 1")
    command("sacct", printing(sacct({"State": "RUNNING", "End": "Unknown"})))
    answer = query(["71"], BEGAN)
    assert (answer.records["71"].state, answer.problem) == ("RUNNING", None)


def test_a_missing_slurm_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    problem = query(["71"], BEGAN).problem
    assert problem is not None
    assert problem.startswith("squeue cannot be run (No such file")


@pytest.mark.parametrize("searched", [":.:/nowhere", ".", ""])
def test_no_command_is_found_by_a_relative_path(
    workdir: Path, monkeypatch: pytest.MonkeyPatch, searched: str
) -> None:
    planted = workdir / "squeue"
    planted.write_text("#!/bin/sh\ntouch planted\n")
    planted.chmod(0o755)
    monkeypatch.setenv("PATH", searched)
    monkeypatch.setattr(os, "defpath", "/nowhere")
    problem = query(["71"], BEGAN).problem
    assert problem is not None
    assert problem.startswith("squeue cannot be run")
    assert not (workdir / "planted").exists()


@pytest.mark.parametrize(
    "printed", ["<html>", "71", "71|PENDING|x|y", "|" * 9, "71|" * 10, "\\0\\377|||||||||"]
)
def test_nonsense_is_no_answer(command: Command, printed: str) -> None:
    command("squeue", f"printf '%b\\n' '{printed}'")
    record = query(["71"], BEGAN).records.get("71")
    assert record is None or record.submitted is None


def test_endless_output_is_not_kept(command: Command) -> None:
    command("squeue", "exec yes '71|PENDING'")
    command("sacct", "exit 1")
    answer = query(["71"], BEGAN)
    assert answer.records == {}
    assert answer.problem is not None
    assert answer.problem.startswith("squeue ")
