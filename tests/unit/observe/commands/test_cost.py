"""``cost`` on the command line."""

import json
from pathlib import Path

import pytest
from builders import on_cluster

from snakemake_logger_plugin_observe.__main__ import main


def test_cost_advises_what_to_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = tmp_path / "j.jsonl"
    asks = {"runtime": 240}
    on_cluster(tool_s=6, poll_s=91, every_s=40, asks=asks).write(journal)
    assert main(["cost", str(journal), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["polling"]["longest_s"] == 40
    assert [lever["kind"] for lever in found["advice"]] == ["polling"]
    assert [one["resource"] for one in found["request_mismatches"]] == ["runtime"]
    assert main(["cost", str(journal)]) == 0
    assert "What to change: lower --slurm-init-" in capsys.readouterr().out
