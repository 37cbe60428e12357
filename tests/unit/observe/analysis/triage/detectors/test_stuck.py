"""A run that stands still is an incident that says why."""

from dataclasses import replace
from typing import Any

import pytest
from builders import Story, at, begun
from out_on_cluster import SUBMITTED, answered, computing, live_case, out, over, queued, view_of

from snakemake_logger_plugin_observe.analysis.failures.failures import failures
from snakemake_logger_plugin_observe.analysis.live.state import RunningCommand
from snakemake_logger_plugin_observe.analysis.live.take_in import take_in
from snakemake_logger_plugin_observe.analysis.triage.detectors.stuck import detect
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.analysis.triage.note import NONE_FOUND
from snakemake_logger_plugin_observe.analysis.triage.steps import triage
from snakemake_logger_plugin_observe.run.queue_answer import PartitionLimits

GENERIC: dict[str, Any] = {
    "wraps": "cluster-generic",
    "command": ("snakemake", "--cluster-generic-submit-cmd", "sbatch --parsable"),
    "settings": {"seconds_between_status_checks": 2},
}


def found(story: Story, *more: Any, status: str = "running", **named: Any) -> list[Incident]:
    return list(detect(live_case(story, view_of(story, *more, **named), status)))


def test_a_held_job_is_stuck_and_can_be_released() -> None:
    story = out("71", "72")
    (one,) = found(story, answered(*(queued(i, reason="JobHeldUser") for i in ("71", "72"))))
    assert one.claim == (
        "2 jobs of map (slurm 71, 72) have been pending for up to 55 s: JobHeldUser "
        "(held until somebody releases it)"
    )
    assert one.strength == "certain"
    assert [each.line for each in one.action.commands] == ["scontrol release 71,72"]
    assert one.jobs == (1, 2)


def test_a_group_asks_for_more_time_than_its_partition_allows() -> None:
    story = begun().group("g1", (1, 2, 3), name="grow")
    for number in (1, 2, 3):
        story.job(number, rule="grow", group="g1", resources={"runtime": 20})
    story.submitted(None, SUBMITTED, group="g1", external_jobid="16")
    record = queued("16", reason="PartitionTimeLimit", partition="short", time_limit_s=3600)
    (one,) = found(story, answered(record, partitions={"short": PartitionLimits(1800, "up")}))
    assert one.claim == (
        "group grow (slurm 16) has been pending for 55 s: PartitionTimeLimit (it asks for 60 min, "
        "the sum of its 3 jobs of 20 min each, partition short allows 30 min)"
    )
    assert [each.line for each in one.action.commands] == ["squeue -j 16", "scancel 16"]


def test_what_only_waits_for_its_turn_is_not_stuck() -> None:
    assert found(out("71"), answered(queued(reason="Priority"))) == []


def test_a_limit_that_passes_is_no_incident_while_something_runs() -> None:
    story = out("71", "72")
    limited = queued("72", reason="QOSMaxJobsPerUserLimit")
    running = queued("71", state="RUNNING", reason=None, started=8)
    assert found(story, answered(running, limited), {(1, 1): computing()}) == []
    (one,) = found(out("72"), answered(limited))
    assert one.strength == "likely"


def test_an_end_is_stuck_once_it_should_have_been_noticed() -> None:
    succeeded = {(1, 1): over()}
    flag = ("snakemake", "--slurm-init-seconds-before-status-checks=5")
    assert found(out("71", command=flag), answered(ids=("71",)), succeeded, 30) == []
    (one,) = found(out("71", command=flag), answered(ids=("71",)), succeeded, 300)
    assert one.claim.startswith("map i=1 (slurm 71) ended 5 min ago on node7, not noticed yet")
    assert one.strength == "certain"


def test_without_a_status_command_a_job_that_never_ran_is_never_noticed() -> None:
    failed = queued(state="FAILED", reason=None, started=20, ended=20, exit_code=0, signal=53)
    submit = "sbatch --parsable -o logs/{rule}/%j.out"
    settings = {"submit_cmd": submit, "status_cmd": None, "seconds_between_status_checks": 2}
    story = out("71", **{**GENERIC, "settings": settings})
    view = view_of(story, answered(failed), now_s=25)
    (one,) = detect(live_case(story, view))
    assert one.claim == (
        "map i=1 (job 71) ended 5 s ago, not noticed yet: Slurm says FAILED 0:53, in the second in "
        "which it began and before its script ran: Slurm could not open its log file; it writes "
        "into logs/map, which has to be there before; the run has no status command, so it only notices jobs whose script ran to its end"
    )
    assert "--cluster-generic-status-cmd" in one.action.text
    absent = live_case(story, view)
    absent = replace(absent, files_absent=frozenset({"logs/map"}))
    (one,) = detect(absent)
    assert "could not open its log file; logs/map is not there; the run has" in one.claim
    assert [each.line for each in one.action.commands] == ["mkdir -p logs/map"]


def test_a_cancelled_job_may_never_be_noticed_by_the_plugin() -> None:
    cancelled = queued(state="CANCELLED", reason=None, started=8, ended=55)
    assert found(out("71"), answered(cancelled), {(1, 1): computing()}, 60) == []
    (one,) = found(out("71"), answered(cancelled), {(1, 1): computing()}, 300)
    assert one.claim.startswith("map i=1 (slurm 71) ended 4 min ago on node7, not noticed yet: Slu")


def test_an_end_that_the_next_status_check_finds_is_waited_for() -> None:
    story = out("71", command=("snakemake", "--slurm-init-seconds-before-status-checks=40"))
    cancelled = queued(state="CANCELLED", reason=None, started=8, ended=51)
    answer = triage(live_case(story, view_of(story, answered(cancelled), {(1, 1): computing()})))
    assert (answer.incidents, answer.symptoms) == ((), ())
    assert answer.note.next_action[0].text == (
        "nothing to do so far: wait for the next status check (map i=1 (slurm 71): ended 9 s ago "
        "on node7, not noticed yet: Slurm says CANCELLED), at most 50 s after the last; whether it "
        "understands that a job was cancelled is open"
    )


def test_a_status_command_that_hangs_notices_no_end() -> None:
    settings = {"submit_cmd": "./submit.sh", "status_cmd": "./status.sh"}
    story = out("2412", **{**GENERIC, "command": ("snakemake",), "settings": settings})
    shell = RunningCommand(77, ("/bin/bash", "./status.sh", "2412"), at(20))
    other = RunningCommand(78, ("/bin/sh", "-c", "./submit.sh 'job.sh'"), at(1))
    more = {"reports": {(1, 1): over(ended_s=15)}, "now_s": 52}
    (one,) = found(story, answered(), commands=[other, shell], **more)
    assert one.claim == (
        "map i=1 (job 2412) ended 37 s ago on node7, not noticed yet: the tool succeeded; the "
        "status command (./status.sh 2412) has not answered for 32 s, and Snakemake waits for it"
    )
    assert "process 77 on this host" in one.action.text
    (one,) = found(story, answered(), commands=[other], **more)  # it answered, or is not seen
    assert one.claim == (
        "map i=1 (job 2412) ended 37 s ago on node7, not noticed yet: the tool succeeded; the "
        "status command (./status.sh) has not reported it, or not answered"
    )
    (one,) = found(
        story,
        answered(),
        commands=[replace(shell, words=("sh", "-c", "./status.sh '2412'"))],
        **more,
    )
    assert "has not answered for 32 s" in one.claim


def test_a_suspended_job_is_stuck_and_can_be_resumed() -> None:
    story = out("71", "72")
    suspended = queued("71", state="SUSPENDED", reason=None, started=8)
    running = queued("72", state="RUNNING", reason=None, started=8)
    reports = {(1, 1): computing(), (2, 1): computing()}
    (one,) = found(story, answered(suspended, running), reports)
    assert one.claim == (
        "map i=1 (slurm 71) is suspended on node7: Slurm has stopped the processes, which keep "
        "their place"
    )
    assert [each.line for each in one.action.commands] == ["scontrol resume 71"]


def test_a_banner_of_the_submit_command_is_no_id() -> None:
    settings = {"submit_cmd": "./submit.sh", "status_cmd": "./status.sh"}
    story = out("Welcome to FOO", **{**GENERIC, "command": ("snakemake",), "settings": settings})
    (one,) = found(story, answered())
    assert one.claim == (
        "map i=1: the submit command answered 'Welcome to FOO', which is no id, so no status is "
        "found by it; not known: nothing has been written on the node yet, and there is no id to "
        "ask by"
    )
    assert "make the submit command (./submit.sh) print the job's id alone" in one.action.text
    assert "squeue --me" in one.action.text


def test_each_reason_why_nothing_moves_has_its_next_step() -> None:
    story = out("71", "72", command=("snakemake", "--slurm-init-seconds-before-status-checks=5"))
    held = queued("72", reason="JobHeldUser")
    ended = queued("71", state="COMPLETED", reason=None, started=8, ended=13)
    view = view_of(story, answered(held, ended), {(1, 1): over()}, 300)
    texts = [one.text for one in triage(live_case(story, view)).note.next_action]
    assert any("release what is held" in text for text in texts)
    assert any("what sacct says" in text for text in texts)


def test_what_the_cluster_ended_is_no_failure_of_a_tool() -> None:
    story = out("71", "72")
    cancelled = queued("71", state="CANCELLED", reason=None, started=8, ended=55)
    again = queued("72", reason="JobHeldUser")
    reports = {(1, 1): over(-15), (2, 1): over(-15)}
    view = view_of(story, answered(cancelled, again), reports)
    run = story.run
    take_in(run, reports, view)
    assert [one.cause for one in failures(run)] == ["cancelled"]
    view = view_of(story, reports=reports, not_asked="the scheduler was not asked (--offline)")
    run = story.run
    take_in(run, reports, view)
    assert failures(run) == ()


def test_a_sentence_as_an_id_needs_parsable() -> None:
    story = out("Submitted batch job 311", **GENERIC)
    (one,) = found(story, answered(), {(1, 1): over(2, ended_s=20)})
    assert one.claim == (
        "map i=1: the submit command answered 'Submitted batch job 311', which is no id, so "
        "no status is found by it; ended 40 s ago on node7, not noticed yet: the tool ended by exit code 2"
    )
    assert "--parsable" in one.action.text


def test_a_job_that_nobody_knows_is_stuck() -> None:
    (one,) = found(out("71"), answered(ids=("71",)))
    assert one.id == "stuck:gone:map"


def test_an_array_that_is_never_full_is_stuck() -> None:
    story = begun(command=("snakemake", "--slurm-array-jobs", "all"), jobs=1).job(1)
    assert found(story, now_s=30) == []
    (one,) = found(story, now_s=120)
    assert "waits for more jobs to make an array of (--jobs is 1)" in one.claim


def test_an_array_that_cannot_be_filled_is_stuck_at_once_and_certainly() -> None:
    story = begun(command=("snakemake", "--slurm-array-jobs", "all"), jobs=2).planned(2, {"map": 5})
    story.job(1).job(2).heartbeat(20, (1, 1), (2, 1))
    (one,) = found(story, now_s=25)
    assert one.strength == "certain"
    assert "array mode submits nothing until all 5 jobs of map are selected" in one.claim
    assert "raise --jobs to 5 or more" in one.action.text


def test_a_submit_command_that_is_seen_to_hang_is_stuck_also_while_others_run() -> None:
    settings = {"submit_cmd": "./submit.sh --fast", "status_cmd": "./status.sh"}
    story = out("71", **{**GENERIC, "command": ("snakemake",), "settings": settings})
    story.job(2).heartbeat(20, (2, 1))
    words = ("/bin/sh", "-c", './submit.sh --fast "snakejob.map.2.sh"')
    more = {"reports": {(1, 1): computing()}, "now_s": 100}
    (one,) = found(story, answered(), commands=[RunningCommand(9, words, at(30))], **more)
    assert "the submit command has not answered for 70 s (process 9 here)" in one.claim
    assert one.jobs == (2,)
    assert found(story, answered(), commands=[RunningCommand(9, words, at(60))], **more) == []


def test_an_end_is_not_unnoticed_while_others_are_submitted() -> None:
    settings = {"submit_cmd": "./submit.sh", "status_cmd": "./status.sh"}
    story = out("71", **{**GENERIC, "command": ("snakemake",), "settings": settings})
    story.job(2).heartbeat(20, (2, 1))
    view = view_of(story, answered(), {(1, 1): over(ended_s=15)}, now_s=55)
    answer = triage(live_case(story, view))
    assert (answer.incidents, answer.symptoms) == ((), ())
    assert answer.note.next_action[0].text.startswith("nothing to do so far: wait until the others")


@pytest.mark.parametrize(
    ("answer", "said", "to_do"),
    [
        (None, "printed no id", "print the job's id alone"),
        (
            "sbatch: error: Socket timed out",
            "answered 'sbatch: error: Socket timed out', which is no id",
            "mend the submission that failed by that answer",
        ),
    ],
)
def test_a_submission_without_an_id_is_stuck(answer: str | None, said: str, to_do: str) -> None:
    settings = {"submit_cmd": "./submit.sh", "status_cmd": "./status.sh"}
    story = out(answer, **{**GENERIC, "command": ("snakemake",), "settings": settings})
    (one,) = found(story, answered())
    assert f"the submit command {said}, so no status is found by it" in one.claim
    assert to_do in one.action.text


def test_an_array_s_job_that_is_not_described_yet_is_stuck_all_the_same() -> None:
    story = begun(command=("snakemake", "--slurm-array-jobs", "all"), jobs=1)
    story.iteration(3, 4, (3, 4), selected=(7,)).heartbeat(20, (7, 1))
    (one,) = found(story, now_s=120)
    assert one.claim.startswith("job 7: selected 116 s ago, and none submitted: the Slurm plugin")


def test_a_submit_command_that_hangs_is_stuck() -> None:
    story = begun(**GENERIC).job(1).heartbeat(30, (1, 1), (2, 1))
    assert found(story, now_s=30) == []
    (one,) = found(story, now_s=120)
    assert one.claim == (
        "2 jobs: selected 118 s ago, and none submitted: the submit command has not answered"
    )
    assert one.action.escalate


def test_there_is_never_nothing_to_do_while_a_state_is_not_known() -> None:
    story = out("71")
    case = live_case(story, view_of(story, not_asked="the scheduler was not asked (--offline)"))
    answer = triage(case)
    assert answer.incidents == ()
    assert [one.id for one in answer.symptoms] == ["stuck"]
    (action,) = (one.text for one in answer.note.next_action)
    assert action.startswith("whether anything moves is not known")
    assert answer.note.incident_class[0].text == NONE_FOUND


def test_a_run_whose_jobs_compute_has_nothing_to_do() -> None:
    story = out("71")
    running = queued(state="RUNNING", reason=None, started=8)
    case = live_case(story, view_of(story, answered(running), {(1, 1): computing()}))
    answer = triage(case)
    assert (answer.incidents, answer.symptoms) == ((), ())


def test_snakemake_is_not_stopped_while_other_jobs_do_their_work() -> None:
    story = out("71", "72")
    over_limit = queued("71", reason="PartitionTimeLimit")
    running = queued("72", state="RUNNING", reason=None, started=8)
    (one,) = found(story, answered(over_limit, running), {(2, 1): computing()})
    assert "wait until the jobs that run have ended, then stop Snakemake" in one.action.text
