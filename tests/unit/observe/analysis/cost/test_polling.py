"""How often an executor checked the status of its jobs, and which flag sets it."""

import pytest
from builders import Story, an_execution, at, begun, chain, level, on_cluster, stamps

from snakemake_logger_plugin_observe.analysis.cost.polling import (
    Polling,
    polling,
    unsure_ends,
)
from snakemake_logger_plugin_observe.journal.records import StatusCheck

SLURM = "--slurm-init-seconds-before-status-checks"
GENERAL = "--seconds-between-status-checks"
ENDED = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=8, finished=9)


def polled(*every_s: float | None, **facts: object) -> Story:
    """Return a run whose jobs' ends were noticed at these intervals."""
    story = begun(**facts)
    for job_id, every in enumerate(every_s, 1):
        story.job(job_id).attempt(job_id, ENDED, poll_interval_s=every)
    return story


def test_the_interval_is_the_one_in_force_when_an_end_was_noticed() -> None:
    assert polling(on_cluster(2, tool_s=1, every_s=40).run) == Polling(40, 40, SLURM, 10, 180)


def test_an_interval_that_grew_has_its_shortest_and_its_longest() -> None:
    assert polling(polled(50, 40, None, 180).run) == Polling(40, 180, SLURM, 10, 180)


def test_the_shutdown_s_interval_counts_too() -> None:
    story = polled(40).phase("shutdown", 20, 60, poll_interval_s=60)
    assert polling(story.run) == Polling(40, 60, SLURM, 10, 180)
    assert polling(begun().phase("shutdown", 3, 9, poll_interval_s=7).run) == Polling(
        7, 7, SLURM, 10, 180
    )


@pytest.mark.parametrize(
    ("wraps", "setting"),
    [
        ("slurm", SLURM),
        ("sge", "--sge-init-seconds-before-status-checks"),
        ("cluster-generic", GENERAL),
        ("lsf", GENERAL),
        (None, GENERAL),
    ],
)
def test_the_flag_is_the_one_that_the_executor_reads(wraps: str, setting: str) -> None:
    found = polling(polled(10, wraps=wraps).run)
    assert found is not None
    assert (found.shortest_s, found.longest_s, found.setting) == (10, 10, setting)
    assert bool(found.growth) == (wraps == "slurm")


@pytest.mark.parametrize("words", [(SLURM, "3"), (f"{SLURM}=3",), (SLURM, "9", SLURM, "3")])
def test_an_interval_that_grew_at_once_is_the_one_that_was_set(words: tuple[str, ...]) -> None:
    """With 3 s on the command line, the first job may be found after the interval has grown."""
    found = polling(polled(13, 23, command=("snakemake", *words)).run)
    assert found == Polling(3, 23, SLURM, 10, 180)
    assert found.growth == "this plugin adds 10 s each time it finds nothing, up to 180 s"


def test_without_a_flag_for_the_interval_there_is_no_polling() -> None:
    assert polling(polled(10, wraps="aws-batch").run) is None


def test_without_a_known_interval_there_is_no_polling() -> None:
    assert polling(polled(None, None).run) is None
    assert polling(chain().run) is None
    assert polling(Story().run) is None


def test_how_long_a_check_took_to_find_an_end_is_known_where_checks_are_recorded() -> None:
    """A check looks at one job after the other, at a limited rate."""
    story = begun(wraps="cluster-generic", settings={"max_status_checks_per_second": 10})
    for job_id, begun_s in ((1, 5), (2, 6), (3, 2)):
        check = StatusCheck(begun=at(begun_s), blocked_s=0.5)
        story.job(job_id).attempt(job_id, ENDED, poll_interval_s=1, status_check=check)
    found = polling(story.run)
    assert found is not None
    assert (found.check_s, found.checks_per_s) == (2.5, 10)  # reported at 8


@pytest.mark.parametrize(
    ("left_s", "previous_s", "found"),
    [
        pytest.param(9, 15, (1, 3_000_000), id="a check found it running 6 s after it had left"),
        pytest.param(14, 15, (0, 0), id="accounting notes an end that much later"),
        pytest.param(16, 15, (0, 0), id="it had not left yet"),
    ],
)
def test_an_end_that_checks_alone_show_may_be_later_than_the_check_that_missed_it(
    left_s: float, previous_s: float, found: tuple[int, int]
) -> None:
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=18, finished=18)
    tool = an_execution(begun=7, tool_started=7, tool_ended=8, checked=8)
    node = level(tool, started=6, loaded=7, planned=7, ended=left_s)
    check = StatusCheck(begun=at(18), previous=at(previous_s), slept=at(previous_s))
    story = begun(wraps="cluster-generic").job(1)
    story.attempt(1, known, node, node_starts=(6,), status_check=check, poll_interval_s=3)
    assert unsure_ends(story.end(19).run) == found
