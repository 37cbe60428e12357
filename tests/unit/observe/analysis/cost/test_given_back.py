"""How much shorter early checks made a run: the executor's own would have come every 40 s."""

import pytest
from builders import Story, at, begun, stamps

from snakemake_logger_plugin_observe.analysis.cost.given_back import (
    GivenBack,
    given_back,
)
from snakemake_logger_plugin_observe.journal.events import EarlyCheck, Wake
from snakemake_logger_plugin_observe.journal.records import StatusCheck

OWN_S = 43
"""When the executor's first own check after the jobs' submission would have come."""


def woken(*, on: bool = True) -> Story:
    """Return a run whose scheduling began at 3 s, with the switch."""
    return begun(wraps="slurm").add(Wake(time=at(3), on=on))


def job(
    story: Story,
    job_id: int,
    found_s: float,
    *,
    needs: tuple[int, ...] = (),
    ready_s: float = 3,
    selected_s: float | None = None,
    number: int = 1,
    left_s: float | None = None,
    check: StatusCheck | None = None,
) -> Story:
    """Add a job that an early check found at *found_s*, *left_s* before the executor's own one."""
    begin_s = ready_s if selected_s is None else selected_s
    known = stamps(
        ready=ready_s,
        selected=begin_s,
        submitting=begin_s,
        accepted=begin_s,
        reported=found_s,
        finished=found_s,
    )
    if number == 1:
        story.job(job_id, needs)
    story.attempt(job_id, known, number=number, poll_interval_s=40, status_check=check)
    if left_s is not None:
        early = {"found": 1, "left_s": left_s, "poll_interval_s": 40, "took_s": 0}
        story.add(EarlyCheck(time=at(found_s), **early))
    return story


def given_back_s(story: Story) -> float:
    found = given_back(story.run)
    assert found is None or found.least == found.most
    return found.most / 1e6 if found is not None else 0


def test_each_job_of_a_chain_waits_for_the_next_own_check_after_the_one_before() -> None:
    story = job(woken(), 1, 10, left_s=OWN_S - 10)
    job(story, 2, 17, needs=(1,), ready_s=10, left_s=33)  # would have begun at 43, been found at 83
    job(story, 3, 24, needs=(2,), ready_s=17, left_s=33)
    assert given_back_s(story) == (OWN_S + 80) - 24


def test_jobs_that_ended_side_by_side_would_have_been_found_by_one_check() -> None:
    story = job(woken(), 1, 10, left_s=OWN_S - 10)
    job(story, 2, 12, left_s=38)
    assert given_back_s(story) == OWN_S - 12


def test_a_job_that_waited_for_a_slot_would_have_waited_longer() -> None:
    story = job(woken(), 1, 10, left_s=OWN_S - 10)
    job(story, 2, 17, selected_s=10, left_s=33)
    assert given_back_s(story) == (OWN_S + 40) - 17


def test_a_retry_would_have_begun_when_the_failure_was_noticed() -> None:
    story = job(woken(), 1, 10, left_s=OWN_S - 10)
    job(story, 1, 17, ready_s=10, number=2, left_s=33)
    assert given_back_s(story) == (OWN_S + 40) - 17


def test_a_job_that_an_own_check_found_is_as_late_as_what_released_it() -> None:
    story = job(woken(), 1, 10, left_s=OWN_S - 10)
    job(story, 2, 50, needs=(1,), ready_s=10)
    assert given_back_s(story) == OWN_S - 10


def test_a_job_that_a_checkpoint_brought_would_have_come_as_late() -> None:
    story = job(woken(), 1, 10, left_s=OWN_S - 10)
    story.phase("plan", 10, 11, detail="checkpoint", first_job_id=2)
    job(story, 2, 17, ready_s=11, left_s=33)
    assert given_back_s(story) == (OWN_S + 40) - 17


@pytest.mark.parametrize(("slept_s", "cut_s"), [(0.5, 39.5), (40, 0)])
def test_the_last_sleep_counts_too(slept_s: float, cut_s: float) -> None:
    story = woken().phase("shutdown", 20, 20 + slept_s, poll_interval_s=40)
    assert given_back_s(story) == cut_s


def test_an_own_check_between_two_looks_may_have_found_the_end() -> None:
    checked = StatusCheck(begun=at(44), previous=at(42), slept=at(42.1))
    story = woken().add(EarlyCheck(time=at(42), found=0, left_s=1, poll_interval_s=40, took_s=0))
    job(story, 1, 44, left_s=39, check=checked)
    found = given_back(story.run)
    assert found == GivenBack(0, round((OWN_S + 40 - 44) * 1e6))
    assert str(found) == "0 to 39 s"


def test_without_the_switch_nothing_was_given_back() -> None:
    story = begun(wraps="slurm").phase("shutdown", 20, 21, poll_interval_s=40)
    assert given_back_s(story) == 0
    assert given_back_s(woken(on=False).phase("shutdown", 20, 21, poll_interval_s=40)) == 0
