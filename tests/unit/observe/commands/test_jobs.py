"""``jobs`` on the command line."""

from pathlib import Path

import pytest
from builders import chain, on_cluster

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
