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


def test_a_line_that_is_written_twice_gives_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = chain().write(tmp_path / "j.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:3], lines[2], *lines[3:]]))
    assert main(["validate", str(journal)]) == 1
    assert f"{journal}: line 4: the same as line 3" in capsys.readouterr().out
