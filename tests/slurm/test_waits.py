"""Why a job did not start yet: held, over a limit, or busy in its job script."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from cluster import Cluster
from lab import BOTH, attempts_of, phases_s
from slurm_lab import PATIENCE_S, SlurmLab, submissions, wait_for

from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.unobserved import UNNOTICED

TWO = """
    localrules: all

    rule all:
        input: "0.txt", "1.txt"

    rule work:
        output: "{i}.txt"
        shell: "sleep 1; touch {output}"
"""
GROUP = """
    rule all:
        input: "2.txt"

    rule grow:
        output: "{i}.txt"
        input: lambda wildcards: f"{int(wildcards.i) - 1}.txt" if wildcards.i != "1" else []
        group: "grow"
        resources: runtime=20
        shell: "touch {output}"
"""
JOB_SCRIPT = """#!/bin/bash
# properties = {properties}
sleep 6
{exec_job}
"""


def pending(lab: SlurmLab, cluster: Cluster, count: int, reason: str) -> list[str]:
    """Return the ids of the lab's jobs once *count* are pending for *reason*."""

    def found() -> list[str]:
        own = re.findall(r"SLURM jobid (\d+)", lab.console)
        if len(own) < count:
            return []
        text = cluster.client("squeue", "-h", "-j", ",".join(own), "-o", "%i %r")
        return [line.split()[0] for line in text.splitlines() if reason in line]

    wait_for(lambda: len(found()) == count)
    return found()


def test_a_held_job_is_held_until_it_is_released(lab: SlurmLab, cluster: Cluster) -> None:
    lab.snakefile(TWO)
    running = lab.begin("--set-resources", "work:slurm_extra='--hold'")
    ids = pending(lab, cluster, 2, "JobHeldUser")
    cluster.client("scontrol", "release", ids[0])
    wait_for(lambda: any(lab.folder.glob("?.txt")))
    cluster.client("scontrol", "release", *ids[1:])
    assert running.wait(PATIENCE_S) == 0
    longest = max(submissions(lab.run()), key=lambda one: one.phases.get("held", 0))
    known = phases_s(longest)
    assert longest.accounting is not None
    assert longest.accounting.reason == "JobHeldUser"
    held_s = longest.accounting.held_s  # of whole seconds, and from its submission on
    assert held_s is not None
    assert held_s - 1.5 - known["submit"] <= known["held"] <= held_s + 1.5
    assert known["held"] > known.get("queue_wait", 0)


def test_a_group_over_the_partition_s_limit_was_held_and_never_started(
    lab: SlurmLab, cluster: Cluster
) -> None:
    lab.snakefile(GROUP)
    running = lab.begin("--default-resources", "slurm_account=test", "slurm_partition=short")
    (job,) = pending(lab, cluster, 1, "PartitionTimeLimit")
    # Slurm's accounting takes some seconds to know of a job that is pending.
    wait_for(lambda: "PENDING" in cluster.client("sacct", "-X", "-n", "-j", job, "-o", "State"))
    time.sleep(6)  # it is held for some of Slurm's whole seconds
    running.send_signal(2)
    assert running.wait(PATIENCE_S) == 1
    (group,) = submissions(lab.run())
    assert group.accounting is not None
    assert group.accounting.started is None
    assert set(group.unobserved) <= {UNNOTICED}  # Snakemake, which cancelled it, checks no more
    assert phases_s(group)["held"] > 1
    found = lab.triaged()["findings"][0]
    assert found["incident_class"] == "held_jobs"
    assert "40 min (2 jobs of 20 min)" in found["claim"]


@pytest.fixture(scope="module")
def in_job_script(new_lab: Callable[[str], SlurmLab]) -> Run:
    lab = new_lab("job-script")
    lab.snakefile(TWO)
    (lab.folder / "jobscript.sh").write_text(JOB_SCRIPT)
    submit = "sbatch --parsable -p main -A test --mem 200 -o slurm-%j.out"
    lab.snakemake(
        *BOTH,
        *("--timed-wraps", "cluster-generic", "--jobs", "4", "--jobscript", "jobscript.sh"),
        *("--cluster-generic-submit-cmd", submit, "--seconds-between-status-checks", "1"),
    )
    return lab.run()


def test_what_a_job_script_does_before_snakemake_is_no_queue(in_job_script: Run) -> None:
    for attempt in attempts_of(in_job_script, "work"):
        known = phases_s(attempt)
        assert known["job_script"] >= 5  # from a start that is a whole second
        record, accepted = attempt.accounting, attempt.stamps.accepted
        assert record is not None
        assert record.started is not None
        assert accepted is not None
        assert known.get("queue_wait", 0) <= max(0, record.started - accepted) / 1e6 + 1


def test_the_end_of_a_job_is_the_scheduler_s(in_job_script: Run) -> None:
    """Between the node's last stamp and that, Python ends, and the shell around it."""
    for attempt in attempts_of(in_job_script, "work"):
        assert attempt.accounting is not None
        ended: Any = attempt.accounting.ended
        (last, *_) = [one for one in attempt.segments if one.phase == "node_exit"][-1:]
        assert last.end >= min(ended, attempt.stamps.reported or ended)


def test_the_journal_follows_from_its_stamps_and_records(lab: SlurmLab, in_job_script: Run) -> None:
    assert in_job_script.finished is not None
    assert json.dumps(in_job_script.finished.makespan.by_phase_s).count("job_script") == 1
