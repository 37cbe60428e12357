"""A run takes in what its live view shows: statuses, and the phases of the time up to now."""

from builders import at, phases_at
from out_on_cluster import answered, computing, out, over, queued, view_of

from snakemake_logger_plugin_observe.analysis.live.take_in import take_in
from snakemake_logger_plugin_observe.journal.node_reports import NodeReport
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.fold import extend_to
from snakemake_logger_plugin_observe.run.queue_answer import QueueAnswer


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


def test_a_tool_computes_up_to_now() -> None:
    attempt = taken(answered(queued(state="RUNNING", reason=None, started=5)), computing(9))
    assert attempt.status == "running"
    assert phases_at(attempt.segments)[-1] == ("compute", 9, 60)
    assert attempt.unobserved == ()


def test_what_has_ended_waits_for_a_status_check() -> None:
    attempt = taken(answered(ids=("71",)), over())
    assert phases_at(attempt.segments)[-1] == ("poll_wait", 12, 60)


def test_what_is_not_known_stays_unobserved() -> None:
    attempt = taken()
    assert phases_at(attempt.segments)[-1] == ("unobserved", 5, 60)
    assert attempt.unobserved
