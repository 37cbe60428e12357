"""A setup of submissions that cannot work is found by its sign in a run."""

from typing import Any

from builders import Story, a_record, at, begun, stamps
from triaged import triage_of

from snakemake_logger_plugin_observe.analysis.triage.incident import Incident

SUBMIT = "sbatch --parsable -p main -o cluster_logs/{rule}/%j.out"
CUT_OFF = stamps(ready=2, selected=3, submitting=3, accepted=4, finished=60)


def run(submit: str = SUBMIT, status: str | None = None, **more: Any) -> Story:
    settings = {"submit_cmd": submit, "status_cmd": status}
    return begun(wraps="cluster-generic", settings=settings, **more).job(1, rule="overlap")


def found(story: Story, status: str = "interrupted") -> list[Incident]:
    every = triage_of(story.end(61, status)).incidents
    return [one for one in every if one.incident_class == "submission_setup"]


def record(state: str = "FAILED", **more: Any) -> Any:
    moments = {"submitted": 4, "started": 5, "ended": 5}
    return a_record("188", state=state, **{**moments, **more})


def left(story: Story, external: str = "188") -> Story:
    return story.attempt(1, CUT_OFF, status="cancelled", external_jobid=external)


def test_a_job_that_slurm_ended_before_its_script_had_no_folder_for_its_log() -> None:
    story = left(run()).accounting(1, record(signal=53, exit_code=0))
    (one,) = found(story)
    assert one.claim == (
        "overlap (188) ended in the second in which the cluster started it (FAILED 0:53), before "
        "the job's script ran: Slurm could not open the log file; the folder cluster_logs/overlap "
        "was not there"
    )
    assert (one.strength, one.failures) == ("likely", 1)
    assert [str(each) for each in one.action.commands] == ["mkdir -p cluster_logs/overlap"]


def test_it_is_found_too_where_a_status_command_reported_the_failure() -> None:
    known = stamps(ready=2, selected=3, submitting=3, accepted=4, reported=9, finished=9)
    story = run(status="./status.sh").attempt(1, known, status="failed", external_jobid="188")
    every = triage_of(story.accounting(1, record(signal=53)).end(10, "failed")).incidents
    assert [each.incident_class for each in every] == ["submission_setup"]


def test_a_job_that_began_on_its_node_had_a_log() -> None:
    story = run(status="./status.sh")
    more = {"status": "failed", "external_jobid": "188", "node_starts": (at(5),)}
    known = stamps(ready=2, selected=3, submitting=3, accepted=4, reported=9, finished=9)
    story.attempt(1, known, **more).accounting(1, record(signal=53))
    assert found(story, "failed") == []


def test_a_sentence_is_no_id() -> None:
    (one,) = found(left(run("sbatch -p main", "./status.sh"), "Submitted batch job 311"))
    assert one.claim == (
        "the submit command answered 'Submitted batch job 311' for overlap, and Snakemake took that "
        "for the job's id: no status command finds it, and it cannot be cancelled"
    )
    assert one.action.text == (
        "add --parsable to the sbatch of --cluster-generic-submit-cmd; then run again"
    )


def test_a_sentence_did_no_harm_where_the_job_succeeded() -> None:
    story = run("sbatch -p main")
    story.quick(1, 2, 3, 9, external_jobid="Submitted batch job 311")
    assert found(story, "success") == []


def test_a_job_that_ended_in_the_cluster_was_never_noticed_without_a_status_command() -> None:
    (one,) = found(left(run()).accounting(1, record("TIMEOUT", ended=30)))
    assert one.claim.startswith("overlap (188) had ended in the cluster (TIMEOUT), and Snakemake")
    assert one.action.text.startswith("give --cluster-generic-status-cmd a script")


def test_a_job_that_was_cancelled_after_the_run_was_not_overlooked() -> None:
    assert found(left(run()).accounting(1, record("CANCELLED", ended=70))) == []
    assert found(left(run(status="./s.sh")).accounting(1, record("TIMEOUT", ended=30))) == []


def test_array_mode_that_never_submits_is_found() -> None:
    story = begun(wraps="slurm", jobs=1, settings={"array_jobs": "all"}).job(1)
    story.planned(2, {"map": 3})
    story.attempt(1, stamps(ready=2, selected=3, finished=60), status="cancelled")
    (one,) = found(story)
    assert one.claim == (
        "1 job selected and never submitted: array mode submits nothing until all 3 jobs of map "
        "are selected, and --jobs 1 lets Snakemake select fewer: they are never submitted"
    )


def test_the_id_in_a_sentence_is_the_one_to_look_for_and_to_cancel() -> None:
    story = left(run("sbatch -p main", "./status.sh"), "Submitted batch job 311")
    every = triage_of(story.end(61, "interrupted")).incidents
    (killed,) = [one for one in every if one.incident_class == "killed_run"]
    assert killed.action.text.startswith("check whether the cluster still runs 311, and cancel")
