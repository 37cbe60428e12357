"""What tests of the command line share: journals in working directories, and what was printed."""

from pathlib import Path

import pytest
from builders import Story


def write_run(workdir: Path, name: str, story: Story) -> Path:
    """Write a run's journal to where Snakemake would have written it in *workdir*."""
    return story.write(workdir / ".snakemake" / "observe" / f"{name}.jsonl")


def output(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Return stdout, and stderr, which must be at most one line."""
    out, error = capsys.readouterr()
    assert error == "" or (error.startswith("snakemake-observe: ") and error.count("\n") == 1)
    return out, error.removeprefix("snakemake-observe: ").rstrip("\n")
