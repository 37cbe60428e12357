"""What a scheduler's records show of submissions whose end their run never saw."""

from typing import Any

import pytest
from builders import Story, a_record, begun, stamps

from snakemake_logger_plugin_observe.analysis.triage.blocked import blocked
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.steps import triage
from snakemake_logger_plugin_observe.run.scheduler_ends import has_ended, is_out
from snakemake_logger_plugin_observe.run.scope import in_flight_words, job_counts


def killed(**record: Any) -> Story:
    """Return a run that was killed while its job was on the cluster, and its record since."""
    story = begun(wraps="slurm").planned(3, {"map": 1}).job(1)
    known = stamps(ready=3, selected=4, submitting=4, accepted=5)
    story.submitted(1, known, external_jobid="71").heartbeat(20, (1, 1))
    return story.accounting(1, a_record("71", **record))


@pytest.mark.parametrize(
    ("record", "status"),
    [
        ({"state": "COMPLETED"}, "success"),
        ({"state": "succeeded"}, "success"),
        ({"state": "FAILED", "exit_code": 3}, "failed"),
        ({"state": "TIMEOUT"}, "failed"),
        ({"state": "CANCELLED", "cancelled_by": "0"}, "cancelled"),
        ({"state": "PENDING", "started": None, "ended": None}, "submitted"),
        ({"state": "RUNNING", "ended": None}, "submitted"),
    ],
)
def test_a_submitted_attempt_of_a_killed_run_has_become_what_its_record_says(
    record: dict[str, Any], status: str
) -> None:
    run = killed(**record).run
    (attempt,) = run.attempts.values()
    assert (attempt.status, attempt.end_from_record) == (status, status != "submitted")
    assert has_ended(attempt.accounting) == (status != "submitted")
    assert is_out(attempt.accounting) == (status == "submitted")
    counts = job_counts(run)  # Snakemake has not handled its end
    ended = status != "submitted"
    assert (counts.done, counts.in_flight, counts.ended_since) == (0, 1, int(ended))
    assert in_flight_words(counts) == ("in flight then (ended since)" if ended else "in flight")


def test_what_became_of_jobs_is_said_and_nothing_is_to_be_cancelled_that_has_ended() -> None:
    (found,) = triage(Case(killed().run, "killed")).incidents
    assert found.incident_class == "killed_run"
    assert found.claim.endswith("1 job in flight: map (slurm 71 COMPLETED)")
    assert found.action.text == (
        "run the same command again with --rerun-incomplete (after snakemake --unlock, if it is "
        "reported that the directory is locked)"
    )
    assert found.action.commands == ()


def test_a_hold_that_went_with_its_job_does_not_come_before_the_run_s_end() -> None:
    """Nothing is left to release, and the hold explains no more than the time it lasted."""
    gone = {"state": "CANCELLED", "reason": "JobHeldUser", "cancelled_by": "0"}
    run = killed(**gone, started=None, eligible=None).run
    why, hold = triage(Case(run, "killed")).incidents
    assert (why.incident_class, hold.incident_class) == ("killed_run", "held_jobs")
    assert why.action.text.startswith(
        "find out who or what held it (scontrol hold, or --hold in what is requested); then run the "
        "same command again with --rerun-incomplete"
    )
    assert hold.failures == 0
    assert hold.explains == Case(run, "killed").spent("held")
    (same,) = blocked(run, "killed", None)
    assert why.action.text.startswith(same.action.text)


def test_what_the_scheduler_still_has_is_to_be_cancelled_first() -> None:
    pending = {"state": "PENDING", "reason": "PartitionTimeLimit"}
    run = killed(**pending, started=None, ended=None).run
    why, found = triage(Case(run, "killed")).incidents
    assert (why.incident_class, found.incident_class) == ("held_jobs", "killed_run")
    assert found.claim.endswith("(slurm 71 PENDING: PartitionTimeLimit)")
    assert found.action.text.startswith("cancel 71, which the scheduler still had; then run the")
    assert [one.line for one in found.action.commands] == ["squeue -j 71", "scancel 71"]
