"""Fragments are read while their run goes on; what is not the user's own is not."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import at
from fragment_lines import process

from snakemake_logger_plugin_observe.external.node_fragments import NodeFragments
from snakemake_logger_plugin_observe.journal.node_reports import NodeReport

FOLDER = "0a" * 16


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / FOLDER
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def fragments(tmp_path: Path) -> Iterator[NodeFragments]:
    made = NodeFragments(tmp_path)
    yield made
    made.close()


def test_a_process_is_a_level_and_nothing_is_changed(
    folder: Path, fragments: NodeFragments
) -> None:
    (folder / "1.fragment").write_bytes(process(planned=at(6)) + b"\n")
    (level,) = fragments.read((f"{FOLDER}/1",)).levels
    assert level.planned == at(6)
    assert [one.name for one in folder.iterdir()] == ["1.fragment"]


def test_a_later_task_s_fragments_are_one_report(folder: Path, fragments: NodeFragments) -> None:
    (folder / "1.2.fragment").write_bytes(process(pid=1) + b"\n")
    (folder / "2.fragment").write_bytes(process(pid=2) + b"\n")
    report = fragments.read((f"{FOLDER}/2", f"{FOLDER}/1.2"))
    assert {level.pid for level in report.levels} == {1, 2}


def test_what_srun_starts_belongs_to_the_batch_script_s_start(
    folder: Path, fragments: NodeFragments
) -> None:
    """Slurm tells only the batch script how often it has started the job."""
    lines = [
        process(pid=1, started=at(1), restarts=0),
        process(pid=2, started=at(2), restarts=0),
        process(pid=3, started=at(50), restarts=1),
        process(pid=4, started=at(51), restarts=0),
    ]
    (folder / "1.fragment").write_bytes(b"\n".join(lines) + b"\n")
    levels = fragments.read((f"{FOLDER}/1",)).levels
    assert [(one.pid, one.restarts) for one in levels] == [(1, 0), (2, 0), (3, 1), (4, 1)]


@pytest.mark.parametrize(
    "named",
    ["1", "../1", f"{FOLDER}/../1", f"{FOLDER}/1.fragment", f"{FOLDER}/x", f"/{FOLDER}/1", ""],
)
def test_only_what_is_named_like_a_fragment_is_read(
    folder: Path, fragments: NodeFragments, named: str
) -> None:
    (folder / "1.fragment").write_bytes(process() + b"\n")
    assert fragments.read((named,)) == NodeReport()


def test_a_folder_that_is_gone_has_no_report(tmp_path: Path) -> None:
    assert NodeFragments(tmp_path).read((f"{FOLDER}/1",)) == NodeReport()


def test_a_folder_that_others_may_write_to_is_not_read(
    folder: Path, fragments: NodeFragments
) -> None:
    (folder / "1.fragment").write_bytes(process() + b"\n")
    folder.chmod(0o777)
    report = fragments.read((f"{FOLDER}/1",))
    assert report.levels == ()
    assert report.problem is not None
    assert "others may have written them" in report.problem


def test_a_link_or_a_pipe_in_its_place_is_not_read(
    tmp_path: Path, folder: Path, fragments: NodeFragments
) -> None:
    (tmp_path / "secret").write_bytes(process() + b"\n")
    (folder / "1.fragment").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "2.fragment")
    for name in ("1", "2"):
        assert fragments.read((f"{FOLDER}/{name}",)).levels == ()


def test_a_torn_fragment_is_its_problem(folder: Path, fragments: NodeFragments) -> None:
    (folder / "1.fragment").write_bytes(process()[:-5])
    assert fragments.read((f"{FOLDER}/1",)).problem == "fragment: a torn or foreign line"
