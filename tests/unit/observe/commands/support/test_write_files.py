"""What no option lets a command replace: journals, what it reads, folders, devices."""

import gzip
import os
from pathlib import Path

import pytest
from builders import chain
from command_line import output, write_run

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.commands.support import write_files

NEVER = "is the journal of a run; never overwritten. Name another file"
READ = "is what this command reads; not overwritten. Name another file"

WRITING = {
    "export": ["export", "tsv", "--force", "-o"],
    "report": ["report", "--force", "-o"],
    "plot": ["plot", "timeline", "--force", "-o"],
    "check": ["check", "observe.toml", "--junit"],
    "check --init": ["check", "--init"],
    "runbook": ["runbook", "--out"],
    "triage": ["triage", "--note"],
}
"""Every command that writes a file which the user names; the last word comes after these."""


@pytest.fixture
def journal(workdir: Path) -> Path:
    Path("observe.toml").write_text("version = 1\n[max]\nretries = 0\n")
    return write_run(workdir, "20260301T120000-aaaaaa", chain())


def refusal(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    assert main([str(word) for word in words]) == 2
    out, error = output(capsys)
    assert out == ""
    return error


@pytest.mark.parametrize("command", ["export", "report"])
def test_the_journal_that_is_read_is_not_replaced_by_force(
    journal: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    before = journal.read_bytes()
    assert refusal(capsys, *WRITING[command], journal, journal) == f"{journal}: {READ}"
    assert journal.read_bytes() == before


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("command", WRITING)
def test_no_command_replaces_any_journal(
    journal: Path, capsys: pytest.CaptureFixture[str], command: str, packed: bool
) -> None:
    content = journal.read_bytes()
    other = Path("other.svg")  # plot needs a name that ends so; a journal may have any name
    other.write_bytes(gzip.compress(content) if packed else content)
    before = other.read_bytes()
    kept = "already exists; not overwritten. Name another file"  # as any file is
    expected = {"check --init": kept}.get(command, NEVER)
    assert refusal(capsys, *WRITING[command], other) == f"{other}: {expected}"
    assert other.read_bytes() == before


def test_a_link_to_a_journal_is_kept_too(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("link").symlink_to(journal)
    assert refusal(capsys, *WRITING["report"], "link") == f"link: {NEVER}"


def test_a_journal_of_any_version_and_one_that_was_cut_off_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for content in (
        b'{"event":"run_started","schema_version":"99.0"}\n{"ev',
        b'{"event":"run_started"}',
    ):
        path.write_bytes(content)
        with pytest.raises(write_files.WritingError, match=NEVER):
            write_files.replace(path, "text")
        assert path.read_bytes() == content


def test_the_check_file_is_not_replaced_by_its_own_result(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(capsys, *WRITING["check"], "observe.toml") == f"observe.toml: {READ}"


@pytest.mark.parametrize("command", ["export", "report", "runbook", "triage", "check"])
def test_a_folder_is_no_file_and_force_is_not_offered(
    journal: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    words = [word for word in WRITING[command] if word != "--force"]
    assert refusal(capsys, *words, ".") == ".: is a folder; name a file in it"


def test_a_pipe_or_a_device_is_not_replaced(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo("pipe")
    assert refusal(capsys, *WRITING["report"], "pipe") == (
        "pipe: is not a regular file; not overwritten. Name another file"
    )


def test_a_page_is_not_written_to_a_file_named_as_standard_output_is(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(capsys, "report", "-o", "-") == (
        "-: standard output is not possible here; name a file"
    )
    assert not Path("-").exists()


def test_any_other_file_is_replaced_by_force(tmp_path: Path) -> None:
    for content in (b"", b"mine\n", b'{"event": "other"}\n', b"\x1f\x8b\x08torn"):
        path = tmp_path / "x"
        path.write_bytes(content)
        write_files.replace(path, "new\n")
        assert path.read_text() == "new\n"
