"""``cost`` on the command line."""

import json
from pathlib import Path

import pytest
from builders import a_record, begun, on_cluster, stamps
from command_line import write_run
from past import a_run, in_params
from whys import missing

from snakemake_logger_plugin_observe.__main__ import main


def test_cost_advises_what_to_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = tmp_path / "j.jsonl"
    asks = {"runtime": 240}
    on_cluster(tool_s=6, poll_s=91, every_s=40, asks=asks).write(journal)
    assert main(["cost", str(journal), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["polling"]["longest_s"] == 40
    assert found["advice"][0]["kind"] == "wake"
    assert [one["resource"] for one in found["request_mismatches"]] == ["runtime"]
    assert main(["cost", str(journal)]) == 0
    assert "What to change: add --timed-wake on" in capsys.readouterr().out


def test_of_a_large_run_the_runs_before_are_not_read(
    workdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for day in (0, 1, 2):
        one = a_run(day, run_id=f"{day:032}")
        drawn = (f"/tmp/tmp{(day + n) * 48271:x}x7" for n in (1, 2))
        reason = in_params(*drawn) if day else missing("out.txt")
        one.ran(1, "sort", reason, makes=("out.txt",))
        write_run(workdir, f"2026030{day + 1}T120000-aaaaaa", one.end(one.at_s + 1))
    monkeypatch.chdir(workdir)
    main([])
    said = " ".join(capsys.readouterr().out.split())
    assert "a param of sort is another value in each of the last 3 runs" in said
    monkeypatch.setattr("snakemake_logger_plugin_observe.commands.support.cost_answer._SMALL", 1)
    main([])
    assert "a param of sort" not in capsys.readouterr().out


def test_an_interrupted_run_whose_job_never_began_is_not_to_be_run_again_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Slurm had ended the job at once, with no folder for its log, and nobody noticed."""
    journal = tmp_path / "j.jsonl"
    known = stamps(ready=2, selected=3, submitting=3, accepted=4, finished=60)
    record = a_record("188", state="FAILED", signal=53, submitted=4, started=5, ended=5)
    story = begun(wraps="cluster-generic").job(1)
    story.attempt(1, known, status="cancelled", external_jobid="188")
    story.message(60, "interrupted", kind="interrupted").accounting(1, record, 60)
    story.end(61, "interrupted").write(journal)
    main(["cost", str(journal)])
    said = " ".join(capsys.readouterr().out.split())
    assert "What to do: make the folder into which the cluster is to write its logs" in said
