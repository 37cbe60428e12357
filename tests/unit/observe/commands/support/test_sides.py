"""The two sides of a comparison, and the noise that their histories show."""

from pathlib import Path

from builders import T0, at
from workflows import a_run

from snakemake_logger_plugin_observe.commands.support.sides import parties, side


def written(path: Path, run_id: str, length_s: float, began_s: float = 0) -> Path:
    """Write a run that began *began_s* seconds after the first one."""
    story = a_run(length_s=length_s)
    shift = (at(began_s) or 0) - T0
    started = story.events[0]
    moments = {"time": started.time + shift, "process_started": T0 + shift, "run_id": run_id}
    story.events[0] = started.but(**moments)
    return story.write(path)


def test_a_journal_of_the_same_name_in_another_folder_belongs_to_that_history(
    tmp_path: Path,
) -> None:
    before = written(tmp_path / "a" / "run.jsonl", "1" * 32, 100)
    after = written(tmp_path / "b" / "run.jsonl", "2" * 32, 50)
    sides = parties(side(before), side(after))
    assert [list(one.history) for one in sides] == [[100], [50]]


def test_the_compared_run_is_not_part_of_the_other_side_s_history(
    tmp_path: Path,
) -> None:
    first = written(tmp_path / "a" / "1.jsonl", "1" * 32, 100)
    written(tmp_path / "a" / "2.jsonl", "2" * 32, 110, began_s=200)
    last = written(tmp_path / "a" / "3.jsonl", "3" * 32, 50, began_s=400)
    copied = tmp_path / "b" / "other.jsonl"
    copied.parent.mkdir()
    copied.write_bytes(first.read_bytes())
    sides = parties(side(copied), side(last))
    assert [list(one.history) for one in sides] == [[100], [110, 50]]


def test_a_run_compared_with_a_copy_of_itself_keeps_its_own_length(tmp_path: Path) -> None:
    one = written(tmp_path / "a" / "run.jsonl", "1" * 32, 100)
    copied = tmp_path / "b" / "run.jsonl"
    copied.parent.mkdir()
    copied.write_bytes(one.read_bytes())
    sides = parties(side(one), side(copied))
    assert [list(found.history) for found in sides] == [[100], [100]]
