"""Jobs that the run before left on the cluster are cancelled before anything else."""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import SECOND, at, printing
from out_on_cluster import out

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.__main__ import main

Command = Callable[[str, str], Path]


def queue(*ids: str) -> str:
    """Return a fake ``squeue`` in which jobs run."""
    moment = clock.now() // SECOND
    rows = (f"{one}|RUNNING|{moment}|{moment}|N/A|n1|main|1|10:00|None\n" for one in ids)
    return printing("".join(rows))


@pytest.fixture
def journals(workdir: Path, command: Command) -> Path:
    """Return the folder of a killed run with two jobs out, and of one that goes on after it."""
    for name in ("squeue", "sacct", "sinfo"):
        command(name, "")
    folder = workdir / ".snakemake" / "observe"
    dead = {"host": socket.gethostname(), "pid": 2**22 + 1, "process_started": at(-500)}
    out("61", "62", **dead, run_id="first").write(folder / "a.jsonl")
    this = {"host": socket.gethostname(), "pid": os.getpid()}
    alive = out("71", **this, process_started=clock.process_started(), run_id="second")
    alive.write(folder / "b.jsonl")
    return folder


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert main([*arguments, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_what_still_runs_of_the_run_before_is_to_be_cancelled_first(
    journals: Path, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    command("squeue", queue("62", "71"))
    first, *_ = said(capsys, "triage", str(journals / "b.jsonl"))["findings"]
    assert first["id"] == "killed_run:before"
    assert first["claim"] == (
        "1 job of the run before (slurm 62), which was killed, is still queued or running on the "
        "cluster, and may write the files that this run makes"
    )
    assert main(["cost", str(journals / "b.jsonl")]) == 0
    assert "1 job of the run before (slurm 62), which was killed" in capsys.readouterr().out
    for name in ("cost", "path"):
        (one, *_) = said(capsys, name, str(journals / "b.jsonl"))["blocked"]
        assert one["commands"] == ["squeue -j 62", "scancel 62"]


def test_nothing_is_said_of_jobs_that_have_gone_or_if_slurm_is_not_asked(
    journals: Path, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    command("squeue", queue("71"))
    assert said(capsys, "cost", str(journals / "b.jsonl"))["blocked"] == []
    command("squeue", queue("62", "71"))
    assert said(capsys, "cost", str(journals / "b.jsonl"), "--offline")["blocked"] == []
