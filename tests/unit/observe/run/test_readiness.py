"""When an attempt was ready to be selected."""

from builders import (
    Story,
    at,
    begun,
    replanned,
    retried,
    stamps,
)

from snakemake_logger_plugin_observe.run.readiness import ready_at


def test_a_job_without_dependencies_is_ready_when_scheduling_begins() -> None:
    assert ready_at(begun().job(1).run, (1, 1)) == at(3)


def test_a_job_is_ready_when_its_last_dependency_has_finished() -> None:
    story = begun().job(1).job(2).job(3, needs=(1, 2))
    run = story.quick(1, 3, 3, 8).quick(2, 3, 3, 6).run
    assert ready_at(run, (3, 1)) == at(8)


def test_a_dependency_that_ran_twice_has_finished_with_its_last_attempt() -> None:
    assert retried().run.finished_at(1) == at(25)


def test_a_job_whose_first_attempt_the_journal_lost_has_finished_with_its_second() -> None:
    story = retried()
    story.events = [one for one in story.events if getattr(one, "attempt", None) != 1]
    run = story.run
    assert run.finished_at(1) == at(25)
    assert run.last_attempt(1) is run.attempts[(1, 2)]


def test_a_member_of_a_retried_group_has_not_finished() -> None:
    story = begun().group("g1", (1, 2)).job(1).job(2)
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=8, finished=9)
    for job_id in (None, 1, 2):
        story.attempt(job_id, known, group="g1", status="failed")
    known = stamps(ready=9, selected=10, submitting=10, accepted=11)
    story.submitted(None, known, attempt=2, group="g1")
    assert story.run.finished_at(1) is None


def test_a_second_attempt_is_ready_when_the_first_has_ended() -> None:
    assert ready_at(retried().run, (1, 2)) == at(14)


def test_a_job_that_a_checkpoint_added_is_ready_after_the_replanning() -> None:
    run = replanned().run
    assert ready_at(run, (3, 1)) == at(12)
    assert ready_at(run, (2, 1)) == at(20)


def test_a_group_is_ready_when_its_dependencies_outside_have_finished() -> None:
    """That its members wait for each other is the group's own affair."""
    story = begun().job(1).group("g1", (2, 3)).job(2, needs=(1,)).job(3, needs=(1, 2))
    assert ready_at(story.quick(1, 3, 3, 8).run, ("g1", 1)) == at(8)


def test_a_job_with_unknown_dependencies_has_no_ready_moment() -> None:
    assert ready_at(begun().job(1, needs=None).run, (1, 1)) is None


def test_a_group_with_an_undescribed_member_has_no_ready_moment() -> None:
    assert ready_at(begun().group("g1", (1, 2)).job(1).run, ("g1", 1)) is None


def test_no_job_is_ready_before_planning_has_ended() -> None:
    assert ready_at(Story().job(1).run, (1, 1)) is None


def test_a_job_that_did_not_run_has_not_finished() -> None:
    assert begun().job(1).run.finished_at(1) is None
