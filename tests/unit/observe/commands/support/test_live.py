"""A run that goes on is answered for as it is now, and nothing about it is changed."""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import NODE, SECOND, Story, a_record, at, printing, stamps
from fragment_lines import process
from out_on_cluster import FOLDER, out

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.__main__ import main

Command = Callable[[str, str], Path]
COMPUTES = process(
    planned=at(7), executions=[{"rule": "map", "begun": at(8), "tool_started": at(9)}]
)


def alive(*ids: str | None, **facts: Any) -> Story:
    """Return a run whose process is this one, with a job out for each id."""
    this = {"host": socket.gethostname(), "pid": os.getpid()}
    return out(*ids, **this, process_started=clock.process_started(), **facts)


def squeue(*rows: tuple[str, str, str]) -> str:
    """Return a fake ``squeue``: id, state and reason of each job."""
    moment = clock.now() // SECOND
    lines = (
        f"{job}|{state}|{moment}|{moment if state == 'RUNNING' else 'N/A'}|N/A||main|1|10:00|{why}"
        for job, state, why in rows
    )
    return printing("".join(f"{line}\n" for line in lines))


@pytest.fixture
def slurm(command: Command) -> Command:
    for name in ("squeue", "sacct", "sinfo"):
        command(name, "")
    return command


@pytest.fixture
def folder(workdir: Path) -> Path:
    """Return a run's private folder of fragments."""
    made = workdir / ".snakemake" / "observe" / FOLDER
    made.mkdir(parents=True)
    made.chmod(0o700)
    return made


def journal(story: Story, workdir: Path) -> Path:
    return story.write(workdir / ".snakemake" / "observe" / "run.jsonl")


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main([*arguments, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def states(found: Any) -> dict[int, tuple[str, str]]:
    return {one["job_id"]: (one["status"], one["live"]["state"]) for one in found["attempts"]}


def test_each_job_has_its_state_by_node_and_scheduler(
    workdir: Path, folder: Path, slurm: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    written = journal(alive("71", "72", "73"), workdir)
    before = written.read_bytes()
    (folder / "1.fragment").write_bytes(COMPUTES + b"\n")
    asked = slurm("squeue", squeue(("71", "RUNNING", "None"), ("72", "PENDING", "JobHeldUser")))
    found = answer(capsys, "jobs")
    assert states(found) == {
        1: ("running", "computing"),
        2: ("submitted", "pending"),
        3: ("submitted", "gone"),
    }
    assert found["live"]["problem"] is None
    assert found["attempts"][0]["node"] == NODE
    assert len(asked.read_text().splitlines()) == 1
    assert (written.read_bytes(), len(list(folder.iterdir()))) == (before, 1)


def test_the_jobs_that_run_can_be_selected(
    workdir: Path, folder: Path, slurm: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    journal(alive("71", "72"), workdir)
    (folder / "1.fragment").write_bytes(COMPUTES + b"\n")
    slurm("squeue", squeue(("71", "RUNNING", "None"), ("72", "PENDING", "Priority")))
    found = answer(capsys, "jobs", "--status", "running")
    assert [one["job_id"] for one in found["attempts"]] == [1]


@pytest.mark.parametrize("name", ["cost", "jobs", "triage"])
def test_offline_asks_nobody_and_says_so(
    workdir: Path,
    folder: Path,
    slurm: Command,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    journal(alive("71", "72"), workdir)
    (folder / "1.fragment").write_bytes(COMPUTES + b"\n")
    asked = [slurm(one, "exit 1") for one in ("squeue", "sacct")]
    found = answer(capsys, name, "--offline")
    assert [one["state"] for one in found["live"]["submissions"]] == ["computing", "unknown"]
    assert "--offline" in found["live"]["problem"]
    assert not any(one.exists() for one in asked)


def test_a_slurm_that_fails_is_said_and_nothing_is_never_to_do(
    workdir: Path, slurm: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    journal(alive("71"), workdir)
    for name in ("squeue", "sacct"):
        slurm(name, "echo no controller >&2; exit 1")
    assert main(["triage"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "sacct failed with exit code 1: no controller" in text
    assert "whether anything moves is not known" in text
    assert "nothing to do" not in text


def test_what_is_out_is_named_below_the_first_sentence(
    workdir: Path, slurm: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    journal(alive("71", "72"), workdir)
    slurm("squeue", squeue(("71", "PENDING", "JobHeldUser"), ("72", "PENDING", "JobHeldUser")))
    for name in ("cost", "jobs", "triage"):
        assert main([name]) == 0
        text = capsys.readouterr().out
        assert "Nothing moves on the cluster: 2 pending" in text
        assert "2 jobs of map (slurm 71, 72): pending for up to " in text
        assert " s: JobHeldUser" in text


def test_while_something_moves_the_times_come_first(
    workdir: Path, folder: Path, slurm: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    journal(alive("71", "72"), workdir)
    (folder / "1.fragment").write_bytes(COMPUTES + b"\n")
    slurm("squeue", squeue(("71", "RUNNING", "None"), ("72", "PENDING", "JobHeldUser")))
    assert main(["cost"]) == 0
    text = capsys.readouterr().out
    assert text.index("of the run so far") < text.index(
        "Out on the cluster: 1 computing, 1 pending"
    )


def test_a_run_that_stands_still_leads_with_that(
    workdir: Path, slurm: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    journal(alive("71"), workdir)
    slurm("squeue", squeue(("71", "PENDING", "JobHeldUser")))
    assert main(["cost"]) == 0
    text = capsys.readouterr().out
    assert text.index("Nothing moves on the cluster: 1 pending") < text.index("of the run so far")
    assert text.rstrip().endswith("# why nothing moves, and what to do")


def test_jobs_that_a_killed_run_left_are_asked_about_too(
    workdir: Path, slurm: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    journal(out("71", host=socket.gethostname(), pid=1), workdir)  # another process by now
    slurm("squeue", squeue(("71", "PENDING", "Priority")))
    found = answer(capsys, "jobs")
    assert found["run"]["status"] == "killed"
    assert states(found) == {1: ("in_flight", "pending")}


def test_a_run_that_has_ended_asks_nobody(
    workdir: Path, slurm: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    journal(alive("71").end(60, "interrupted"), workdir)
    asked = slurm("squeue", "")
    assert answer(capsys, "jobs")["live"] is None
    assert not asked.exists()


def test_a_cluster_that_is_not_slurm_is_not_asked(
    workdir: Path, slurm: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    journal(alive("71", wraps="lsf"), workdir)
    asked = slurm("squeue", "")
    found = answer(capsys, "cost")
    assert "only Slurm can be asked" in found["live"]["problem"]
    assert not asked.exists()


def test_jobs_that_have_no_ids_are_not_asked_about(
    workdir: Path, slurm: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    journal(alive(None, wraps="cluster-sync"), workdir)
    asked = slurm("squeue", "")
    problem = answer(capsys, "cost")["live"]["problem"]
    assert problem == "cluster-sync's jobs have no ids by which a scheduler could be asked"
    assert not asked.exists()


def test_slurm_is_asked_about_jobs_that_failed_too_while_the_run_goes_on(
    workdir: Path, folder: Path, slurm: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    story = alive("71", "72")
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=16, finished=17)
    facts = {"external_jobid": "71", "exit_code": -15, "signal": 15, "node_starts": (at(6),)}
    story.attempt(1, known, status="failed", **facts)
    journal(story, workdir)
    asked = slurm("squeue", squeue(("71", "PENDING", "BeginTime"), ("72", "RUNNING", "None")))
    found = answer(capsys, "triage")
    assert "71,72" in asked.read_text() or "72,71" in asked.read_text()
    assert [one["incident_class"] for one in found["findings"]][:1] == ["status_misreported"]
    assert found["actions"][0]["action"].endswith("; once this run has ended, run again")
    assert "put it back into the queue" in found["findings"][0]["claim"]


def test_what_a_killed_run_s_nodes_wrote_counts_also_once_the_records_are_imported(
    workdir: Path, folder: Path, slurm: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code in the record is the job script's, and not the tool's."""
    story = out("71", "72", process_started=at(0))
    failed = {"state": "FAILED", "exit_code": 1, "started": 6, "ended": 15}
    story.accounting(1, a_record("71", **failed)).accounting(2, a_record("72", **failed))
    written = journal(story, workdir)
    tool = {"rule": "map", "begun": at(8), "tool_started": at(9), "tool_ended": at(12)}
    ended = process(
        planned=at(7), ended=at(14), executions=[{**tool, "status": "failed", "exit_code": 7}]
    )
    (folder / "1.fragment").write_bytes(ended + b"\n")
    asked = slurm("squeue", squeue())
    found = answer(capsys, "jobs", "--failed", str(written))
    codes = {one["job_id"]: one["failures"][-1]["exit_code"] for one in found["failures"]}
    assert codes == {1: 7, 2: None}
    assert not asked.exists()


def test_the_jobs_in_a_state_can_be_selected(
    workdir: Path, folder: Path, slurm: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    journal(alive("71", "72"), workdir)
    slurm("squeue", squeue(("71", "RUNNING", "None"), ("72", "PENDING", "JobHeldUser")))
    found = answer(capsys, "jobs", "--status", "pending")
    assert [one["job_id"] for one in found["attempts"]] == [2]


def test_an_answer_that_is_none_of_slurm_s_is_said_to_be(
    workdir: Path, folder: Path, slurm: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    journal(alive("71"), workdir)
    slurm("squeue", printing("Welcome to the cluster\n"))
    slurm("sacct", printing("Welcome to the cluster\n"))
    found = answer(capsys, "jobs")
    assert found["live"]["problem"] == (
        "Slurm gave no answer: squeue's answer cannot be read; sacct's answer cannot be read"
    )
    assert [one["live"]["state"] for one in found["attempts"]] == ["unknown"]


def test_jobs_that_an_interrupted_run_gave_up_may_go_on_and_are_asked_about(
    workdir: Path, slurm: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """cluster-generic cancels nothing without a cancel command."""
    facts = {"wraps": "cluster-generic", "command": ("snakemake", "--x", "sbatch --parsable")}
    story = out("71", "72", **facts)
    story.message(40, "Terminating processes on user request", kind="interrupted")
    for number in (1, 2):
        known = stamps(ready=3, selected=4, submitting=4, accepted=5, finished=41)
        story.attempt(number, known, status="cancelled", external_jobid=str(70 + number))
    written = journal(story.end(42, "interrupted"), workdir)
    asked = slurm("squeue", squeue(("71", "RUNNING", "None"), ("72", "PENDING", "Priority")))
    found = answer(capsys, "triage", str(written))
    assert found["actions"][0]["action"].startswith("cancel 71, 72, which the scheduler still had")
    assert len(asked.read_text().splitlines()) == 1
    assert (
        "check whether"
        in answer(capsys, "triage", "--offline", str(written))["actions"][0]["action"]
    )


def test_a_run_whose_jobs_are_all_done_goes_on_until_now(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written while its executor sleeps, and nothing is out that could be looked at."""
    story = alive().planned(3, {"map": 1}).job(1).quick(1, 3, 3, 5)
    begun = clock.process_started()  # after the story's own moments
    assert begun is not None
    journal(story, workdir)
    before = clock.now()
    shutdown_s = answer(capsys, "cost")["makespan"]["by_phase_s"]["shutdown"]
    assert before <= begun + shutdown_s * SECOND <= clock.now()
