"""Parts of a journal that are read without the rest."""

from pathlib import Path

import pytest
from builders import Story, at, begun, killed

from snakemake_logger_plugin_observe.journal.events import OutputsRecorded
from snakemake_logger_plugin_observe.journal.excerpts import last_moment
from snakemake_logger_plugin_observe.journal.reading import read_journal
from snakemake_logger_plugin_observe.run.fold import fold


def test_the_last_moment_of_a_run_is_that_of_its_whole_journal(tmp_path: Path) -> None:
    path = killed().write(tmp_path / "j.jsonl")
    assert last_moment(path) == fold(read_journal(path)).last_moment > 0


@pytest.mark.parametrize("length", [10, 20_000, 2_000_000])
def test_the_last_line_may_be_long_and_one_that_was_cut_off_is_not_read(
    length: int, tmp_path: Path
) -> None:
    path = begun().message(20, "x" * length).write(tmp_path / "j.jsonl")
    assert last_moment(path) == at(20)
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    assert last_moment(path) < at(20)


def test_what_was_recorded_long_after_the_run_is_no_moment_of_it(tmp_path: Path) -> None:
    story: Story = begun().message(20, "still here")
    later = OutputsRecorded(time=at(9000), job_id=1, attempt=1, files=())
    path = story.add(later).write(tmp_path / "j.jsonl")
    assert last_moment(path) == at(20)


def test_a_file_that_is_gone_has_none(tmp_path: Path) -> None:
    assert last_moment(tmp_path / "j.jsonl") == 0
