"""``jobs`` on the command line."""

import json
from pathlib import Path

import pytest
from builders import begun, chain, on_cluster, retried

from snakemake_logger_plugin_observe.__main__ import main


def test_used_shows_what_each_attempt_used_and_requested(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "j.jsonl"
    on_cluster(tool_s=6, asks={"runtime": 240}).write(journal)
    assert main(["jobs", "--used", str(journal)]) == 0
    assert "6.00 s of 4 h 00 min" in capsys.readouterr().out


def test_an_unknown_rule_is_an_error_with_a_suggestion(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = chain().write(tmp_path / "j.jsonl")
    assert main(["jobs", str(journal), "--rule", "mapp"]) == 2
    assert capsys.readouterr().err.rstrip().endswith("this run has no rule mapp; did you mean map?")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--failed", "--status", "success"], "leave out one of them (jobs --status success)"),
        (["--by-rule", "--used", "--sort", "job"], "leave out --used and --sort"),
        (["--failed", "--sort", "time"], "--sort orders a table, which --failed has only with"),
    ],
)
def test_an_option_that_would_have_no_effect_is_an_error(
    workdir: Path, capsys: pytest.CaptureFixture[str], options: list[str], reason: str
) -> None:
    retried().write(workdir / "j.jsonl")
    assert main(["jobs", "j.jsonl", *options]) == 2
    assert reason in capsys.readouterr().err


def test_failed_and_used_show_what_the_jobs_that_failed_used(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = (
        begun().job(1).job(2).quick(1, 3, 4, 5).quick(2, 3, 4, 7, status="failed").end(40, "failed")
    )
    failing.write(workdir / "j.jsonl")
    assert main(["jobs", "j.jsonl", "--failed", "--used", "--sort", "job"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    header = next(n for n, line in enumerate(lines) if line[:2] == ["job", "rule"])
    assert [line[0] for line in lines[header + 1 :] if line] == ["2", "not"]


def test_by_rule_sums_up_the_jobs_that_succeeded(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    retried().write(workdir / "j.jsonl")
    assert main(["jobs", "j.jsonl", "--by-rule", "--rule", "map", "--format", "json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["by_rule"]
    assert (one["rule"], one["jobs"]) == ("map", 1)
    assert one["compute_s"]["sum"] == 3.0
    assert one["cpu_s"] is None


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("all", "1 job of all: planned, and not reached in this run."),
        ("cut", "3 jobs of cut: up to date, so not run."),
        ("map", "No failed attempts."),
    ],
)
def test_a_rule_of_the_plan_that_did_not_run_is_explained(
    workdir: Path, capsys: pytest.CaptureFixture[str], rule: str, text: str
) -> None:
    story = (
        begun().planned(3, {"map": 1, "all": 1}, cut=3).job(1).quick(1, 3, 4, 5).end(40, "failed")
    )
    story.write(workdir / "j.jsonl")
    assert main(["jobs", "j.jsonl", "--failed", "--rule", rule]) == 0
    assert capsys.readouterr().out.splitlines()[3] == text
