"""What kept ready work back: only what the journal shows to have been short."""

import pytest
from builders import SECOND, begun

from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.path.holds import Hold, holds
from snakemake_logger_plugin_observe.run.model import Run

RATE = {"max_jobs_per_timespan": {"max_jobs": 1, "timespan": 7.0}}


def in_turn(count: int = 2, **facts: object) -> Run:
    """Return jobs of one core and 6 GB, ready at 3, selected every 7 s, and 7 s long."""
    story = begun(wraps="local", **facts)
    for number in range(1, count + 1):
        begin = 7 * number - 4
        story.iteration(begin, begin, (begin, begin))
        story.job(number, threads=1, resources={"mem_mb": 6000}).quick(number, 3, begin, begin + 7)
    return story.end(7 * count + 3).run


@pytest.mark.parametrize(
    ("facts", "settings"),
    [
        ({"cores": 4, "resources": {"mem_mb": 8000}}, ["--resources mem_mb=8000"]),
        ({"cores": 1}, ["--cores 1"]),
        ({"jobs": 1}, ["--jobs 1"]),
        ({"cores": 4, "settings": RATE}, ["--max-jobs-per-timespan 1/7s"]),
        ({"cores": 4}, []),
        ({"jobs": 100}, []),
    ],
)
def test_the_limit_that_was_short_is_named_and_none_that_had_room(
    facts: dict[str, object], settings: list[str]
) -> None:
    run = in_turn(**facts)
    assert [one.setting for one in holds(run, partition(run))] == settings


def test_a_hold_has_its_length_and_the_jobs_that_were_ready_meanwhile() -> None:
    run = in_turn(4, jobs=1)
    (found,) = holds(run, partition(run))
    assert found == Hold("--jobs 1", "jobs", 21 * SECOND, 3)


def test_a_rate_is_called_by_the_flag_that_set_it() -> None:
    second = {"max_jobs_per_timespan": {"max_jobs": 1, "timespan": 1.0}}
    words = ("snakemake", "--max-jobs-per-second", "1")
    story = begun(wraps="local", cores=4, settings=second, command=words)
    for number, begin in ((1, 3), (2, 4)):
        story.iteration(begin, begin, (begin, begin))
        story.job(number, threads=1).quick(number, 3, begin, 9)
    run = story.end(9).run
    found = holds(run, partition(run))
    assert [(one.setting, one.length, one.jobs) for one in found] == [
        ("--max-jobs-per-second 1", SECOND, 1)
    ]
    assert found[0].in_words == "--max-jobs-per-second 1 kept 1 ready job back for 1.0 s"
