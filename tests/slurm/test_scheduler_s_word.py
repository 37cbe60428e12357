"""The scheduler's record comes first: what it says of ends, requests and states is what is said."""

import json
import signal
import time

from cluster import Cluster
from lab import BOTH
from slurm_lab import SlurmLab, began, submissions, wait_for

SLOW = """
    rule all:
        input: "out.txt"

    rule long:
        output: "out.txt"
        log: "long.log"
        shell:
            "echo $SLURM_JOB_ID $SLURMD_NODENAME > began.$SLURM_JOB_ID.0; "
            "sleep {length}; touch {{output}}"
"""
SORTS = """
    rule all:
        input: "out.txt"

    rule sortbam:
        output: "out.txt"
        threads: 2
        resources: mem_mb=8000
        shell: "touch {output}"
"""
CHOPS = """
    rule all:
        input: expand("res/{s}.txt", s=["a", "b"])

    rule chop:
        output: "res/{s}.txt"
        shell: "touch {output}"
"""


def test_a_cancelled_job_that_nobody_noticed_names_who_cancelled_it(
    lab: SlurmLab, cluster: Cluster
) -> None:
    """The slurm plugin's sacct query takes ``CANCELLED by 0`` for a job that still runs."""
    lab.snakefile(SLOW.format(length=60))
    running = lab.begin()
    job, node = began(lab)
    cluster.client("scancel", job)
    wait_for(lambda: job not in cluster.jobs())
    time.sleep(8)  # nothing shorter is called unnoticed
    running.send_signal(signal.SIGINT)
    assert running.wait(240) == 1
    lab.observe("accounting")
    incident = lab.incidents()["job_lost"]
    assert incident["strength"] == "certain"
    assert f"on {node} (cluster job {job}): CANCELLED by root at " in incident["claim"]
    assert "Snakemake had not noticed" in incident["claim"]
    assert action(lab).startswith(f"ask root why cluster job {job} had to be cancelled")


def test_a_default_that_wins_over_a_rule_s_request_is_found(lab: SlurmLab) -> None:
    lab.snakefile(SORTS)
    defaults = ("--default-resources", "slurm_account=test", "runtime=5", "mem_mb_per_cpu=250")
    lab.slurm(*defaults)
    incident = lab.incidents()["request_overridden"]
    assert incident["claim"] == (
        "for sortbam, the scheduler was asked for 500 MB, not 8000: mem_mb_per_cpu=250 × 2 CPUs of "
        "the defaults wins over mem_mb"
    )
    answer = json.loads(lab.observe("jobs", "--used", "--format", "json").stdout)
    (one,) = [each for each in answer["attempts"] if each["rule"] == "sortbam"]
    assert one["requested"]["memory_bytes"] == 500 * 2**20
    # Two Snakemake processes around the tool, which a limit counts, too.
    assert one["used"]["memory_snakemake_bytes"] > 100_000_000
    assert one["used"]["memory_bytes"] >= one["used"]["memory_snakemake_bytes"]


def test_a_queued_job_that_a_status_command_calls_failed_is_to_be_cancelled(
    lab: SlurmLab, cluster: Cluster
) -> None:
    lab.snakefile(CHOPS)
    status = lab.folder / "status.sh"
    status.write_text("#!/bin/sh\necho failed\n")
    status.chmod(0o755)
    lab.snakemake(
        *BOTH,
        *("--timed-wraps", "cluster-generic", "--jobs", "5", "--keep-going"),
        "--cluster-generic-submit-cmd",
        "sbatch --parsable -A test -t 5 --mem 200 --begin=now+300",
        *("--cluster-generic-status-cmd", "./status.sh", "--seconds-between-status-checks", "1"),
        check=False,
    )
    ids = [one.external_jobid for one in submissions(lab.run())]
    try:
        incident = lab.incidents()["status_misreported"]
        assert incident["strength"] == "certain"
        assert "by the scheduler's record they were PENDING" in incident["claim"]
        assert "first: the next run would submit them a second time" in action(lab)
        assert "\nscancel " in lab.observe("triage").stdout
    finally:
        cluster.client("scancel", *filter(None, ids))


def test_accounting_after_a_kill_shows_what_became_of_a_submitted_job(
    lab: SlurmLab, cluster: Cluster
) -> None:
    lab.snakefile(SLOW.format(length=6))
    running = lab.begin()
    job, _ = began(lab)
    running.kill()
    running.wait()
    wait_for(lambda: job not in cluster.jobs())
    wait_for(lambda: lab.observe("accounting").returncode == 0 and state_of(lab) == "success")
    incident = lab.incidents()["killed_run"]
    assert f"(slurm {job} COMPLETED)" in incident["claim"]
    assert action(lab).startswith("run the same command again with --rerun-incomplete")


def action(lab: SlurmLab) -> str:
    """Return what to do about the first finding."""
    return str(lab.triaged()["actions"][0]["action"])


def state_of(lab: SlurmLab) -> str:
    answer = json.loads(lab.observe("jobs", "--format", "json").stdout)
    return str(next(one["status"] for one in answer["attempts"] if one["rule"] == "long"))
