"""A run takes in what its live view shows: statuses, and the phases of the time up to now."""

from builders import a_record, an_execution, at, level, phases_at, stamps
from out_on_cluster import answered, computing, out, over, queued, view_of

from snakemake_logger_plugin_observe.analysis.live.on_cluster import waited
from snakemake_logger_plugin_observe.analysis.live.take_in import take_in, take_in_records
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.steps import triage
from snakemake_logger_plugin_observe.journal.node_reports import NodeReport
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.fold import extend_to
from snakemake_logger_plugin_observe.run.queue_answer import QueueAnswer
from snakemake_logger_plugin_observe.run.unobserved import UNNOTICED


def taken(
    answer: QueueAnswer | None = None, report: NodeReport | None = None, now_s: float = 60
) -> Attempt:
    story = out("71")
    reports = {(1, 1): report} if report is not None else {}
    view = view_of(story, answer, reports, now_s)
    run = story.run
    extend_to(run, at(now_s))
    take_in(run, reports, view)
    return run.attempts[(1, 1)]


def test_a_pending_job_waits_in_the_queue() -> None:
    attempt = taken(answered(queued()))
    assert attempt.status == "submitted"
    assert phases_at(attempt.segments)[-1] == ("queue_wait", 5, 60)
    assert attempt.unobserved == ()


def test_a_held_job_is_held() -> None:
    attempt = taken(answered(queued(reason="JobHeldUser")))
    assert phases_at(attempt.segments)[-1] == ("held", 5, 60)
    assert attempt.accounting is not None
    assert attempt.accounting.reason == "JobHeldUser"


def test_a_job_script_begins_where_the_queue_ends() -> None:
    attempt = taken(answered(queued(state="RUNNING", reason=None, started=20, nodes="n1")))
    assert (attempt.status, attempt.node) == ("running", "n1")
    assert phases_at(attempt.segments)[-2:] == [("queue_wait", 5, 20), ("job_script", 20, 60)]


def test_a_job_script_that_has_ended_keeps_its_time() -> None:
    running = answered(queued(state="RUNNING", reason=None, started=8, nodes="n1"))
    attempt = taken(running, NodeReport((at(40),)))
    assert phases_at(attempt.segments)[-3:] == [
        ("queue_wait", 5, 9),
        ("job_script", 9, 40),
        ("node_startup", 40, 60),
    ]


def test_a_tool_computes_up_to_now() -> None:
    attempt = taken(answered(queued(state="RUNNING", reason=None, started=5)), computing(9))
    assert attempt.status == "running"
    assert phases_at(attempt.segments)[-1] == ("compute", 9, 60)
    assert attempt.unobserved == ()


def test_a_tool_that_outlives_its_killed_run_is_not_one_whose_end_is_missing() -> None:
    story = out("71")
    running = answered(queued(state="RUNNING", reason=None, started=5))
    reports = {(1, 1): computing(9)}
    run = story.run  # its last sign of life came before
    take_in(run, reports, view_of(story, running, reports, 60, attended=False))
    assert run.attempts[(1, 1)].unobserved == ()


def test_what_has_ended_waits_for_a_status_check() -> None:
    attempt = taken(answered(ids=("71",)), over())
    assert phases_at(attempt.segments)[-1] == ("poll_wait", 12, 60)


def test_no_interval_is_to_blame_for_an_end_that_no_status_check_finds() -> None:
    attempt = taken(answered(ids=("71",)), over(), now_s=600)
    assert phases_at(attempt.segments)[-1] == ("unobserved", 12, 600)
    assert attempt.unobserved == (UNNOTICED,)


def test_a_job_that_was_cancelled_unnoticed_waited_for_no_status_check() -> None:
    gone = queued(state="CANCELLED", reason=None, ended=20)
    attempt = taken(answered(gone), now_s=600)
    assert phases_at(attempt.segments)[-2:] == [("queue_wait", 5, 20), ("unobserved", 20, 600)]
    assert attempt.unobserved == (UNNOTICED,)


def test_what_is_not_known_stays_unobserved() -> None:
    attempt = taken()
    assert phases_at(attempt.segments)[-1] == ("unobserved", 5, 60)
    assert attempt.unobserved


# -- what the scheduler says of an end comes before what the node's signals may mean ---------------


def ended_by_sigterm() -> NodeReport:
    """Return what a node wrote whose tool ended by SIGTERM, with all around it."""
    return over(-15)


def incidents(answer: QueueAnswer, report: NodeReport) -> list[str]:
    story = out("71", "72")
    reports = {(1, 1): report, (2, 1): computing()}
    view = view_of(story, answer, reports, 20)
    run = story.run
    extend_to(run, at(20))
    take_in(run, reports, view)
    found = triage(Case(run, "running", live=view)).incidents
    return [f"{one.incident_class}: {one.claim}" for one in found]


def test_a_job_that_was_cancelled_while_the_run_goes_on_was_not_ended_by_its_tool() -> None:
    cancelled = queued(
        state="CANCELLED",
        cancelled_by="0",
        reason=None,
        started=6,
        ended=12,
        exit_code=0,
        signal=15,
    )
    found = incidents(answered(cancelled, ids=("72",)), ended_by_sigterm())
    assert [one for one in found if not one.startswith("stuck")] == [
        (
            "job_lost: map i=1 was terminated from outside on node7 (cluster job 71): CANCELLED by "
            "root at 12:00:12 UTC"
        )
    ]


def test_a_job_that_never_began_can_be_cancelled_too() -> None:
    cancelled = queued(state="CANCELLED", cancelled_by="1000", reason=None, ended=12)
    found = incidents(answered(cancelled, ids=("72",)), NodeReport())
    assert found[-1] == (
        "job_lost: map i=1 was cancelled before it began (cluster job 71): CANCELLED by user 1000 at "
        "12:00:12 UTC"
    )


def test_a_job_that_waits_though_it_had_begun_was_requeued_and_its_tool_did_not_fail() -> None:
    found = incidents(answered(queued(reason="BeginTime"), ids=("72",)), ended_by_sigterm())
    (one,) = found
    assert one == (
        "requeued: the cluster ended map i=1 (cluster job 71) and queued it again (preempted, its "
        "node failed, or requeued by an administrator or by hand); no tool failed by that"
    )


def test_what_held_a_job_that_has_ended_is_known_from_its_record_while_the_run_goes_on() -> None:
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=99, finished=99)
    tool = an_execution(begun=96, tool_started=97, tool_ended=98, checked=98)
    node = level(tool, started=95, loaded=96, planned=96, ended=98)
    run = out("71").job(2).attempt(2, known, node, external_jobid="72").run
    assert [one.key for one in waited(run)] == [(2, 1)]
    moments = {"submitted": 5, "eligible": 95, "started": 95, "ended": 98}
    take_in_records(run, {(2, 1): a_record("72", **moments, reason="JobHeldUser")})
    assert phases_at(run.attempts[(2, 1)].segments)[2] == ("held", 5, 95)
    assert waited(run) == []
