"""Runs without an end: killed with jobs in flight, or while the DAG was built; and runs that go on."""

import json
import os
import signal

import pytest
from daily_runs import text
from harness import journal_says, started, wait_until
from lab import BOTH, Lab

TWO = """
    rule all:
        input: "a.txt", "b.txt"
    rule a:
        output: "a.txt"
        shell: "sleep 600; touch {output}"
    rule b:
        output: "b.txt"
        shell: "sleep 600; touch {output}"
"""
SLOW_TO_PLAN = """
    import time
    def slow(wildcards):
        time.sleep(600)
        return []
    rule all:
        input: slow
        output: "all.txt"
        shell: "touch {output}"
"""
ONE_FAILS = """
    rule all:
        input: "a.txt", "b.txt"
    rule bad:
        output: "a.txt"
        shell: "exit 3"
    rule slow:
        output: "b.txt"
        shell: "sleep 600; touch {output}"
"""
ALONE = ("--logger", "observe")


def is_a_bound(lab: Lab) -> None:
    run = json.loads(lab.observe("cost", "--format", "json").stdout)["run"]
    assert (run["status"], run["end"], run["makespan_is_bound"]) == ("killed", None, True)
    assert run["makespan_s"] > 0


@pytest.mark.parametrize("flags", [BOTH, ALONE], ids=["timed", "logger alone"])
def test_a_killed_run_names_what_was_in_flight_and_gives_no_shares(
    lab: Lab, flags: tuple[str, ...]
) -> None:
    lab.snakefile(TWO)
    with started(lab, "--cores", "2", *flags) as process:
        wait_until(journal_says(lab, '"event":"job"', times=2))
        if flags is BOTH:
            wait_until(journal_says(lab, '"attempt_started"', times=2))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    for command in ("cost", "jobs", "path"):
        said = text(lab, command)
        assert "0 of 3 jobs done, 2 in flight, 1 not started" in said
        assert " s at least; " in said
        assert "a and b were in flight" in said or "b and a were in flight" in said
        assert "%" not in said
    triage = text(lab, "triage")
    assert "killed_run (certain): the run was killed after" in triage
    assert "with 2 jobs in flight: " in triage
    is_a_bound(lab)


def test_a_run_that_was_killed_while_its_dag_was_built(lab: Lab) -> None:
    lab.snakefile(SLOW_TO_PLAN)
    with started(lab, "--cores", "1", *ALONE) as process:
        wait_until(journal_says(lab, "building_dag"))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert "it was building its DAG, and no job had started" in text(lab, "cost")
    triage = text(lab, "triage")
    assert "while it was building its DAG; no job had started" in triage
    assert "all planned jobs had ended" not in triage
    is_a_bound(lab)


def test_failures_of_a_run_that_goes_on_come_first(lab: Lab) -> None:
    lab.snakefile(ONE_FAILS)
    with started(lab, "--cores", "2", "--keep-going", *BOTH):
        wait_until(journal_says(lab, '"status":"failed"'))
        wait_until(journal_says(lab, '"attempt_started"', times=2))
        cost, triage = text(lab, "cost"), text(lab, "triage")
    assert "0 of 3 jobs done, 1 failed, 1 in flight, 1 waiting" in cost
    assert "running · " in cost
    assert cost.index("FAILED so far") < cost.index("so far went")
    assert "1 symptom 1 job of bad failed so far" in triage


def test_what_a_killed_run_had_not_reached_is_not_gone(lab: Lab) -> None:
    lab.snakefile(TWO.replace("sleep 600; ", ""))
    lab.snakemake("--cores", "2", *ALONE)
    for name in ("a.txt", "b.txt"):
        (lab.folder / name).unlink()
    lab.snakefile(TWO)
    with started(lab, "--cores", "1", *ALONE) as process:
        wait_until(lambda: len(lab.journals) > 1)
        wait_until(lambda: '"event":"job"' in lab.journals[-1].read_text())
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    compared, triage = text(lab, "compare"), text(lab, "triage")
    assert "not comparable, because B was killed" in compared
    assert "2 not reached in B, 0 new" in compared
    assert "gone" not in compared
    assert "slower" not in triage


SOME = """
    rule all:
        input: "a.txt", "b.txt", "c.txt"
    rule a:
        output: "a.txt"
        shell: "touch {output}"
    rule b:
        output: "b.txt"
        shell: "sleep 600; touch {output}"
    rule c:
        output: "c.txt"
        shell: "sleep 600; touch {output}"
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("flags", [BOTH, ALONE], ids=["timed", "logger alone"])
def test_what_an_interruption_cut_off_did_not_fail(
    lab: Lab, flags: tuple[str, ...], number: signal.Signals
) -> None:
    """The signal reaches the tools too; the first screen says how far it got, and how to go on.

    After a SIGINT, Snakemake leaves what the tools had written, and marks it as incomplete.
    """
    lab.snakefile(SOME)
    with started(lab, "--cores", "3", *flags) as process:
        wait_until(journal_says(lab, '"status":"success"'))
        wait_until(journal_says(lab, '"event":"job"', times=3))
        if flags is BOTH:
            wait_until(journal_says(lab, '"attempt_started"', times=3))
        os.killpg(process.pid, number)
        printed = process.communicate(timeout=600)[1]
    how_far = "INTERRUPTED{} 1 of 4 jobs done, 2 cancelled, 1 not reached"
    assert how_far.format(" ·") in printed
    cost, triage = text(lab), text(lab, "triage")
    assert how_far.format(":") in cost
    assert "What to do: run the same command again with --rerun-incomplete." in cost
    assert "FAILED" not in cost
    assert "triage" in cost
    assert "tool_failure" not in triage
    assert "kernel" not in triage
    if flags is BOTH:
        assert "still run on this host" not in triage
        failed = text(lab, "jobs", "--failed")
        assert "No job failed: 2 jobs ended because the run was interrupted." in failed


ON_A_CLUSTER = """
    rule all:
        input: "a.txt"
    rule a:
        output: "a.txt"
        shell: "until [ -e go ]; do sleep 0.1; done; touch {output}"
"""


def test_a_job_on_a_cluster_computes_by_what_its_node_wrote(lab: Lab) -> None:
    lab.snakefile(ON_A_CLUSTER)
    with started(lab, *BOTH, *lab.cluster()) as process:
        try:
            wait_until(journal_says(lab, '"attempt_submitted"', times=1))
            wait_until(lambda: computing(lab))
            before = lab.journals[0].read_bytes()
            (one,) = json.loads(jobs(lab, "--status", "running"))["attempts"]
            assert (one["rule"], one["status"], one["live"]["state"]) == (
                "a",
                "running",
                "computing",
            )
            assert "compute" in one["phases_s"]
            assert lab.journals[0].read_bytes().startswith(before)
        finally:
            (lab.folder / "go").touch()
        assert process.wait(600) == 0
    assert json.loads(jobs(lab))["live"] is None


def jobs(lab: Lab, *more: str) -> str:
    return lab.observe("jobs", "--offline", "--format", "json", *more).stdout


def computing(lab: Lab) -> bool:
    live = json.loads(jobs(lab))["live"]
    return live is not None and [one["state"] for one in live["submissions"]] == ["computing"]


# -- jobs that Snakemake does not wait for -------------------------------------------------------------


def test_what_is_written_at_the_end_of_jobs_that_are_not_waited_for_is_what_a_reader_makes_of_it(
    lab: Lab,
) -> None:
    lab.snakefile("""
        rule all:
            input: "b.txt"
        rule a:
            output: "a.txt"
            shell: "touch {output}"
        rule b:
            input: "a.txt"
            output: "b.txt"
            shell: "cp {input} {output}"
    """)
    (lab.folder / "submit.sh").write_text('sh "$1" > "$1.out" 2>&1; echo 17\n')
    lab.snakemake(
        *(*BOTH, "--jobs", "2", "--immediate-submit", "--notemp", "--timed-wraps"),
        *("cluster-generic", "--cluster-generic-submit-cmd", "sh submit.sh"),
        *("--seconds-between-status-checks", "1"),
    )
    run = lab.run()  # validated: the accounts in its last line are those of its events
    assert run.finished is not None
    assert run.finished.job_account.by_phase_s.keys() >= {"submit", "unobserved"}
    assert run.finished.makespan.by_phase_s["submit"] > 1
