"""An executor that raises does under the wrapper what it does alone."""

import os
import signal
from typing import Any

from fault_table import fault
from harness import comparable, on_the_path, outputs, seen, started, wait_until
from lab import BOTH, Lab

WORKFLOW = """
    rule all:
        input: "a.txt", "b.txt"
    rule far:
        output: "a.txt"
        priority: 1
        shell: "touch {output}"
    rule near:
        output: "b.txt"
        localrule: True
        shell: "touch {output}"
"""
FLAGS = ("--jobs", "1", "--seconds-between-status-checks", "1")
BARE = ("--executor", "faulty", *FLAGS)
OURS = (*BOTH, "--timed-wraps", "faulty", *FLAGS)


def faulty(where: str) -> dict[str, str]:
    return {"FAULTY": where, **on_the_path("plugins")}


def both(labs: tuple[Lab, Lab], where: str, *targets: str) -> tuple[dict[str, Any], Lab]:
    """Run bare and observed, compare them; return the output and the observed lab."""
    bare, observed = labs
    found = []
    for lab, flags in ((bare, BARE), (observed, OURS)):
        lab.snakefile(WORKFLOW)
        found.append(seen(lab, lab.snakemake(*flags, *targets, check=False, **faulty(where))))
    assert found[1] == found[0]
    return found[0], observed


def test_the_faulty_executor_works_without_a_fault(labs: tuple[Lab, Lab]) -> None:
    bare, ours = both(labs, "nowhere")
    assert bare["exit code"] == 0
    assert ours.run().status() == "success"


@fault(
    "the executor raises in its constructor",
    snakemake="as bare: prints the exception, exit code 1",
    journal="the run, `failed`, with the error; no attempt",
)
def test_an_executor_that_cannot_be_created(labs: tuple[Lab, Lab]) -> None:
    bare, ours = both(labs, "constructor")
    assert bare["exit code"] == 1
    assert "no constructor today" in bare["stderr"]
    run = ours.run()
    assert (run.status(), run.attempts) == ("failed", {})


@fault(
    "the executor raises in `run_job`",
    snakemake="as bare",
    journal="the attempt, `cancelled`, with the phases it reached; the run, `failed`",
)
def test_an_executor_that_raises_in_run_job(labs: tuple[Lab, Lab]) -> None:
    bare, ours = both(labs, "run_job")
    assert bare["exit code"] == 1
    run = ours.run()
    assert run.status() == "failed"
    assert "far" in {run.rule_of(attempt) for attempt in run.attempts.values()}


@fault(
    "the executor raises in `run_jobs`",
    snakemake="as bare",
    journal="the attempt, `cancelled`, never submitted; the run, `failed`",
)
def test_an_executor_that_raises_in_run_jobs(labs: tuple[Lab, Lab]) -> None:
    bare, ours = both(labs, "run_jobs")
    assert bare["exit code"] == 1
    run = ours.run()
    assert run.status() == "failed"
    assert all(attempt.stamps.accepted is None for attempt in run.attempts.values())


@fault(
    "the executor raises in its status thread (`check_active_jobs`)",
    snakemake="as bare: the run ends with the exception",
    journal="the job whose end was not noticed, `cancelled`; the run, `failed`",
)
def test_an_executor_whose_status_thread_raises(labs: tuple[Lab, Lab]) -> None:
    bare, ours = both(labs, "check_active_jobs", "a.txt")
    assert bare["exit code"] == 1
    run = ours.run()
    assert run.status() == "failed"
    (far,) = [a for a in run.attempts.values() if run.rule_of(a) == "far"]
    assert far.status == "cancelled"


@fault(
    "the executor raises in `shutdown`",
    snakemake="as bare",
    journal="all attempts with their own ends; the run's status is Snakemake's",
)
def test_an_executor_that_raises_in_shutdown(labs: tuple[Lab, Lab]) -> None:
    bare, ours = both(labs, "shutdown")
    run = ours.run()
    assert {a.status for a in run.attempts.values()} == {"success"}
    assert run.status() == ("success" if bare["exit code"] == 0 else "failed")


@fault(
    "the executor raises in `cancel_jobs`, after SIGINT",
    snakemake="as bare",
    journal="the run, `interrupted`; what was running, `cancelled`",
)
def test_an_executor_that_cannot_cancel(labs: tuple[Lab, Lab]) -> None:
    found = []
    for lab, flags in zip(labs, (BARE, OURS), strict=True):
        lab.snakefile(
            WORKFLOW.replace('"touch {output}"', '"touch begun; sleep 600; touch {output}"', 1)
        )
        with started(lab, *flags, "a.txt", **faulty("cancel_jobs")) as process:
            wait_until((lab.folder / "begun").exists)
            os.kill(process.pid, signal.SIGINT)
            _, bare = process.communicate(timeout=600)
        found.append((process.returncode, comparable(lab, bare), outputs(lab)))
    assert found[1] == found[0]
    run = labs[1].run()
    assert run.status() == "interrupted"
    assert {a.status for a in run.attempts.values()} == {"cancelled"}
