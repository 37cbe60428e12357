"""What failed: executions as they happened, and whether retries repeated the same failure."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import strategies
from builders import (
    Story,
    an_execution,
    begun,
    chain,
    grouped,
    level,
    logger_only,
    numbered,
    stamps,
)
from failing import (
    WAITED,
    deterministic,
    different,
    every_job,
    fails,
    flaky,
    many,
    moments,
    nested,
    on_node,
    recovered_inside,
    succeeds,
    tail,
    waited_for_a_service,
)
from hypothesis import given

from snakemake_logger_plugin_observe.analysis.failures.failures import (
    Failure,
    failures,
    masked,
)
from snakemake_logger_plugin_observe.analysis.failures.rule_patterns import (
    rule_patterns,
)
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import ResourceUse
from snakemake_logger_plugin_observe.analysis.jobs.table import Row, RowFilter, rows
from snakemake_logger_plugin_observe.commands.support.failed_answer import failed
from snakemake_logger_plugin_observe.journal.events import AttemptFinished
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.run.fold import fold
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scope import job_counts

SECOND = 1_000_000
FAILED = {"status": "failed", "exit_code": 3}


def only(story: Story) -> Failure:
    (found,) = failures(story.run)
    return found


def summary(one: Failure) -> tuple[Any, ...]:
    return (one.key, one.outcome, one.verdict, one.executions, one.failed_executions)


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        (deterministic, (1, "failed", "deterministic", 3, 3)),
        (different, (1, "failed", "different", 3, 3)),
        (flaky, (4, "succeeded", "once", 2, 1)),
        (nested, (1, "failed", "deterministic", 6, 6)),
        (recovered_inside, (1, "succeeded", "once", 2, 1)),
    ],
)
def test_a_job_that_failed_is_one_failure(story: Any, expected: tuple[Any, ...]) -> None:
    assert summary(only(story())) == expected
    assert only(story()).all_seen


def test_a_run_without_failures_has_none() -> None:
    assert failures(chain().run) == ()
    assert failures(Run()) == ()
    assert rule_patterns(chain().run, ()) == ()


def test_each_retry_is_compared_with_the_failure_before_it() -> None:
    assert [(r.attempt, r.execution, r.same) for r in only(deterministic()).repeats] == [
        (2, 1, True),
        (3, 1, True),
    ]
    assert [r.differs for r in only(different()).repeats] == [("end", "line"), ("end", "line")]


def test_executions_are_counted_as_they_happened_at_every_level() -> None:
    """Retries: 2 makes three attempts, and 3 + 2 + 1 executions in them."""
    found = only(nested())
    assert [(o.attempt, o.execution) for o in found.occurrences] == [
        *((1, 1), (1, 2), (1, 3)),
        *((2, 1), (2, 2)),
        (3, 1),
    ]
    assert {repeat.same for repeat in found.repeats} == {True}


def test_each_execution_inside_an_attempt_has_its_own_line() -> None:
    story = begun().job(1)
    kept = {"logs": tail("no room")}
    first = an_execution(number=1, begun=6, tool_started=6, tool_ended=7, **FAILED)
    second = an_execution(number=2, begun=7, tool_started=7, tool_ended=8, **FAILED)
    node = level(first.but(**kept), second, started=4, loaded=5, planned=6, ended=9)
    ends = {"status": "failed", "external_jobid": "71", "logs": tail("no such file")}
    found = only(story.attempt(1, moments(3, 10), node, **ends))
    assert [one.line.text if one.line else None for one in found.occurrences] == [
        "no room",
        "no such file",
    ]
    assert found.verdict == "different"


def test_a_tool_that_was_cut_off_counts_as_an_execution() -> None:
    story = begun().job(1)
    one = an_execution(begun=6, tool_started=6, status="running")
    node = level(one, started=4, loaded=5, planned=6)
    story.attempt(1, moments(3, 20), node, status="failed", external_jobid="71")
    found = only(story)
    assert (found.executions, found.failed_executions, found.all_seen) == (1, 1, False)


@pytest.mark.parametrize(("service", "failed"), [(True, False), (False, True)])
def test_a_service_that_was_stopped_did_not_fail(service: bool, failed: bool) -> None:
    """Once no job uses it any more, Snakemake ends it with a signal."""
    story = begun().job(1, service=service)
    one = an_execution(begun=6, tool_started=6, tool_ended=18, status="failed", exit_code=-15)
    node = level(one, started=4, loaded=5, planned=6, ended=19)
    run = story.attempt(1, moments(3, 20), node).end(21).run
    assert bool(failures(run)) == failed
    assert bool(rows(run, RowFilter(failed=True))) == failed


def test_an_attempt_without_timing_from_the_node_is_not_counted_as_an_execution() -> None:
    story = begun().job(1).attempt(1, moments(3, 9), status="failed", external_jobid="71")
    found = only(story)
    assert (found.executions, found.failed_executions, found.all_seen) == (0, 0, False)


def test_a_refused_submission_has_no_executions() -> None:
    known = stamps(ready=3, selected=3, submitting=4, reported=5, finished=5)
    found = only(begun().job(1).attempt(1, known, status="failed", message="no account"))
    assert (found.cause, found.executions, found.all_seen) == ("refused", 0, True)


def test_without_the_wrapper_executions_are_unknown() -> None:
    story = begun(wrapped=False).job(1)
    story.attempt(1, stamps(ready=3, selected=4, finished=9), status="failed")
    assert only(story).all_seen is False
    assert failures(logger_only().run) == ()


def test_a_tool_that_succeeded_without_its_output_failed() -> None:
    """In the main process its execution is a success; outputs are checked after it."""
    story = begun().job(1)
    missing = {"status": "failed", "message": "some output files are missing: a.txt"}
    for number in (1, 2):
        story.quick(1, 10 * number, 10 * number, 10 * number + 1, number=number, **missing)
    found = only(story)
    assert summary(found) == (1, "failed", "deterministic", 2, 2)
    assert found.cause == "missing_output"


def test_a_job_that_failed_twice_alike_and_then_succeeded_is_not_deterministic() -> None:
    story = begun().job(1)
    for number in (1, 2):
        fails(story, 1, "disk full", number=number, start_s=3 * number)
    found = only(succeeds(story, 1, 3))
    assert (found.verdict, found.outcome, found.succeeded_on) == ("repeated", "succeeded", 3)


def test_failures_without_exit_code_and_message_cannot_be_compared() -> None:
    story = begun(wrapped=False).job(1)
    for number in (1, 2):
        known = stamps(ready=3 * number, selected=3 * number, finished=3 * number + 1)
        story.attempt(1, known, number=number, status="failed")
    assert only(story).verdict == "unknown"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("cancelled", "cancelled"), ("lost", "failed"), ("success", "succeeded")],
)
def test_the_outcome_is_that_of_the_last_attempt(status: str, outcome: str) -> None:
    story = fails(begun().job(1), 1)
    story.attempt(1, moments(6, 8), number=2, status=status)
    assert only(story).outcome == outcome


def test_a_job_whose_retry_still_runs_is_unfinished() -> None:
    story = fails(begun().job(1), 1)
    story.submitted(1, stamps(ready=4, selected=5, submitting=5, accepted=6), attempt=2)
    assert only(story).outcome == "unfinished"


def test_a_job_that_was_only_cancelled_did_not_fail() -> None:
    story = begun().job(1).attempt(1, moments(6, 8), status="cancelled")
    assert failures(story.run) == ()


def test_lost_time_is_that_of_failed_attempts_since_selected_or_of_failed_executions() -> None:
    assert only(deterministic()).lost == 3 * SECOND
    assert only(recovered_inside()).lost == 1 * SECOND
    story = begun().job(1).quick(1, 3, 10, 12, status="failed")
    assert only(story).lost == 2 * SECOND  # before, it waited 7 s for a slot


def test_jobs_that_never_succeeded_come_first_then_those_that_lost_most_time() -> None:
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
        changed = event
        if isinstance(event, AttemptFinished):
            ended = "failed" if event.job_id in (*failed, None) else event.status
            levels = tuple(
                one.but(
                    executions=tuple(
                        each.but(
                            **(
                                {"status": "failed", "exit_code": 5}
                                if (1 if each.wildcards == {"s": "a"} else 2) in failed
                                else {}
                            )
                        )
                        for each in one.executions
                    )
                )
                for one in event.levels
            )
            if status == "success":
                ended = "success"
            changed = event.but(status=ended, levels=levels)
        events.append(changed)
    return fold(numbered(events))


def test_a_member_that_failed_by_itself_is_reported_instead_of_its_group() -> None:
    (found,) = failures(group_of_two("failed", 2))
    assert (found.key, found.rule, found.group_name, found.cause) == (2, "map", "pair", "exit_code")


def test_the_time_of_a_group_s_submission_is_lost_only_once() -> None:
    run = group_of_two("failed", 1, 2)
    one, two = sorted(failures(run), key=lambda found: str(found.key))
    whole = run.attempts[("g1", 1)]
    own = [sum(run.attempts[(job, 1)].phases.values()) for job in (1, 2)]
    waited = whole.phases["slot_wait"]
    assert one.lost == own[0] + sum(whole.phases.values()) - waited
    assert two.lost == own[1]


def test_a_member_that_succeeded_in_a_failed_group_is_lost_with_it() -> None:
    """Snakemake removes its outputs: it runs again."""
    run = group_of_two("failed", 2)
    (found,) = failures(run)
    whole = sum(one.since_selected for one in run.attempts.values())
    assert (found.lost, found.undone, found.prevented) == (whole, (1,), ())
    counts = job_counts(run)
    assert (counts.done, counts.failed, counts.cancelled) == (0, 1, 1)


def test_a_member_that_could_not_run_because_of_another_is_named() -> None:
    run = group_of_two("failed", 1)
    run.attempts[(2, 1)].status = "cancelled"
    (found,) = failures(run)
    assert (found.key, found.undone, found.prevented) == (1, (), (2,))


def test_the_phases_of_what_was_lost_are_those_of_the_whole_group() -> None:
    """A member that failed in a second may have cost minutes of its group's queue."""
    run = group_of_two("failed", 2)
    (found,) = failures(run)
    phases: Counter[str] = Counter()
    for one in run.attempts.values():
        phases.update(one.phases)
    del phases["slot_wait"]
    assert {name: micros for name, micros in found.lost_in.items() if micros} == dict(phases)
    assert sum(found.lost_in.values()) == found.lost


def test_a_group_whose_members_did_not_fail_is_reported_itself() -> None:
    run = group_of_two("failed")
    (found,) = failures(run)
    assert (found.job_id, found.key, found.rule) == (None, "g1", None)
    assert (found.executions, found.failed_executions) == (2, 0)
    assert found.lost == sum(one.since_selected for one in run.attempts.values())
    assert found.undone == (1, 2)


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
                an_execution(
                    wildcards={"s": str(one)}, begun=9, tool_started=10, tool_ended=12, checked=13
                )
                for one in members
            ]
            whole = level(*executions, started=6, loaded=7, planned=8, ended=19)
            facts = {"number": number, "group": group}
            story.attempt(None, known, whole, status="failed", **facts)
            for job_id, one in zip(members, executions, strict=True):
                own = whole.but(executions=(one,))
                story.attempt(job_id, stamps(finished=21), own, **facts)
    executions = {one.key: one.executions for one in failures(story.end(22, "failed").run)}
    assert executions == {"g1": 4, "g2": 1}


def test_a_member_whose_group_is_missing_from_the_journal_is_reported() -> None:
    run = group_of_two("failed")
    member = run.attempts[(1, 1)]
    member.status, member.levels = "failed", ()
    del run.attempts[("g1", 1)]
    run.groups.clear()
    (found,) = failures(run)
    assert (found.key, found.rule, found.outcome) == (1, "map", "failed")


def test_selecting_a_member_s_rule_shows_its_group_s_failure() -> None:
    run = group_of_two("failed")
    source = Source(Path("a.jsonl"), run, run.status())
    member = Row(
        run.attempts[(1, 1)], "failed", "map", {}, "pair", None, (), None, None, ResourceUse()
    )
    assert [one.key for one in failed(source, (member,), "map").failures] == ["g1"]


# -- what retries hid --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "count"),
    [
        (deterministic, 1),
        (different, 0),
        (every_job, 6),
        (flaky, 1),
        (many, 0),
        (recovered_inside, 1),
    ],
)
def test_failures_that_retries_hid_are_masked(story: Any, count: int) -> None:
    assert len(masked(failures(story().run))) == count


def test_jobs_of_a_rule_that_failed_in_the_same_way_are_alike() -> None:
    assert len({one.likeness for one in failures(every_job().run)}) == 1
    assert len({one.likeness for one in failures(many().run)}) == 12


# -- whatever the run --------------------------------------------------------------------------


@given(strategies.tampered_runs())
def test_any_run_has_consistent_failures(run: Run) -> None:
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
    for pattern in rule_patterns(run, found):
        assert 1 <= pattern.recovered <= pattern.jobs


def test_failed_executions_inside_a_successful_attempt_are_failures() -> None:
    story = on_node(begun().job(1), 1, 3, 3, 0)
    found = only(story)
    assert summary(found) == (1, "succeeded", "repeated", 3, 2)
    assert (found.lost, found.succeeded_on) == (2 * SECOND, 1)


def test_a_failure_that_was_not_noticed_before_an_interruption_has_its_log_s_line() -> None:
    """The node's process reported it; its logs are the attempt's."""
    story = begun(wraps="cluster-generic").job(1)
    more = {"status": "cancelled", "exit_code": None, "logs": tail("no such contig")}
    on_node(story, 1, 2, **more).message(20, "interrupted", kind="interrupted")
    (found,) = failures(story.end(21, "interrupted").run)
    assert found.decisive.line is not None
    assert found.decisive.line.text == "no such contig"


def test_a_job_that_waited_in_vain_for_a_service_is_the_failure_and_not_its_group() -> None:
    found = only(waited_for_a_service())
    assert (found.rule, found.job_id, found.cause) == ("use", 2, "missing_input")
    assert (found.last.message, found.prevented) == (WAITED, ())
    assert found.lost == 6 * SECOND
