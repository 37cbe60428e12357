"""What failed: executions as they happened, verdicts on retries, and what retries hid."""

from pathlib import Path
from typing import Any

import pytest
import strategies
from builders import Story, a_try, begun, chain, grouped, level, logger_only, numbered, stamps
from failing import (
    deterministic,
    different,
    every_job,
    fails,
    flaky,
    many,
    mended_inside,
    moments,
    nested,
    on_node,
    succeeds,
)
from hypothesis import given

from snakemake_logger_plugin_observe.analysis.failures.failures import (
    Failure,
    RulePattern,
    failures,
    masked,
    patterns,
)
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import ResourceUse
from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.commands.jobs import failed
from snakemake_logger_plugin_observe.journal.events import AttemptFinished
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.run.model import Run, fold

SECOND = 1_000_000


def only(story: Story) -> Failure:
    (found,) = failures(story.run)
    return found


def told(one: Failure) -> tuple[Any, ...]:
    return (one.key, one.outcome, one.verdict, one.executions, one.failed_executions)


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        (deterministic, (1, "failed", "deterministic", 3, 3)),
        (different, (1, "failed", "different", 3, 3)),
        (flaky, (4, "succeeded", "once", 2, 1)),
        (nested, (1, "failed", "deterministic", 6, 6)),
        (mended_inside, (1, "succeeded", "once", 2, 1)),
    ],
)
def test_a_job_that_failed_is_one_failure(story: Any, expected: tuple[Any, ...]) -> None:
    assert told(only(story())) == expected
    assert only(story()).all_seen


def test_where_nothing_failed_there_is_nothing() -> None:
    assert failures(chain().run) == ()
    assert failures(Run()) == ()
    assert patterns(chain().run, ()) == ()


def test_each_retry_says_whether_it_was_the_same_again() -> None:
    assert [(r.attempt, r.number, r.same) for r in only(deterministic()).repeats] == [
        (2, 1, True),
        (3, 1, True),
    ]
    assert [r.differs for r in only(different()).repeats] == [("end", "line"), ("end", "line")]


def test_executions_are_counted_as_they_happened_at_every_level() -> None:
    """Retries: 2 makes three attempts, and 3 + 2 + 1 executions in them."""
    found = only(nested())
    assert [(o.attempt, o.number) for o in found.occurrences] == [
        *((1, 1), (1, 2), (1, 3)),
        *((2, 1), (2, 2)),
        (3, 1),
    ]
    assert {repeat.same for repeat in found.repeats} == {True}


def test_a_run_that_was_cut_off_in_mid_tool_was_still_an_execution() -> None:
    story = begun().job(1)
    one = a_try(begun=6, tool_started=6, status="running")
    node = level(one, started=4, loaded=5, planned=6)
    story.attempt(1, moments(3, 20), node, status="failed", external_jobid="71")
    found = only(story)
    assert (found.executions, found.failed_executions, found.all_seen) == (1, 1, False)


def test_an_attempt_that_nothing_was_heard_of_is_not_counted_as_an_execution() -> None:
    story = begun().job(1).attempt(1, moments(3, 9), status="failed", external_jobid="71")
    found = only(story)
    assert (found.executions, found.failed_executions, found.all_seen) == (0, 0, False)


def test_a_refused_submission_ran_nothing_for_certain() -> None:
    known = stamps(ready=3, selected=3, submitting=4, reported=5, finished=5)
    found = only(begun().job(1).attempt(1, known, status="failed", message="no account"))
    assert (found.cause, found.executions, found.all_seen) == ("refused", 0, True)


def test_without_the_wrapper_executions_are_not_known() -> None:
    story = begun(wrapped=False).job(1)
    story.attempt(1, stamps(ready=3, selected=4, finished=9), status="failed")
    assert only(story).all_seen is False
    assert failures(logger_only().run) == ()


def test_a_tool_that_succeeded_without_its_output_failed() -> None:
    """In the main process its try tells of a success; the check comes after it."""
    story = begun().job(1)
    missing = {"status": "failed", "message": "some output files are missing: a.txt"}
    for number in (1, 2):
        story.quick(1, 10 * number, 10 * number, 10 * number + 1, number=number, **missing)
    found = only(story)
    assert told(found) == (1, "failed", "deterministic", 2, 2)
    assert found.cause == "missing_output"


def test_a_job_that_failed_twice_alike_and_then_succeeded_is_no_deterministic_failure() -> None:
    story = begun().job(1)
    for number in (1, 2):
        fails(story, 1, "disk full", number=number, start_s=3 * number)
    found = only(succeeds(story, 1, 3))
    assert (found.verdict, found.outcome, found.succeeded_on) == ("repeated", "succeeded", 3)


def test_what_says_nothing_at_all_cannot_be_compared() -> None:
    story = begun(wrapped=False).job(1)
    for number in (1, 2):
        known = stamps(ready=3 * number, selected=3 * number, finished=3 * number + 1)
        story.attempt(1, known, number=number, status="failed")
    assert only(story).verdict == "unknown"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("cancelled", "cancelled"), ("lost", "failed"), ("success", "succeeded")],
)
def test_the_last_attempt_tells_how_it_ended(status: str, outcome: str) -> None:
    story = fails(begun().job(1), 1)
    story.attempt(1, moments(6, 8), number=2, status=status)
    assert only(story).outcome == outcome


def test_a_job_that_is_being_tried_again_has_not_ended() -> None:
    story = fails(begun().job(1), 1)
    story.submitted(1, stamps(ready=4, selected=5, submitting=5, accepted=6), attempt=2)
    assert only(story).outcome == "unfinished"


def test_a_cancelled_job_alone_did_not_fail() -> None:
    story = begun().job(1).attempt(1, moments(6, 8), status="cancelled")
    assert failures(story.run) == ()


def test_failed_attempts_are_lost_from_their_choice_on_and_tries_by_themselves() -> None:
    assert only(deterministic()).lost == 3 * SECOND
    assert only(mended_inside()).lost == 1 * SECOND
    story = begun().job(1).quick(1, 3, 10, 12, status="failed")
    assert only(story).lost == 2 * SECOND  # 7 s it had waited for a place


def test_what_failed_for_good_comes_first_and_then_what_cost_most() -> None:
    story = begun().job(1).job(2).job(3)
    succeeds(fails(story, 1, took_s=9), 1, 2, 20)
    fails(story, 2, took_s=1)
    fails(story, 3, took_s=5)
    assert [one.key for one in failures(story.run)] == [3, 2, 1]


# -- groups ----------------------------------------------------------------------------------


def group_of_two(status: str, *failed: int) -> Run:
    """Return a group's run with its submission's *status*, in which these members failed."""
    events = []
    for event in grouped().events:
        told = event
        if isinstance(event, AttemptFinished):
            ended = "failed" if event.job_id in (*failed, None) else event.status
            levels = tuple(
                one.model_copy(
                    update={
                        "executions": tuple(
                            each.model_copy(
                                update={"status": "failed", "exit_code": 5}
                                if (1 if each.wildcards == {"s": "a"} else 2) in failed
                                else {}
                            )
                            for each in one.executions
                        )
                    }
                )
                for one in event.levels
            )
            if status == "success":
                ended = "success"
            told = event.model_copy(update={"status": ended, "levels": levels})
        events.append(told)
    return fold(numbered(events))


def test_a_member_that_failed_by_itself_is_told_and_not_its_group() -> None:
    (found,) = failures(group_of_two("failed", 2))
    assert (found.key, found.rule, found.group_name, found.cause) == (2, "map", "pair", "exit_code")


def test_a_submission_that_is_lost_with_two_members_is_lost_once() -> None:
    run = group_of_two("failed", 1, 2)
    one, two = sorted(failures(run), key=lambda found: str(found.key))
    whole = run.attempts[("g1", 1)]
    own = [sum(run.attempts[(job, 1)].phases.values()) for job in (1, 2)]
    waited = whole.phases["slot_wait"]
    assert one.lost == own[0] + sum(whole.phases.values()) - waited
    assert two.lost == own[1]


def test_a_group_that_failed_without_a_member_s_fault_is_told_itself() -> None:
    (found,) = failures(group_of_two("failed"))
    assert (found.job_id, found.key, found.rule) == (None, "g1", None)
    assert (found.executions, found.failed_executions) == (2, 0)


def test_a_group_s_executions_are_those_of_its_members_in_all_of_its_submissions() -> None:
    story = begun()
    for group, members in (("g1", (1, 2)), ("g2", (3,))):
        story.group(group, members)
        for job_id in members:
            story.job(job_id, wildcards={"s": str(job_id)}, group=group)
    for group, members, attempts in (("g1", (1, 2), (1, 2)), ("g2", (3,), (1,))):
        for number in attempts:
            known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=20, finished=21)
            executions = [
                a_try(
                    wildcards={"s": str(one)}, begun=9, tool_started=10, tool_ended=12, checked=13
                )
                for one in members
            ]
            whole = level(*executions, started=6, loaded=7, planned=8, ended=19)
            facts = {"number": number, "group": group}
            story.attempt(None, known, whole, status="failed", **facts)
            for job_id, one in zip(members, executions, strict=True):
                own = whole.model_copy(update={"executions": (one,)})
                story.attempt(job_id, stamps(finished=21), own, **facts)
    told = {one.key: one.executions for one in failures(story.end(22, "failed").run)}
    assert told == {"g1": 4, "g2": 1}


def test_a_member_whose_group_the_journal_lost_is_told_itself() -> None:
    run = group_of_two("failed")
    member = run.attempts[(1, 1)]
    member.status, member.levels = "failed", ()
    del run.attempts[("g1", 1)]
    run.groups.clear()
    (found,) = failures(run)
    assert (found.key, found.rule, found.outcome) == (1, "map", "failed")


def test_a_group_s_failure_is_told_to_who_asks_for_a_member_s_rule() -> None:
    run = group_of_two("failed")
    source = Source(Path("a.jsonl"), run, run.status())
    member = Row(run.attempts[(1, 1)], "map", {}, "pair", None, (), None, None, ResourceUse())
    assert [one.key for one in failed(source, (member,), "map").failures] == ["g1"]


# -- across the jobs of a rule -----------------------------------------------------------------


def common(story: Story) -> RulePattern:
    run = story.run
    (found,) = patterns(run, failures(run))
    return found


def test_a_rule_whose_jobs_all_fail_first_in_the_same_way_does_not_do_so_by_chance() -> None:
    found = common(every_job())
    assert (found.rule, found.pattern, found.jobs, found.failed_first) == (
        "quality",
        "every_job",
        6,
        6,
    )
    assert (found.recovered, found.succeeded_on) == (6, 2)


def test_one_job_of_many_that_failed_once_is_flaky() -> None:
    found = common(flaky())
    assert (found.pattern, found.jobs, found.failed_first, found.recovered) == ("flaky", 10, 1, 1)


def test_a_single_job_and_jobs_that_fail_in_different_ways_tell_nothing_of_the_rule() -> None:
    assert common(mended_inside()).pattern == "some"
    story = begun()
    for job_id, code in ((1, 3), (2, 4)):
        story.job(job_id)
        succeeds(fails(story, job_id, code=code), job_id, 2)
    assert common(story).pattern == "some"


def test_a_rule_of_which_nothing_succeeded_has_no_habit() -> None:
    assert patterns(many().run, failures(many().run)) == ()


# -- what retries hid --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "count"),
    [(deterministic, 1), (different, 0), (every_job, 6), (flaky, 1), (many, 0), (mended_inside, 1)],
)
def test_what_retries_hid_can_be_counted(story: Any, count: int) -> None:
    assert len(masked(failures(story().run))) == count


def test_jobs_that_failed_alike_are_alike_whatever_their_names() -> None:
    assert len({one.likeness for one in failures(every_job().run)}) == 1
    assert len({one.likeness for one in failures(many().run)}) == 12


# -- the last line that means something --------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        (("reading", "no such file", "", "  "), 2),
        (("Error in f(): no", "Calls: f", "Execution halted"), 1),
        (("java.io.IOException: no", "\tat org.a.B(B.java:1)"), 1),
        (("no such file", "}", "----"), 1),
        (("slurmstepd: error: DUE TO TIME LIMIT ***", "srun: got SIGCONT"), 1),
    ],
)
def test_the_last_line_that_says_something_is_taken(lines: tuple[str, ...], number: int) -> None:
    line = only(fails(begun().job(1), 1, *lines)).last.line
    assert line is not None
    assert (line.path, line.number, line.text) == ("logs/a.log", number, lines[number - 1])


def test_a_log_without_a_word_has_no_last_line() -> None:
    assert only(fails(begun().job(1), 1, "...", "")).last.line is None


# -- whatever the run --------------------------------------------------------------------------


@given(strategies.hostile_runs())
def test_no_run_is_too_strange(run: Run) -> None:
    check(run)


@given(strategies.simulated_runs())
def test_a_simulated_run_s_failures_add_up(simulated: strategies.Simulated) -> None:
    check(simulated.run)


def check(run: Run) -> None:
    found = failures(run)
    assert len({one.key for one in found}) == len(found)
    for one in found:
        assert len(one.repeats) == len(one.occurrences) - 1
        assert one.failed_executions <= len(one.occurrences)
        assert (one.verdict == "once") == (len(one.occurrences) == 1)
        assert one.lost >= 0
    assert len(masked(found)) <= len(found)
    for pattern in patterns(run, found):
        assert 1 <= pattern.recovered <= pattern.jobs


def test_a_node_s_failed_executions_in_a_success_are_an_attempt_s_failures_but_not_lost() -> None:
    story = on_node(begun().job(1), 1, 3, 3, 0)
    found = only(story)
    assert told(found) == (1, "succeeded", "repeated", 3, 2)
    assert (found.lost, found.succeeded_on) == (2 * SECOND, 1)


def test_words_that_a_retry_wrote_over_say_nothing_against_the_others() -> None:
    """Its log was read a moment too late; how it ended is known all the same."""
    story = begun(wraps="local")
    for job_id in range(1, 4):
        story.job(job_id, rule="quality", wildcards={"sample": f"s{job_id}"})
        words = () if job_id == 2 else ("scratch space is not mounted yet",)
        fails(story, job_id, *words, start_s=3 * job_id, rule="quality")
        succeeds(story, job_id, 2, 30 + job_id, rule="quality")
    run = story.end(40).run
    (pattern,) = patterns(run, failures(run))
    assert pattern.pattern == "every_job"
