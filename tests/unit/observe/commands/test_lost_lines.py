"""A journal with a last line should have all before it; where it has not, every answer says so."""

from pathlib import Path

import pytest
from builders import Story, chain

from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.journal.events import Gap


def problems(story: Story, path: Path) -> tuple[str, ...]:
    return tuple(
        one.removeprefix(f"{path}: ") for one in find_journal.load(story.write(path)).problems
    )


def without(story: Story, *kinds: str) -> Story:
    """Return *story* with every event of such a kind but the first cut out."""
    seen: set[str] = set()
    story.events = [
        one
        for one in story.events
        if one.event not in kinds or not (one.event in seen or seen.add(one.event))
    ]
    return story


def test_ends_that_are_missing_are_counted(tmp_path: Path) -> None:
    (said,) = problems(without(chain(), "attempt_finished"), tmp_path / "j.jsonl")
    assert said.startswith("the ends of 1 of 2 attempts are missing: lines were lost")


@pytest.mark.parametrize("kind", ["scheduler_iteration", "message"])
def test_what_no_figure_of_an_attempt_rests_on_is_not_missed(kind: str, tmp_path: Path) -> None:
    assert problems(without(chain(), kind), tmp_path / "j.jsonl") == ()


def test_a_journal_that_tells_its_gaps_itself_is_not_told_twice(tmp_path: Path) -> None:
    story = without(chain(), "attempt_finished")
    story.events.insert(2, Gap(time=story.events[1].time, reason="No space left on device"))
    assert not any("lines were lost" in one for one in problems(story, tmp_path / "j.jsonl"))
