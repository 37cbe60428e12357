"""A run that stands still is an incident that says why."""

from dataclasses import replace
from typing import Any

from builders import Story, begun
from out_on_cluster import SUBMITTED, answered, computing, live_case, out, over, queued, view_of

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
    (one,) = found(out("71"), answered(cancelled), {(1, 1): computing()})
    assert one.claim.startswith("map i=1 (slurm 71) ended 5 s ago on node7, not noticed yet: Slurm")


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
