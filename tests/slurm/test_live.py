"""A run on Slurm is answered for while it goes on: what each job does, and why nothing moves."""

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cluster import Cluster
from slurm_lab import PATIENCE_S, SlurmLab, wait_for

CHECKS = ("--slurm-init-seconds-before-status-checks", "3")
# Each job stands for one state; the last stays in the queue because of what its group asks for.
WORKFLOW = """
    localrules: all, begin

    rule all:
        input: "computes.txt", "held.txt", "cancelled.txt", "sum_3.txt"

    rule computes:
        output: "computes.txt"
        shell: "echo begun > began.computes; sleep 600; touch {output}"

    rule held:
        output: "held.txt"
        resources: slurm_extra="--hold"
        shell: "touch {output}"

    rule cancelled:
        output: "cancelled.txt"
        shell: "echo begun > began.cancelled; sleep 600; touch {output}"

    rule begin:
        output: "sum_0.txt"
        shell: "touch {output}"

    rule sum:
        input: lambda w: f"sum_{int(w.k) - 1}.txt"
        output: "sum_{k}.txt"
        wildcard_constraints: k="[1-9]"
        group: "sums"
        resources: runtime=20, slurm_partition="short"
        shell: "touch {output}"
"""
# sbatch's answer is a sentence, the folder of its output is not there, no status command is given.
GENERIC = """
    rule all:
        input: "out.txt"

    rule make:
        output: "out.txt"
        shell: "sleep 1; exit 2"
"""


@pytest.fixture(scope="module")
def waiting(new_lab: Callable[[str], SlurmLab], cluster: Cluster) -> Iterator[dict[str, Any]]:
    """Return what the reader says of a run that goes on, by command, before it is ended."""
    lab = new_lab("waiting")
    lab.snakefile(WORKFLOW)
    running = lab.begin(*CHECKS)
    try:
        wait_for(lambda: len(submissions(lab)) == 4)
        ids = {one["name"]: one["external_jobid"] for one in submissions(lab)}
        for rule in ("computes", "cancelled"):
            lab.text(f"began.{rule}")
        journal = lab.journals[-1]
        before = journal.read_bytes()
        # Slurm says why a job is pending once it has tried to start it.
        wait_for(lambda: live_of(said(lab, "jobs"), "sums").get("reason") == "PartitionTimeLimit")
        early = said(lab, "jobs")
        cluster.client("scancel", ids["cancelled"])
        wait_for(lambda: "CANCELLED" in str(live_of(said(lab, "jobs"), "cancelled")))
        triage = said(lab, "triage")  # soon after: later, a status check should have found its end
        yield {
            "ids": ids,
            "early": early,
            "triage": triage,
            "unchanged": journal.read_bytes().startswith(before),
            "jobs": said(lab, "jobs"),
            "running": said(lab, "jobs", "--status", "running"),
            "cost": said(lab, "cost"),
            "offline": said(lab, "jobs", "--offline"),
        }
    finally:
        end(running)


def end(running: subprocess.Popen[str]) -> None:
    """Interrupt a run as a user does; its jobs are cancelled with it."""
    running.send_signal(signal.SIGINT)
    running.wait(PATIENCE_S)


def said(lab: SlurmLab, *arguments: str) -> Any:
    return json.loads(lab.observe(*arguments, "--format", "json").stdout)


def submissions(lab: SlurmLab) -> list[dict[str, Any]]:
    """Return what is out, each with the name of its rule or group."""
    if not lab.journals:
        return []
    done = lab.observe("jobs", "--offline", "--format", "json")
    found = json.loads(done.stdout) if done.returncode == 0 else {"live": None, "attempts": []}
    named = {
        (one["job_id"], None if one["job_id"] is not None else one["group"]): one["rule"]
        or one["group_name"]
        for one in found["attempts"]
    }
    known = found["live"]["submissions"] if found["live"] is not None else []
    return [
        {**one, "name": named.get((one["job_id"], one["group"]))}
        for one in known
        if one["external_jobid"] is not None
    ]


def live_of(found: Any, name: str) -> dict[str, Any]:
    """Return the live state of the only job of a rule, or of a group."""
    (one,) = [
        each["live"] for each in found["attempts"] if name == (each["rule"] or each["group_name"])
    ]
    return one or {"state": None}


def state_of(found: Any, name: str) -> str | None:
    return live_of(found, name)["state"]


def test_each_job_has_its_true_state(waiting: dict[str, Any]) -> None:
    early = waiting["early"]
    assert state_of(early, "computes") == "computing"
    assert state_of(early, "cancelled") == "computing"
    assert live_of(early, "computes")["node"].startswith("n")
    assert (state_of(early, "held"), live_of(early, "held")["reason"]) == ("pending", "JobHeldUser")
    assert live_of(early, "sums")["reason"] == "PartitionTimeLimit"


def test_a_cancelled_job_has_ended_unnoticed(waiting: dict[str, Any]) -> None:
    now = live_of(waiting["jobs"], "cancelled")
    assert now["state"] == "ended"
    assert now["reason"].startswith("Slurm says CANCELLED by 0")


def test_nothing_is_written_to_the_running_journal(waiting: dict[str, Any]) -> None:
    assert waiting["unchanged"]


def test_the_jobs_that_run_can_be_selected(waiting: dict[str, Any]) -> None:
    rules = {one["rule"] for one in waiting["running"]["attempts"]}
    assert "computes" in rules
    assert "held" not in rules


def test_the_times_so_far_have_their_phases(waiting: dict[str, Any]) -> None:
    by_rule = {one["rule"] or one["group"]: one["by_phase_s"] for one in waiting["cost"]["rules"]}
    assert by_rule["computes"]["compute"] > 0
    assert "unobserved" not in by_rule["held"]
    assert "unobserved" not in by_rule["computes"]


def test_the_node_is_believed_where_slurm_is_not_asked(waiting: dict[str, Any]) -> None:
    assert state_of(waiting["offline"], "computes") == "computing"
    assert state_of(waiting["offline"], "held") == "unknown"


def test_triage_says_why_the_run_stands_still(waiting: dict[str, Any]) -> None:
    claims = {
        one["id"]: one["claim"]
        for one in waiting["triage"]["findings"]
        if one["incident_class"] == "stuck"
    }
    assert (
        "asks for 60 min, the sum of its 3 jobs of 20 min each, partition short allows 30 min"
        in claims["stuck:PartitionTimeLimit:group sums"]
    )
    assert waiting["ids"]["held"] in claims["stuck:JobHeldUser:held"]
    assert not any("cancelled" in name for name in claims)  # the next status check can find it


def test_what_the_scheduler_says_ended_a_job_is_not_guessed_at_again(
    waiting: dict[str, Any],
) -> None:
    about = [one for one in waiting["triage"]["findings"] if "signal 15" in one["claim"]]
    assert not [one for one in about if one["incident_class"] == "tool_failure"]
    (lost,) = [one for one in waiting["triage"]["findings"] if one["incident_class"] == "job_lost"]
    assert f"(cluster job {waiting['ids']['cancelled']}): CANCELLED by root" in lost["claim"]


def generic(lab: SlurmLab, submit: str) -> subprocess.Popen[str]:
    """Start a run whose submit command is *submit*, with no status command."""
    lab.snakefile(GENERIC)
    wraps = ("--timed-wraps", "cluster-generic", "--cluster-generic-submit-cmd", submit)
    return lab.begin(*wraps, "--seconds-between-status-checks", "1")


def stuck(lab: SlurmLab) -> dict[str, str]:
    """Return the claims about a run that stands still, by what each is about."""
    done = lab.observe("triage", "--format", "json")
    if done.returncode != 0:  # its journal has no line yet
        return {}
    found = json.loads(done.stdout)["findings"]
    return {one["id"]: one["claim"] for one in found if one["incident_class"] == "stuck"}


def test_a_sentence_is_no_id(lab: SlurmLab) -> None:
    running = generic(lab, "sbatch -p main -A test --mem=200 -o slurm-%j.out")
    try:
        wait_for(lambda: "exit code 2" in stuck(lab).get("stuck:id", ""))
        assert "'Submitted batch job " in stuck(lab)["stuck:id"]
    finally:
        end(running)


def test_a_job_that_ended_before_its_script_ran_is_never_noticed(lab: SlurmLab) -> None:
    running = generic(lab, "sbatch --parsable -p main -A test --mem=200 -o missing/%j.out")
    try:
        wait_for(lambda: any("FAILED 0:53" in claim for claim in stuck(lab).values()))
        (claim,) = stuck(lab).values()
        assert "no status command" in claim
        assert "could not open its log file" in claim
    finally:
        end(running)
