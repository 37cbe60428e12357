"""What the scheduler's records show comes first: requeues, cancellations, wrong states, requests."""

from typing import Any

from builders import Story, a_record, an_execution, at, begun, level, stamps
from failing import on_node, tail
from triaged import triage_of

from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.analysis.triage.steps import triage
from snakemake_logger_plugin_observe.journal.records import SchedulerStart

MIB = 2**20


def found_in(story: Story) -> dict[str, Incident]:
    """Return the incidents of a run by class."""
    return {one.incident_class: one for one in triage_of(story).incidents}


# -- jobs that the cluster started again -------------------------------------------------------------


def started_again(**record: Any) -> Story:
    """Return a job whose first start was ended by SIGTERM, and whose second ended well."""
    story = begun(wraps="slurm").job(1, rule="crunch")
    first = an_execution(
        "crunch", begun=8, tool_started=8, tool_ended=10, status="failed", exit_code=143
    )
    again = an_execution("crunch", begun=136, tool_started=136, tool_ended=161, checked=161)
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=163, finished=164)
    story.attempt(
        *(1, known),
        level(first, started=6, loaded=7, planned=8, ended=11),
        level(again, pid=101, started=134, loaded=135, planned=136, ended=162),
        node_starts=(at(6), at(133)),
        external_jobid="144",
    )
    if record:
        story.accounting(1, a_record("144", **record))
    return story.end(165)


def test_a_requeued_job_is_the_cluster_s_doing_and_nobody_s_tool_failed() -> None:
    earlier = SchedulerStart(state="REQUEUED", started=at(6), ended=at(11), nodes="n2")
    record = {"submitted": 11, "eligible": 132, "started": 133, "ended": 163}
    found = found_in(
        started_again(
            restarts=1, reason="BeginTime", earlier_starts=(earlier,), nodes="n1", **record
        )
    )
    assert "tool_failure" not in found
    one = found["requeued"]
    assert (one.strength, one.failures, one.explains) == ("certain", 0, 127_000_000)
    assert one.claim == (
        "the cluster ended crunch (cluster job 144) and started it again (preempted, its node "
        "failed, or requeued by an administrator or by hand); the first start on n2 had run for "
        "5 s, it might not start again for 121 s, it started again 127 s after its first start; no "
        "tool failed by that"
    )


def test_without_a_record_the_node_s_own_stamps_show_a_requeue() -> None:
    assert [*found_in(started_again())] == ["requeued"]


def test_a_record_says_why_a_job_was_started_again() -> None:
    earlier = SchedulerStart(state="NODE_FAIL", started=at(6), ended=at(11), nodes="n2")
    found = found_in(started_again(restarts=1, earlier_starts=(earlier,)))
    assert "started it again (its node failed)" in found["requeued"].claim


# -- jobs that somebody cancelled ----------------------------------------------------------------------


def cancelled(**record: Any) -> Story:
    """Return an interrupted run that had not noticed for long that its job was cancelled."""
    story = begun(wraps="slurm").job(1, rule="long", wildcards={"i": "1"})
    one = an_execution(
        *("long",),
        wildcards={"i": "1"},
        begun=8,
        tool_started=8,
        tool_ended=20,
        status="failed",
        exit_code=-15,
    )
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, finished=170)
    node = level(one, started=6, loaded=7, planned=8, ended=21)
    story.message(169, "Terminating processes on user request", kind="interrupted")
    story.attempt(1, known, node, status="cancelled", external_jobid="308")
    story.accounting(1, a_record("308", state="CANCELLED", ended=21, **record))
    return story.end(171, "interrupted")


def test_a_killed_run_had_not_noticed_it_when_it_was_last_seen() -> None:
    story = begun(wraps="slurm").job(1, rule="long")
    known = stamps(ready=3, selected=4, submitting=4, accepted=5)
    story.submitted(1, known, external_jobid="308", fragments=("f/1",))
    story.message(60, "Will exit after finishing currently running jobs", kind="terminated")
    story.message(500, "still there")
    gone = {"state": "CANCELLED", "cancelled_by": "0", "started": None, "eligible": 3600}
    run = story.accounting(1, a_record("308", ended=21, **gone)).run
    found = {one.incident_class: one for one in triage(Case(run, "killed")).incidents}
    assert found["job_lost"].claim.endswith(
        "Snakemake had not noticed 479 s later, when it was last seen"
    )
    assert "Slurm's reason is BeginTime" in found["held_jobs"].claim


def test_a_job_that_somebody_cancelled_names_who_and_for_how_long_nobody_noticed() -> None:
    found = found_in(cancelled(cancelled_by="0"))
    one = found["job_lost"]
    assert one.claim == (
        "long i=1 was terminated from outside on node7 (cluster job 308): CANCELLED by root at "
        "12:00:21 UTC; Snakemake had not noticed 148 s later, when the run ended"
    )
    assert (one.strength, one.failures) == ("certain", 1)
    assert one.action.text == ("ask root why cluster job 308 had to be cancelled; then run again")
    assert "kernel" not in one.action.text


def test_a_job_that_the_interruption_itself_cancelled_was_in_flight() -> None:
    story = cancelled(cancelled_by="1000")
    story.accounting(1, a_record("308", state="CANCELLED", cancelled_by="1000", ended=169))
    assert [*found_in(story)] == ["killed_run"]


# -- states that were reported wrongly -----------------------------------------------------------------


def reported_as_failed(**record: Any) -> Story:
    settings = {"status_cmd": "./status.sh"}
    story = begun(wraps="cluster-generic", settings=settings).job(
        1, rule="chop", wildcards={"s": "a"}
    )
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=8, finished=9)
    story.attempt(1, known, status="failed", external_jobid="130")
    return story.accounting(1, a_record("130", **record)).end(11, "failed")


def test_a_job_that_the_scheduler_still_has_in_its_queue_did_not_fail() -> None:
    pending = {"state": "PENDING", "started": None, "ended": None, "exit_code": None}
    found = triage_of(reported_as_failed(**pending))
    (one,) = found.incidents
    assert (one.id, one.strength) == ("status_misreported:out", "certain")
    assert one.claim == (
        "the status command (./status.sh) reported chop s=a as failed, but by the scheduler's "
        "record it was PENDING (cluster job 130): it never began, and may still be queued or run"
    )
    assert one.action.text.startswith("cancel 130 first")
    assert "--cluster-generic-status-cmd" in one.action.text
    assert [command.line for command in one.action.commands] == ["squeue -j 130", "scancel 130"]


def test_a_job_that_ended_well_by_the_record_was_reported_wrongly() -> None:
    (one,) = triage_of(reported_as_failed()).incidents
    assert (one.id, one.strength) == ("status_misreported:ended", "likely")
    assert "COMPLETED (cluster job 130): it ended without an error there" in one.claim
    assert one.action.commands == ()


# -- what the scheduler was asked for ------------------------------------------------------------------


def asked_for_less(*, status: str = "failed", **record: Any) -> Story:
    settings = {"default_resources": {"mem_mb_per_cpu": 250}}
    story = begun(wraps="slurm", settings=settings)
    asks = {"mem_mb": 8000, "mem_mb_per_cpu": 250, "runtime": 5}
    story.job(1, rule="sortbam", threads=2, resources=asks)
    on_node(story, 1, 137 if status == "failed" else 0, rule="sortbam")
    facts = {"memory_requested_bytes": 500 * MIB, "peak_rss_bytes": 841_000_000, **record}
    state = "FAILED" if status == "failed" else "COMPLETED"
    return story.accounting(1, a_record("71", state=state, **facts)).end(20, status)


def test_a_job_that_ran_out_of_what_was_submitted_is_told_what_won_over_its_request() -> None:
    (one,) = triage_of(asked_for_less()).incidents
    assert (one.incident_class, one.strength) == ("out_of_memory", "likely")
    assert one.claim == (
        "sortbam probably ran out of memory: 841 MB used, 500 MiB requested (exit code 137 "
        "(signal 9, SIGKILL)); the scheduler was asked for 500 MB, not 8000: mem_mb_per_cpu=250 × 2 "
        "CPUs of the defaults wins over mem_mb"
    )
    assert one.action.text == (
        "remove mem_mb_per_cpu from --default-resources (or from the profile), so that mem_mb is "
        "submitted"
    )


def test_a_request_that_was_not_submitted_is_found_though_nothing_failed() -> None:
    found = found_in(asked_for_less(status="success", peak_rss_bytes=200_000_000))
    one = found["request_overridden"]
    assert one.claim == (
        "for sortbam, the scheduler was asked for 500 MB, not 8000: mem_mb_per_cpu=250 × 2 CPUs of "
        "the defaults wins over mem_mb"
    )


def test_the_number_of_mem_mb_taken_for_mib_and_more_than_requested_are_no_finding() -> None:
    for size in (8000 * MIB, 8000_000_000, 8001 * MIB, 16000 * MIB):
        story = asked_for_less(status="success", memory_requested_bytes=size)
        assert "request_overridden" not in found_in(story)


def test_a_time_limit_below_the_rule_s_is_found() -> None:
    story = begun(wraps="slurm").job(1, resources={"runtime": 60})
    on_node(story, 1, 0).accounting(1, a_record("71", time_limit_s=1800))
    one = found_in(story.end(20))["request_overridden"]
    assert one.claim == "for map, the limit in the cluster was 30 min, not the 60 of the rule"


def test_a_time_limit_that_somebody_lowered_is_not_raised_to_less_than_the_rule_requests() -> None:
    story = begun(wraps="slurm").job(1, resources={"runtime": 10})
    on_node(story, 1, 143)
    (one,) = triage_of(
        story.accounting(1, a_record("71", state="TIMEOUT", time_limit_s=60)).end(20, "failed")
    ).incidents
    assert one.incident_class == "time_limit"
    assert one.claim.endswith("the limit in the cluster was 1 min, not the 10 of the rule")
    assert one.action.text == (
        "find out what lowered the time limit: somebody at the scheduler (scontrol update), or a "
        "--time in the rule's slurm_extra"
    )


# -- memory that grew with the attempts ----------------------------------------------------------------


def test_memory_that_was_enough_for_a_retry_is_requested_from_the_first_attempt_on() -> None:
    story = begun(wraps="slurm")
    for number in (1, 2, 3):
        story.job(1, rule="call", attempt=number, resources={"mem_mb": 400 * number}, retries=3)
        said = "java.lang.OutOfMemoryError: Java heap space"
        no_memory = {"logs": tail(said, path="logs/call.log")} if number < 3 else {}
        on_node(
            *(story, 1, 1 if number < 3 else 0),
            **{"number": number, "start_s": 10 * number, "rule": "call", **no_memory},
        )
    (one,) = triage_of(story.end(50)).incidents
    assert one.incident_class == "out_of_memory"
    assert one.claim.startswith(
        "call probably ran out of memory: use unknown, 800 MB requested (exit code 1), 2 "
        "times in total; with 1200 MB it ended well"
    )
    assert one.action.text == (
        "let call request mem_mb=1200 from its first attempt on: 800 MB was too little, and that "
        "was enough"
    )


def test_time_that_was_enough_for_a_retry_is_requested_from_the_first_attempt_on() -> None:
    story = begun(wraps="slurm")
    for number in (1, 2):
        story.job(1, attempt=number, resources={"runtime": 5 * number}, retries=1)
        on_node(story, 1, 143 if number == 1 else 0, number=number, start_s=10 * number)
    record = a_record("71", state="TIMEOUT", time_limit_s=300, memory_requested_bytes=None)
    story.accounting(1, record)
    later = a_record("72", time_limit_s=600, memory_requested_bytes=None)
    story.accounting(1, later, attempt=2)
    (one,) = triage_of(story.end(50)).incidents
    assert one.incident_class == "time_limit"
    assert "; with 10 min it ended well" in one.claim
    assert one.action.text.startswith(
        "let map request runtime=10 from its first attempt on: 5 min was too little"
    )


# -- what is still out ---------------------------------------------------------------------------------


def test_run_again_is_said_only_after_what_the_scheduler_still_has_is_cancelled() -> None:
    story = begun(wraps="slurm").job(1).job(2)
    on_node(story, 1, 3).accounting(1, a_record("71", state="FAILED"))
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, finished=12)
    story.attempt(2, known, status="cancelled", external_jobid="72")
    pending = {"state": "PENDING", "started": None, "ended": None, "exit_code": None}
    story.accounting(2, a_record("72", **pending))
    first, *_ = triage_of(story.end(13, "failed")).incidents
    assert first.incident_class == "tool_failure"
    assert first.action.text.startswith(
        "first cancel 72 at the scheduler, which still had it when the run ended; then "
    )
    assert [one.line for one in first.action.commands][:2] == ["squeue -j 72", "scancel 72"]


# -- what failed comes before where time went ----------------------------------------------------------


def test_an_error_that_a_lost_job_logged_refutes_that_it_was_ended_from_outside() -> None:
    story = begun(wraps="slurm").job(1)
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=12, finished=13)
    said = tail("ValueError: no such sequence", path="logs/a.log")
    story.attempt(1, known, status="failed", external_jobid="71", logs=said)
    (one,) = triage_of(story.end(14, "failed")).incidents
    assert one.incident_class == "tool_failure"
    assert "ValueError: no such sequence" in one.claim


# -- ends that were reported wrongly, by what the node and the cluster recorded -------------------------


def requeued_and_reported_as_failed(**record: Any) -> Story:
    """Return a job that the cluster ended and queued again, and the status command called failed."""
    settings = {"status_cmd": "./status.sh"}
    story = begun(wraps="cluster-generic", settings=settings)
    story.job(1, rule="long", wildcards={"i": "x"})
    one = an_execution(
        *("long",),
        wildcards={"i": "x"},
        begun=8,
        tool_started=8,
        tool_ended=15,
        status="failed",
        exit_code=-15,
    )
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=16, finished=17)
    node = level(one, started=6, loaded=7, planned=8, ended=15)
    facts = {"external_jobid": "2464", "exit_code": -15, "signal": 15, "reported_as": "failed"}
    story.attempt(1, known, node, status="failed", node_starts=(at(6),), **facts)
    earlier = SchedulerStart(state="REQUEUED", started=at(6), ended=at(15), nodes="n1")
    pending = {"state": "PENDING", "reason": "BeginTime", "exit_code": None, "nodes": None}
    moments = {"submitted": 15, "eligible": 136, "started": None, "ended": None}
    known_again = {"restarts": 1, "earlier_starts": (earlier,)}
    story.accounting(1, a_record("2464", **{**pending, **moments, **known_again, **record}))
    return story.end(40, "failed")


def test_a_job_that_the_cluster_queued_again_did_not_fail_and_nothing_else_is_guessed() -> None:
    (one,) = triage_of(requeued_and_reported_as_failed()).incidents
    assert (one.id, one.strength) == ("status_misreported:again", "certain")
    assert one.claim == (
        "the status command (./status.sh) reported long i=x as failed, but by the scheduler's "
        "record it was PENDING (cluster job 2464): the cluster had ended it after 9 s on n1 "
        "(REQUEUED), and put it back into the queue; it may still be queued or run"
    )
    assert one.action.text.startswith("cancel 2464 first")
    assert "it took REQUEUED or PENDING for a failure" in one.action.text
    assert [command.line for command in one.action.commands] == ["squeue -j 2464", "scancel 2464"]


def test_a_job_that_was_cancelled_before_it_began_again_was_cancelled() -> None:
    story = requeued_and_reported_as_failed(state="CANCELLED", cancelled_by="0", ended=30)
    found = found_in(story)
    assert [*found] == ["job_lost", "requeued"]
    assert "CANCELLED by root" in found["job_lost"].claim
    assert "the cluster ended long i=x (cluster job 2464) and queued it again" in (
        found["requeued"].claim
    )


def called_successful() -> Story:
    """Return a job whose tool failed, and that the status command called successful."""
    settings = {"status_cmd": "./status.sh"}
    story = begun(wraps="cluster-generic", settings=settings).job(1, rule="call", output=("o.txt",))
    on_node(
        *(story, 1, 2),
        rule="call",
        message="MissingOutputException in rule call: Job 1 completed successfully, but some output "
        "files are missing. Missing files after 3 seconds: o.txt",
        logs=tail("error: bad magic number", path="logs/call.log"),
    )
    return story.accounting(1, a_record("71", state="FAILED", exit_code=1)).end(20, "failed")


def test_a_tool_that_failed_did_not_succeed_whatever_the_status_command_said() -> None:
    (one,) = triage_of(called_successful()).incidents
    assert (one.incident_class, one.strength) == ("tool_failure", "certain")
    assert one.claim == (
        "call failed with exit code 2: error: bad magic number; the status command (./status.sh) "
        "had reported it as successful, so Snakemake only missed the outputs"
    )
    assert one.action.text == (
        "fix the error that call reported (logs/call.log:1); and correct what the status command "
        "(./status.sh) reports: it had failed"
    )


def test_a_job_that_never_began_was_not_successful() -> None:
    settings = {"status_cmd": "./status.sh"}
    story = begun(wraps="cluster-generic", settings=settings).job(1, rule="chop")
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=8, finished=9)
    missing = (
        "Job 1 completed successfully, but some output files are missing. Missing files: o.txt"
    )
    story.attempt(1, known, status="failed", external_jobid="130", message=missing)
    pending = {"state": "PENDING", "started": None, "ended": None, "exit_code": None}
    story.accounting(1, a_record("130", **pending))
    (one,) = triage_of(story.end(11, "failed")).incidents
    assert one.claim.startswith(
        "the status command (./status.sh) reported chop as successful, but by the scheduler's record "
        "it was PENDING (cluster job 130): it never began"
    )
    assert "it took PENDING for success" in one.action.text


def test_memory_that_was_enough_inside_an_attempt_is_not_a_failure_that_retries_hide() -> None:
    """The node's own retries give the command more, within the same allocation."""
    story = begun(wraps="slurm").job(1, rule="train", resources={"mem_mb": 200}, retries=2)
    said = tail("attempt", "MemoryError: cannot allocate", path="logs/1.log")
    tried = [
        an_execution(
            *("train",),
            begun=begun_s,
            tool_started=begun_s,
            tool_ended=begun_s + 1,
            checked=begun_s + 1,
            status="failed" if begun_s < 12 else "success",
            exit_code=1 if begun_s < 12 else None,
        )
        for begun_s in (8, 10, 12)
    ]
    tried = [one if one.status == "success" else one.but(logs=said) for one in tried]
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=15, finished=16)
    node = level(*tried, started=6, loaded=7, planned=8, ended=14)
    story.attempt(1, known, node, external_jobid="71")
    (one,) = triage_of(story.end(17)).incidents
    assert one.incident_class == "out_of_memory"
    assert one.claim.endswith("2 times in total; on execution 3 it ended well")
    assert one.action.text.startswith(
        "let train request from its first attempt on what its execution 3 requested"
    )
    assert "remove" not in one.action.text


def test_jobs_that_were_cancelled_while_they_had_to_wait_are_not_in_flight_too() -> None:
    story = begun(wraps="cluster-generic").job(1, rule="long").job(2, rule="long")
    for number in (1, 2):
        known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=16, finished=17)
        story.attempt(number, known, status="failed", external_jobid=str(70 + number))
        record = {"state": "CANCELLED", "cancelled_by": "0", "reason": "BeginTime"}
        moments = {"eligible": 125, "started": None, "ended": 15, "exit_code": None}
        story.accounting(number, a_record(str(70 + number), **record, **moments))
    lost, held = triage_of(story.end(20, "failed")).incidents
    assert lost.claim == (
        "2 jobs of long were cancelled before they began (cluster jobs 71, 72): CANCELLED by root at "
        "12:00:15 UTC"
    )
    assert (held.incident_class, held.failures, held.cut_off) == ("held_jobs", 0, False)
    assert held.claim.endswith("Slurm's reason is BeginTime (it might not begin before a set time)")
    assert "administrators" not in held.action.text


def test_a_job_whose_script_ended_by_itself_was_not_lost_and_its_tool_s_code_is_unknown() -> None:
    def found(**record: Any) -> Incident:
        story = begun(wraps="slurm").job(1, shellcmd="cat in > out")
        known = stamps(ready=3, selected=4, submitting=4, accepted=5)
        story.submitted(1, known, external_jobid="71")
        failed = {"state": "FAILED", "signal": None, **record}
        return (
            found_in(story.accounting(1, a_record("71", **failed))).get("tool_failure")
            or found_in(story)["job_lost"]
        )

    by_itself, killed = found(exit_code=1), found(exit_code=137)
    assert by_itself.claim == "map failed with no known exit code"
    assert killed.incident_class == "job_lost"
