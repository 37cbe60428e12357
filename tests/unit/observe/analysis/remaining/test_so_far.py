"""A run folded as it goes on has the figures of the whole fold, and keeps only what is in flight."""

from builders import SECOND, Story, at, begun, grouped, mixed, on_cluster, retried, stamps
from half_way import as_recorded, so_far
from hypothesis import given, settings
from schedules import Lived, lives

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.remaining.units import (
    never_by_rule,
    waiting_by_rule,
)
from snakemake_logger_plugin_observe.run.scope import job_counts


def test_classes_are_those_of_the_whole_run() -> None:
    for story in (retried(), grouped(), mixed(), on_cluster(3, queue_s=2, tool_s=5)):
        found = so_far(story.events).classes
        assert found == account(story.run).jobs_by_class


@settings(max_examples=50, deadline=None)
@given(lives())
def test_at_the_end_nothing_is_in_flight_and_all_is_counted(lived: Lived) -> None:
    found = so_far(as_recorded(lived))
    assert found.run.attempts == {}
    assert sum(found.done.values()) == job_counts(lived.run).done == len(lived.world.tasks)
    assert not any(waiting_by_rule(found).values())


def test_a_failed_attempt_that_is_tried_again_waits() -> None:
    story = begun().planned(3, {"map": 1}).job(1, retries=1).quick(1, 3, 4, 8, status="failed")
    found = so_far(story.events)
    assert waiting_by_rule(found) == {"map": 1}
    assert found.failed["map"] == 0
    assert found.failed_attempts == 1
    story.quick(1, 8, 9, 12, number=2, status="failed")
    found = so_far(story.events)
    assert waiting_by_rule(found) == {"map": 0}
    assert found.failed["map"] == 1


def test_what_needs_a_job_that_failed_for_good_does_not_wait() -> None:
    story = begun(settings={"keep_going": True}).planned(3, {"map": 3, "sort": 3, "all": 1})
    story.job(1).quick(1, 3, 4, 8, status="failed").blocked(8, sort=1, all=1)
    found = so_far(story.events)
    assert waiting_by_rule(found) == {"map": 2, "sort": 2, "all": 0}
    assert +never_by_rule(found) == {"sort": 1, "all": 1}


def test_without_keep_going_nothing_waits_once_a_job_failed_for_good() -> None:
    story = begun().planned(3, {"map": 3, "all": 1}).job(1).quick(1, 3, 4, 8, status="failed")
    found = so_far(story.events)
    assert not any(waiting_by_rule(found).values())
    assert +never_by_rule(found) == {"map": 2, "all": 1}


def test_a_failure_has_the_last_line_of_its_log() -> None:
    story = begun().job(1, wildcards={"s": "a"})
    story.quick(1, 3, 4, 8, status="failed", message="exit status 3\n  no such file\n\n")
    (one,) = so_far(story.events).failures_now()
    assert (one.name, one.moment, one.last_line) == ("map s=a", at(8), "no such file")


def test_what_ctrl_c_cut_off_is_no_failure() -> None:
    story = begun().job(1).quick(1, 3, 4, 8, status="failed", signal=2)
    assert len(so_far(story.events).failures_now()) == 1
    story.message(8.1, "Terminating processes on user request.", kind="interrupted")
    story.end(9, "interrupted")
    assert so_far(story.events).failures_now() == []


def test_an_end_that_is_revised_counts_once() -> None:
    story: Story = begun().planned(3, {"map": 1}).job(1).quick(1, 3, 4, 8)
    last = story.events[-1]
    once = so_far(story.events).classes
    story.add(last.model_copy(update={"revises": True}))
    again = so_far(story.events)
    assert again.classes == once
    assert (again.done["map"], again.ended_attempts) == (1, 1)


def test_the_length_of_a_job_is_that_of_all_its_attempts() -> None:
    story = begun().job(1, retries=1).quick(1, 3, 4, 8, status="failed")
    story.quick(1, 8, 10, 15, number=2)
    found = so_far(story.events)
    assert list(found.length_of.values()) == [9 * SECOND]
    assert [list(one) for one in found.lengths.values()] == [[5 * SECOND]]


def test_a_submission_in_flight_stays_in_the_run() -> None:
    story = begun().job(1).submitted(1, stamps(ready=3, selected=4, submitting=4, accepted=5))
    assert list(so_far(story.events).run.attempts) == [(1, 1)]
