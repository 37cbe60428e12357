"""Events folded into a run: the last event about a thing counts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from builders import (
    LATENCY,
    MAIN,
    NODE,
    REMOTE_STAMPS,
    SECOND,
    Story,
    a_record,
    an_execution,
    at,
    begun,
    chain,
    grouped,
    in_main,
    killed,
    level,
    logger_only,
    node_level,
    phases_at,
    replanned,
    retried,
    stamps,
)
from failing import flaky

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.journal.events import Allocation, Gap, Provenance
from snakemake_logger_plugin_observe.journal.reading import Detail, read_journal
from snakemake_logger_plugin_observe.run.fold import extend_to, fold
from snakemake_logger_plugin_observe.run.segments import Segment
from snakemake_logger_plugin_observe.run.unobserved import NO_NODE_STAMPS


def test_the_last_event_about_an_attempt_counts() -> None:
    story = begun().job(1)
    story.attempt(1, REMOTE_STAMPS, waits=LATENCY)
    assert story.run.attempts[(1, 1)].unobserved == (NO_NODE_STAMPS,)
    story.attempt(1, REMOTE_STAMPS, node_level(), waits=LATENCY, revises=True)
    attempt = story.run.attempts[(1, 1)]
    assert (attempt.unobserved, attempt.node, attempt.line) == ((), NODE, len(story.events))
    assert attempt.phases["compute"] == 1_000_000
    assert len(story.run.attempts) == 1


def test_the_last_description_of_a_job_counts() -> None:
    """A checkpoint may give a job dependencies that it did not have before."""
    run = begun().job(1, rule="old").job(1, needs=(2,), rule="new").run
    assert (run.jobs[1].rule, run.jobs[1].dependencies, run.jobs[1].line) == ("new", (2,), 4)


def test_attempts_go_through_submitted_and_running() -> None:
    story = begun().job(1)
    story.submitted(1, stamps(selected=4, submitting=4, accepted=5), external_jobid="77")
    assert story.run.attempts[(1, 1)].status == "submitted"
    story.started(1, 6)
    attempt = story.run.attempts[(1, 1)]
    assert (attempt.status, attempt.external_jobid, attempt.node) == ("running", "77", MAIN)


def test_a_heartbeat_extends_the_life_of_a_run_without_an_end() -> None:
    run = killed().heartbeat(35, (2, 1)).run
    assert (run.end, run.makespan) == (at(35), at(35) - at(0))
    assert phases_at(run.attempts[(2, 1)].segments)[-1] == ("unobserved", 5, 35)


def test_a_job_without_a_wrapped_executor_is_in_flight_from_its_description_on() -> None:
    begun_jobs = Story(wrapped=False).job(1).job(2, attempt=2).job(3)
    known = stamps(selected=4, finished=9)
    run = begun_jobs.attempt(2, known, status="failed").attempt(3, known).run
    assert {key: one.status for key, one in run.attempts.items()} == {
        (2, 1): "failed",
        (3, 1): "success",
        (1, 1): "submitted",
        (2, 2): "submitted",
    }


def test_without_a_wrapped_executor_it_has_run_unobserved_since_its_description() -> None:
    run = Story(wrapped=False).job(1).heartbeat(35, (1, 1)).run
    (segment,) = run.attempts[(1, 1)].segments
    assert segment == Segment(run.jobs[1].time, at(35), "unobserved")


def test_an_attempt_that_only_a_heartbeat_names_is_in_flight() -> None:
    run = begun().heartbeat(20, (7, 1), ("g1", 2)).run
    assert [(one.job_id, one.group, one.number) for one in run.attempts.values()] == [
        (7, None, 1),
        (None, "g1", 2),
    ]


def test_a_run_that_has_ended_has_nothing_in_flight() -> None:
    assert begun().job(1).heartbeat(20, (1, 1)).end(30, "interrupted").run.attempts == {}


def test_open_attempts_of_a_killed_run_end_at_the_last_moment() -> None:
    run = killed().run
    assert phases_at(run.attempts[(2, 1)].segments) == [
        ("slot_wait", 3, 4),
        ("submit", 4, 5),
        ("unobserved", 5, 20),
    ]
    assert phases_at(run.attempts[(3, 1)].segments) == [
        ("slot_wait", 3, 4),
        ("dispatch", 4, 5),
        ("submit", 5, 6),
        ("stage_in", 6, 7),
        ("compute", 7, 20),
    ]


def test_an_open_attempt_has_a_reason_for_its_unobserved_time() -> None:
    assert killed().run.attempts[(2, 1)].unobserved == (NO_NODE_STAMPS,)


def test_members_of_a_running_group_are_attempts_too() -> None:
    story = begun().group("g1", (1, 2)).job(1).job(2)
    story.submitted(None, stamps(selected=4, submitting=4, accepted=5), group="g1")
    run = story.message(20, "still here").run
    assert {key: attempt.status for key, attempt in run.attempts.items()} == {
        ("g1", 1): "submitted",
        (1, 1): "submitted",
        (2, 1): "submitted",
    }


def test_a_group_s_submission_and_its_members_are_attempts_of_one_number() -> None:
    run = grouped().run
    assert list(run.attempts) == [("g1", 1), (1, 1), (2, 1)]
    assert [run.attempts[key].is_member for key in run.attempts] == [False, True, True]
    assert phases_at(run.attempts[(2, 1)].segments) == [
        ("stage_in", 14, 15),
        ("compute", 15, 17),
        ("stage_out", 17, 18),
    ]


def test_a_job_spawned_for_a_run_directive_had_one_execution() -> None:
    """The executions are those of the process closest to the tool, not of every process around it."""
    known = stamps(ready=3, selected=4, submitting=4, accepted=4, reported=12, finished=12)
    outer = an_execution(begun=4, tool_started=5, tool_ended=11)
    inner = an_execution(begun=7, tool_started=8, tool_ended=9, checked=9)
    spawned = level(inner, host=MAIN, started=5, loaded=6, planned=7, ended=10)
    story = begun().job(1).attempt(1, known, in_main(outer), spawned)
    assert story.run.attempts[(1, 1)].executions == [inner]


def test_gaps_have_their_reasons() -> None:
    assert begun().add(Gap(time=at(4), reason="a fault")).run.gaps == ["a fault"]


def test_an_accounting_record_belongs_to_its_attempt() -> None:
    run = retried().accounting(1, a_record("78"), attempt=2).run
    assert [attempt.accounting for attempt in run.attempts.values()] == [None, a_record("78")]


def test_a_group_s_record_is_its_submission_s() -> None:
    run = grouped().accounting(None, a_record("77"), group="g1").run
    assert {key: attempt.accounting for key, attempt in run.attempts.items()} == {
        ("g1", 1): a_record("77"),
        (1, 1): None,
        (2, 1): None,
    }


def test_the_last_record_of_an_attempt_counts() -> None:
    story = retried().accounting(1, a_record("77", ended=None))
    run = story.accounting(1, a_record("77")).run
    assert run.attempts[(1, 1)].accounting == a_record("77")


def test_a_record_stays_when_its_attempt_is_revised() -> None:
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=13, finished=14)
    story = begun().job(1).attempt(1, known).accounting(1, a_record())
    story.attempt(1, known, node_level(), revises=True)
    assert story.run.attempts[(1, 1)].accounting == a_record()


@pytest.mark.parametrize("key", [{"job_id": 7}, {"job_id": None}, {"job_id": None, "group": "g9"}])
def test_a_record_of_an_unknown_attempt_is_skipped(key: dict[str, object]) -> None:
    story = begun().job(1)
    assert story.accounting(record=a_record(), **key).end(20).run.attempts == {}


def test_a_later_accounting_query_does_not_extend_a_killed_run() -> None:
    """Nothing of what was found out at 100 s happened in the run."""
    run = killed().accounting(2, a_record("77")).run
    assert (run.end, run.last_moment) == (at(20), at(20))
    assert run.attempts[(2, 1)].accounting == a_record("77")
    assert phases_at(run.attempts[(2, 1)].segments)[2:] == [
        ("queue_wait", 5, 8),
        ("unobserved", 8, 20),
    ]


def test_accounting_records_of_an_older_journal_change_no_figure() -> None:
    run = retried().accounting(1, a_record("77", submitted=0, ended=90), phases_s={}).run
    assert account(run) == account(retried().run)


def test_the_allocation_of_snakemake_itself_belongs_to_the_run() -> None:
    event = Allocation(time=at(3), cluster_job="80", nodes="node1", end=at(3600))
    assert (begun().run.allocation, begun().add(event).run.allocation) == (None, event)


def test_the_last_plan_counts() -> None:
    story = begun().planned(3, {"map": 1}, sort=2).planned(5, {"map": 4}, sort=2)
    assert story.run.planned == story.events[-1]


def test_start_plan_and_provenance_know_their_journal_lines() -> None:
    story = begun().planned(3, {"map": 1}).add(Provenance(time=at(4), git_commit="c0ffee"))
    run = story.run
    assert (run.started.line, run.planned.line, run.provenance.line) == (
        story.events.index(run.started) + 1,
        story.events.index(run.planned) + 1,
        story.events.index(run.provenance) + 1,
    )


def test_events_missing_from_a_journal_are_none() -> None:
    run = fold([])
    assert (run.started, run.planned, run.provenance) == (None, None, None)


def test_no_events_fold_to_a_run_of_no_length() -> None:
    run = fold([])
    assert (run.start, run.end, run.makespan, run.status()) == (None, None, 0, "unknown")


@pytest.mark.parametrize("story", [chain, grouped, killed, logger_only, replanned, retried])
def test_a_lean_reading_skips_processes_and_has_every_figure(
    tmp_path: Path, story: Callable[[], Story]
) -> None:
    path = story().write(tmp_path / "j.jsonl")
    lean, whole = fold(read_journal(path, Detail.FIGURES)), fold(read_journal(path))
    assert account(lean) == account(whole)
    for key, attempt in whole.attempts.items():
        assert lean.attempts[key].segments == attempt.segments
        assert lean.attempts[key].phases == attempt.phases
    assert all(attempt.levels == () for attempt in lean.attempts.values())


def test_a_reading_of_failures_has_the_processes_of_jobs_that_failed_once(tmp_path: Path) -> None:
    path = flaky().write(tmp_path / "j.jsonl")
    some, whole = fold(read_journal(path, Detail.FAILURES)), fold(read_journal(path))
    assert account(some) == account(whole)
    assert {one.job_id for one in whole.attempts.values() if one.status == "failed"} == {4}
    assert all(attempt.levels for attempt in whole.attempts.values())
    for key, attempt in whole.attempts.items():
        if attempt.status == "failed" or key == (4, 2):
            assert some.attempts[key].levels == attempt.levels
        else:
            assert some.attempts[key].levels == ()


def test_a_running_run_is_extended_to_now() -> None:
    run = killed().run
    before = run.attempts[(3, 1)].phases["compute"]
    extend_to(run, at(120))
    assert run.makespan == at(120) - (run.start or 0)
    assert run.attempts[(3, 1)].phases["compute"] == before + 100 * SECOND
    assert run.unfinished == 2


def test_a_reading_without_texts_has_the_same_times(
    tmp_path: Path,
) -> None:
    story = begun().job(1, wildcards={"s": "a"}, threads=2, resources={"mem_mb": 3}, reason="new")
    story.job(2, needs=(1,), input=("in.txt",), shellcmd="true", code_digest="c")
    story.quick(1, 3, 4, 6).quick(2, 6, 7, 9)
    path = story.end(10).write(tmp_path / "run.jsonl")
    without, whole = fold(read_journal(path, Detail.TIMES)), fold(read_journal(path))
    assert account(without) == account(whole)
    for job_id, job in whole.jobs.items():
        read = without.jobs[job_id]
        for kept in ("rule", "wildcards", "dependencies", "threads", "resources"):
            assert getattr(read, kept) == getattr(job, kept)
        assert (read.input, read.reason, read.shellcmd, read.code_digest) == ((), None, None, None)
