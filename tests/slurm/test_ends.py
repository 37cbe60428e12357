"""Unplanned ends: the journal is correct, and the run behaves as the bare one."""

import shutil
import stat
from collections.abc import Callable

import pytest
from cluster import Cluster
from lab import phases_s, the_attempt
from slurm_lab import (
    ON_THE_NODE,
    ONE_JOB,
    PATIENCE_S,
    SlurmLab,
    began,
    state,
    submissions,
    wait_for,
)

from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.unobserved import NO_NODE_STAMPS, STARTED_AGAIN

WORKFLOW = """
    localrules: all

    rule all:
        input: "too_long.txt", "no_prolog.txt", "refused.txt", "fine.txt"

    rule too_long:
        output: "too_long.txt"
        resources: runtime=1
        shell: "sleep 200; touch {output}"

    rule no_prolog:
        output: "no_prolog.txt"
        shell: "touch {output}"

    rule refused:
        output: "refused.txt"
        resources: slurm_partition="nowhere"
        shell: "touch {output}"

    rule fine:
        output: "fine.txt"
        shell: "sleep 1; touch {output}"
"""

# Stands for a prolog that fails: the job's own command never begins.
SBATCH = """#!/bin/sh
case "$*" in
    *rule_no_prolog*) exec {sbatch} --parsable -J "$3" -A test -t 5 --mem 100 --wrap "exit 9" ;;
    *) exec {sbatch} "$@" ;;
esac
"""


@pytest.fixture(scope="module")
def ends(new_lab: Callable[[str], SlurmLab], cluster: Cluster) -> Run:
    lab = new_lab("ends")
    lab.snakefile(WORKFLOW)
    script = lab.folder / "bin" / "sbatch"
    script.parent.mkdir()
    script.write_text(SBATCH.format(sbatch=shutil.which("sbatch")))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    path = f"{script.parent}:{lab.environment()['PATH']}"
    running = lab.begin("--keep-going", PATH=path)
    assert running.wait(PATIENCE_S) == 1
    return lab.run()


def test_the_run_failed_and_independent_jobs_ran(ends: Run) -> None:
    assert ends.status() == "failed"
    assert {a.status for a in submissions(ends)} == {"failed", "success"}
    assert the_attempt(ends, "fine").status == "success"
    assert the_attempt(ends, "fine").unobserved == ()


def test_a_job_past_its_time_limit_ran_up_to_the_limit(ends: Run) -> None:
    attempt = the_attempt(ends, "too_long")
    assert (attempt.status, state(attempt)) == ("failed", "TIMEOUT")
    assert attempt.accounting is not None
    assert attempt.accounting.time_limit_s == 60
    record = attempt.accounting
    assert record.started is not None
    assert record.ended is not None
    assert record.ended - record.started >= 60e6
    known = phases_s(attempt)
    on_its_node = sum(known.get(phase, 0) for phase in (*ON_THE_NODE, "unobserved"))
    assert on_its_node + known.get("job_script", 0) >= 59  # its moments are whole seconds


def test_a_job_whose_command_never_began_has_no_node_phases(ends: Run) -> None:
    attempt = the_attempt(ends, "no_prolog")
    assert (attempt.status, state(attempt)) == ("failed", "FAILED")
    assert attempt.unobserved == (NO_NODE_STAMPS,)
    assert not attempt.phases.keys() & {"job_script", "node_startup", "compute", "node_exit"}
    assert attempt.accounting is not None
    assert attempt.accounting.exit_code == 9


def test_a_refused_submission_ends_in_submit(ends: Run) -> None:
    attempt = the_attempt(ends, "refused")
    assert (attempt.status, attempt.external_jobid, state(attempt)) == ("failed", None, None)
    assert "sbatch failed" in (attempt.message or "")
    assert set(attempt.phases) <= {"slot_wait", "dispatch", "submit", "postprocess"}


# -- while it runs --------------------------------------------------------------------------------


def test_a_requeued_job_has_both_its_starts(lab: SlurmLab, cluster: Cluster) -> None:
    lab.snakefile(ONE_JOB)
    running = lab.begin("--slurm-requeue")
    job, _ = began(lab)
    cluster.client("scontrol", "requeue", job)
    # Slurm holds a requeued job back for two minutes unless configured otherwise.
    wait_for(lambda: "PENDING" in cluster.client("squeue", "-h", "-j", job, "-o", "%T"))
    cluster.client("scontrol", "update", f"JobId={job}", "StartTime=now")
    assert running.wait(PATIENCE_S) == 0
    run = lab.run()
    attempt = the_attempt(run, "all")
    assert (attempt.status, attempt.external_jobid, state(attempt)) == ("success", job, "COMPLETED")
    assert len(attempt.node_starts) == 2
    assert STARTED_AGAIN.format(count=2) in attempt.unobserved
    assert phases_s(attempt)["compute"] >= 12
    assert attempt.accounting is not None
    assert attempt.accounting.restarts == 1
    incidents = lab.incidents()
    assert "tool_failure" not in incidents
    assert (
        f"the cluster ended all (cluster job {job}) and started it again"
        in (incidents["requeued"]["claim"])
    )
    assert incidents["requeued"]["claim"].endswith("no tool failed by that")


def test_a_job_cancelled_from_outside_has_the_scheduler_s_reason(
    lab: SlurmLab, cluster: Cluster
) -> None:
    """The slurm plugin's sacct query takes ``CANCELLED by 0`` for a job that still runs."""
    lab.snakefile(ONE_JOB)
    running = lab.begin("--slurm-status-command", "squeue")
    job, _ = began(lab)
    cluster.client("scancel", job)
    assert running.wait(PATIENCE_S) == 1
    run = lab.run()
    attempt = the_attempt(run, "all")
    assert (run.status(), attempt.status, state(attempt)) == ("failed", "failed", "CANCELLED")
    assert "CANCELLED" in (attempt.message or "")
    assert phases_s(attempt)["node_startup"] > 0.5
    assert phases_s(attempt).get("compute", 0) < 12
    (name, incident), *_ = lab.incidents().items()
    assert name == "job_lost"
    assert f"(cluster job {job}): CANCELLED" in incident["claim"]


def test_an_interrupted_run_cancels_its_jobs_as_the_bare_run_does(
    lab: SlurmLab, cluster: Cluster
) -> None:
    lab.snakefile(ONE_JOB)
    running = lab.begin()
    job, _ = began(lab)
    running.send_signal(2)
    assert running.wait(PATIENCE_S) == 1
    wait_for(lambda: job not in cluster.jobs())
    run = lab.run()
    attempt = the_attempt(run, "all")
    assert (run.status(), attempt.status) == ("interrupted", "cancelled")
    assert next(iter(lab.incidents())) == "killed_run"


def test_a_failure_shows_the_tools_output_in_slurms_log(lab: SlurmLab) -> None:
    """The last line comes from the tool, among some hundred that two nested Snakemakes print."""
    lab.snakefile("""
        rule all:
            output: "out.txt"
            shell: "echo no such sequence >&2; exit 3"
    """)
    lab.slurm(check=False)
    (attempt,) = submissions(lab.run())
    (log,) = attempt.logs
    assert log.path.startswith(".snakemake/slurm_logs/rule_all/")
    assert log.lines == ("no such sequence",)
    assert (
        f"{log.path}:{log.first_line}: no such sequence" in lab.observe("jobs", "--failed").stdout
    )
