"""``validate`` on the command line."""

from pathlib import Path

import pytest
from builders import chain

from snakemake_logger_plugin_observe.__main__ import main


def test_a_torn_line_gives_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = chain().write(tmp_path / "j.jsonl")
    with journal.open("ab") as file:
        file.write(b"torn")
    assert main(["validate", str(journal)]) == 1
    number = len(chain().events) + 1
    assert (
        capsys.readouterr().out
        == f"{journal}: line {number}: torn line: the writer was cut off here\n"
    )
