"""A run folded as it goes on has the figures of the whole fold, and keeps only what is in flight."""

from builders import SECOND, Story, a_record, at, begun, grouped, mixed, on_cluster, retried, stamps
from failing import fails, on_node, tail
from half_way import as_recorded, so_far
from hypothesis import given, settings
from schedules import Lived, lives

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.failures.failures import failures
from snakemake_logger_plugin_observe.analysis.failures.headline import headline
from snakemake_logger_plugin_observe.analysis.remaining.units import (
    never_by_rule,
    waiting_by_rule,
)
from snakemake_logger_plugin_observe.journal.events import Paused
from snakemake_logger_plugin_observe.journal.records import Usage
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
    said = ("cause not recorded", "exit status 3 no such file")
    assert (one.name, one.moment, one.cause, one.last_line) == ("map s=a", at(8), *said)


def test_a_failure_has_the_cause_and_the_text_of_the_headline() -> None:
    """What sbatch refused has the error and not the command; a time limit is no signal."""
    moments = stamps(ready=3, selected=3, submitting=4, reported=5, finished=5)
    refused = "Error submitting jobscript (exit code 1):\nsbatch: error: Memory specification"
    story = begun().job(1, rule="big", wildcards={})
    story.attempt(1, moments, status="failed", message=refused)
    story.job(2, rule="slow", wildcards={})
    lines = (
        "working",
        "slurmstepd: error: *** JOB 72 CANCELLED DUE TO TIME LIMIT ***",
        "srun: end",
    )
    on_node(story, 2, -15, status="failed", signal=15, logs=tail(*lines), rule="slow")
    big, slow = so_far(story.events).failures_now()
    run = story.end(20, "failed").run
    assert (big.code, big.cause) == ("", "refused")
    assert (slow.code, slow.cause, slow.last_line) == ("", "time limit", lines[1])
    for one in (big, slow):
        (alone,) = [each for each in failures(run) if each.rule == one.name]
        assert headline(run, [alone]) == f"{one.name}: {one.cause}: {one.last_line}"


def test_a_failure_by_an_exit_code_has_the_line_of_its_log_and_one_by_a_signal_none() -> None:
    story = fails(begun().job(1, retries=1), 1, "no such gene", "exiting", code=3)
    fails(story, 1, "no such file", number=2, start_s=6, code=-11)
    first, second = so_far(story.events).failures_now()
    assert (first.code, first.cause, first.last_line) == ("exit 3", "", "exiting")
    assert (second.code, second.cause, second.last_line) == ("signal 11", "", "")


def test_jobs_that_succeeded_and_are_forgotten_show_that_memory_is_not_limited() -> None:
    story = begun().job(1, resources={"mem_mb": 50}).job(2, resources={"mem_mb": 50})
    on_node(story, 2, 0, external_jobid="72", used=Usage(peak_rss_bytes=260_000_000))
    more = {"status": "failed", "used": Usage(peak_rss_bytes=273_000_000), "signal": 9}
    (one,) = so_far(on_node(story, 1, -9, **more).events).failures_now()
    assert (one.code, one.cause) == ("signal 9", "")


def test_the_scheduler_s_record_that_comes_later_may_name_another_cause() -> None:
    story = on_node(begun().job(1), 1, -9, status="failed", signal=9)
    assert so_far(story.events).failures_now()[0].code == "signal 9"
    story.accounting(1, a_record("71", state="OUT_OF_MEMORY"))
    (one,) = so_far(story.events).failures_now()
    assert (one.code, one.cause) == ("", "out of memory")


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
    story.add(last.but(revises=True))
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


# -- pauses of the main process ------------------------------------------------------------------


def here(story: Story, job_id: int, begins_s: float, ends_s: float) -> Story:
    """Add a job whose tool the main process starts itself."""
    known = stamps(ready=3, selected=begins_s, submitting=begins_s, accepted=begins_s)
    story.job(job_id).submitted(job_id, known).started(job_id, begins_s)
    return story.quick(job_id, 3, begins_s, ends_s)


def test_a_length_that_a_pause_cuts_is_only_known_to_be_at_least_the_rest() -> None:
    """The tool may have gone on, as after SIGSTOP to the main process alone."""
    story = begun(wraps="local").add(Paused(time=at(20), end=at(77)))
    found = so_far(here(here(story, 1, 4, 79), 2, 79, 109).events)
    assert [list(one) for one in found.least_lengths.values()] == [[18 * SECOND]]
    assert [list(one) for one in found.lengths.values()] == [[30 * SECOND]]
    assert len(found.length_of) == 1


def test_a_suspended_machine_s_pause_is_no_part_of_a_length() -> None:
    story = begun(wraps="local").add(Paused(time=at(20), end=at(77), suspended_s=57.0))
    found = so_far(here(story, 1, 4, 91).events)
    assert [list(one) for one in found.lengths.values()] == [[30 * SECOND]]
    assert found.least_lengths == {}
