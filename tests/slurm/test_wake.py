"""``--timed-wake on``, in every way in which the slurm plugin submits, and where a node says nothing.

Its runs show what ``--timed-quick-exit on`` does, too: the process that starts ``srun`` does not wait a
second for its scheduler's timer.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster import Cluster
from lab import attempts_of
from slurm_lab import ONE_JOB, PATIENCE_S, SlurmLab, began, state, submissions, wait_for

from snakemake_logger_plugin_observe.run.attempt import Attempt

WORKFLOW = """
    rule all:
        input: expand("work/{i}.txt", i=range(2)), "group.txt", "broken.txt"

    rule work:
        output: "work/{i}.txt"
        shell: "sleep 1; touch {output}"

    rule first:
        output: "first.txt"
        group: "both"
        shell: "touch {output}"

    rule second:
        input: "first.txt"
        output: "group.txt"
        group: "both"
        shell: "touch {output}"

    rule broken:
        output: "broken.txt"
        retries: 1
        shell: "exit 3"
"""
WAKE = ("--timed-wake", "on")
QUICK = ("--timed-quick-exit", "on")
WAYS = {
    "plain": (),
    "script": ("--slurm-pass-command-as-script", *QUICK),
    "array": ("--slurm-array-jobs", "work"),
}
TIMER = 1_000_000  # microseconds: what Snakemake's scheduler sets it to


def every_s(seconds: int) -> tuple[str, str]:
    return ("--slurm-init-seconds-before-status-checks", str(seconds))


@pytest.mark.parametrize("way", WAYS)
def test_each_submission_rings_once_and_its_end_is_found(
    way: str, new_lab: Callable[[str], SlurmLab]
) -> None:
    lab = new_lab(f"wake-{way}")
    lab.snakefile(WORKFLOW)
    lab.slurm(*WAYS[way], *WAKE, *every_s(60), "--keep-going", check=False)
    run = lab.run()
    found = submissions(run)
    assert run.wake is not None
    assert run.wake.on
    assert len(found) == 5  # two jobs, a group, and two attempts
    assert sorted(one.status for one in found) == ["failed", "failed", *["success"] * 3]
    assert [one.exit_code for one in attempts_of(run, "broken")] == [3, 3]
    checks = run.status_checks
    assert checks is not None
    assert checks.rung == 5
    assert 1 <= checks.early == len(run.early_checks) <= 2 * 5 + checks.own
    assert sum(check.found for check in run.early_checks) >= 5 - checks.own
    assert lab.fragments() == []
    # What else the machine does holds up some of them, but not all five.
    took = sorted(map(_exit_took, found))
    if way == "script":
        assert took[0] < TIMER / 2
    else:
        assert took[-1] > TIMER / 2


def _exit_took(attempt: Attempt) -> int:
    """Return how long the outermost process needed to end once its scheduler had."""
    outermost = attempt.levels[0]
    assert outermost.done is not None
    assert outermost.ended is not None
    return outermost.ended - outermost.done


def test_a_node_whose_process_was_killed_is_noticed_at_the_plugin_s_pace(lab: SlurmLab) -> None:
    lab.snakefile(ONE_JOB)
    going_on = lab.begin(*WAKE, *every_s(3))
    began(lab)
    (outermost,) = _processes(str(lab.folder), "--timed-wraps slurm-jobstep")
    os.kill(outermost, signal.SIGKILL)
    assert going_on.wait(PATIENCE_S) == 1
    run = lab.run()
    assert run.status() == "failed"
    assert run.early_checks == []
    assert run.status_checks is not None
    assert (run.status_checks.rung, run.status_checks.own > 1) == (0, True)


def test_a_cancelled_job_is_noticed(lab: SlurmLab, cluster: Cluster) -> None:
    """The plugin's sacct query takes ``CANCELLED by 0`` for a job that still runs."""
    lab.snakefile(ONE_JOB)
    going_on = lab.begin(*WAKE, *every_s(3), "--slurm-status-command", "squeue")
    job, _ = began(lab)
    cluster.client("scancel", job)
    assert going_on.wait(PATIENCE_S) == 1
    run = lab.run()
    (attempt,) = submissions(run)
    assert (attempt.status, state(attempt)) == ("failed", "CANCELLED")
    assert len(run.early_checks) <= 3


def _processes(*parts: str) -> list[int]:
    """Return the processes whose command lines contain all *parts*, those of shells left out."""
    found: list[int] = []

    def look() -> bool:
        found.clear()
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if "-c" not in words and all(part in " ".join(words) for part in parts):
                found.append(int(path.parent.name))
        return bool(found)

    wait_for(look)
    return found
