"""A journal is this user's own only as a file of theirs, in its folder, that nobody else can write."""

import os
from pathlib import Path

import pytest
from workflows import a_run

from snakemake_logger_plugin_observe.journal.events import RunStarted
from snakemake_logger_plugin_observe.journal.excerpts import read_ends
from snakemake_logger_plugin_observe.journal.folders import SUBFOLDER
from snakemake_logger_plugin_observe.journal.ownership import not_this_users


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = a_run(command=("snakemake", "--cores", "1")).write(tmp_path / SUBFOLDER / "1.jsonl")
    path.chmod(0o600)
    return path


def started(journal: Path) -> RunStarted:
    ends = read_ends(journal)
    assert ends is not None
    return ends[0]


def why_not(journal: Path, root: Path) -> str | None:
    return not_this_users(journal, started(journal), root)


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o444])
def test_a_journal_that_only_its_owner_can_write_is_the_user_s(
    journal: Path, tmp_path: Path, mode: int
) -> None:
    journal.chmod(mode)
    assert why_not(journal, tmp_path) is None


@pytest.mark.parametrize("mode", [0o660, 0o602, 0o666])
def test_a_journal_that_others_can_write_is_not(journal: Path, tmp_path: Path, mode: int) -> None:
    journal.chmod(mode)
    assert why_not(journal, tmp_path) == "other users can write to it"


def test_a_linked_journal_is_not(journal: Path, tmp_path: Path) -> None:
    linked = journal.with_name("2.jsonl")
    linked.symlink_to(journal)
    assert str(why_not(linked, tmp_path)).startswith("it is a link")


def test_a_journal_in_a_linked_folder_or_elsewhere_is_not(journal: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / ".snakemake").mkdir(parents=True)
    (other / SUBFOLDER).symlink_to(journal.parent)
    assert why_not(other / SUBFOLDER / "1.jsonl", other) == f"it is not in {other / SUBFOLDER}"
    moved = journal.rename(tmp_path / "mailed.jsonl")
    assert why_not(moved, tmp_path) == f"it is not in {tmp_path / SUBFOLDER}"


def test_a_journal_that_was_replaced_after_it_was_read_is_not(
    journal: Path, tmp_path: Path
) -> None:
    read = started(journal)
    journal.write_text(journal.read_text().replace('"--cores"', '"--until"'))
    assert not_this_users(journal, read, tmp_path) == "it has changed since it was read"
    journal.write_text("")
    assert not_this_users(journal, read, tmp_path) == "it has changed since it was read"


def test_a_pipe_is_not_waited_for(journal: Path, tmp_path: Path) -> None:
    read = started(journal)
    journal.unlink()
    os.mkfifo(journal, 0o600)
    assert not_this_users(journal, read, tmp_path) == "it has changed since it was read"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_journal_of_another_user_is_not(journal: Path, tmp_path: Path) -> None:
    os.chown(journal, 65534, -1)
    assert why_not(journal, tmp_path) == "it belongs to another user"
