"""``schema`` on the command line."""

import json
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.__main__ import main


def test_the_schema_needs_no_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["schema", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"].startswith("https://json-schema.org/")
