"""The scheduler's record comes first: what it says of ends, requests and states is what is said."""

import json
import signal
import subprocess
import time

from cluster import Cluster
from lab import BOTH
from slurm_lab import PATIENCE_S, SlurmLab, began, submissions, wait_for

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
LIES = """
    rule all:
        input: "a.txt", "b.txt"

    rule long:
        output: "a.txt"
        shell: "echo $SLURM_JOB_ID > began.txt; sleep 60; touch {output}"

    rule bad:
        output: "b.txt"
        log: "bad.log"
        shell: "sleep 1; echo 'error: bad magic number' > {log}; exit 2"
"""
STATUS = """#!/bin/sh
[ -e failed.$1 ] && echo failed && exit
case "$(sacct -X -n -j "$1" -o state%20)" in
    *COMPLETED*|*FAILED*) echo success ;;
    *) echo running ;;
esac
"""
NEEDS = """
    rule all:
        input: "two.txt"

    rule one:
        output: "one.txt"
        shell: "exit 5"

    rule two:
        input: "one.txt"
        output: "two.txt"
        shell: "touch {output}"
"""
SUBMIT = """#!/bin/sh
after=
while [ $# -gt 1 ]; do after=$after:$1; shift; done
exec sbatch --parsable -A test -t 5 --mem 200 -o /dev/null ${after:+--dependency=afterok$after} "$1"
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
    assert running.wait(PATIENCE_S) == 1
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


def test_what_the_record_and_the_node_say_comes_before_what_a_status_command_says(
    lab: SlurmLab, cluster: Cluster
) -> None:
    """It calls a job failed that Slurm queued again, and one successful whose tool failed."""
    lab.snakefile(LIES)
    script(lab, "status.sh", STATUS)
    submit = "sbatch --parsable --requeue -A test -t 5 --mem 200 -o /dev/null"
    running = subprocess.Popen(
        lab.command(
            *(*BOTH, "--timed-wraps", "cluster-generic", "--jobs", "5", "--keep-going"),
            *("--cluster-generic-submit-cmd", submit, "--latency-wait", "1"),
            *(
                "--cluster-generic-status-cmd",
                "./status.sh",
                "--seconds-between-status-checks",
                "1",
            ),
        ),
        cwd=lab.folder,
        env=lab.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    job = lab.text("began.txt")
    try:
        cluster.client("scontrol", "requeue", job)
        wait_for(lambda: "requeued" in lab.incidents())
        # Accounting has the next start a moment after the end of the first.
        asked = ("sacct", "-X", "-n", "-j", job, "-o", "state%20")
        wait_for(lambda: "PENDING" in cluster.client(*asked))
        assert not [one for one in lab.triaged()["findings"] if "signal 15" in one["claim"]]
        (lab.folder / f"failed.{job}").touch()
        assert running.wait(PATIENCE_S) == 1
        found = lab.incidents()
        assert {*found} - {"missing_evidence"} == {"status_misreported", "tool_failure"}
        assert "put it back into the queue" in found["status_misreported"]["claim"]
        assert f"cancel {job} first" in " ".join(one["action"] for one in lab.triaged()["actions"])
        assert found["tool_failure"]["claim"] == (
            "bad failed with exit code 2: error: bad magic number; the status command "
            "(./status.sh) had reported it as successful, so Snakemake only missed the outputs"
        )
    finally:
        cluster.client("scancel", job)


def test_a_run_that_only_submitted_is_no_success_while_a_job_of_it_never_starts(
    lab: SlurmLab, cluster: Cluster
) -> None:
    lab.snakefile(NEEDS)
    script(lab, "submit.sh", SUBMIT)
    lab.snakemake(
        *(*BOTH, "--timed-wraps", "cluster-generic", "--jobs", "5", "--immediate-submit"),
        *("--notemp", "--cluster-generic-submit-cmd", "./submit.sh {dependencies}"),
    )
    ids = [str(one.external_jobid) for one in submissions(lab.run())]
    try:
        wait_for(lambda: "stuck" in lab.incidents())
        (first, *_) = lab.triaged()["findings"]
        assert first["incident_class"] == "stuck"
        assert "DependencyNeverSatisfied (a job that it depends on did not end" in first["claim"]
    finally:
        cluster.client("scancel", *ids)


def script(lab: SlurmLab, name: str, text: str) -> None:
    """Write a program into the lab's folder."""
    path = lab.folder / name
    path.write_text(text)
    path.chmod(0o755)


def action(lab: SlurmLab) -> str:
    """Return what to do about the first finding."""
    return str(lab.triaged()["actions"][0]["action"])


def state_of(lab: SlurmLab) -> str:
    answer = json.loads(lab.observe("jobs", "--format", "json").stdout)
    return str(next(one["status"] for one in answer["attempts"] if one["rule"] == "long"))
