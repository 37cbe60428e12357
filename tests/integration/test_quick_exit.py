"""``--timed-quick-exit on``: no process waits for its scheduler's timer, and nothing else changes."""

import time
from pathlib import Path

import pytest
from comparison import pair, same
from lab import BOTH, Lab, attempts_of

SEVERAL = """
    rule all:
        input: "after.txt"

    rule work:
        output: "work.txt"
        shell: "touch {output}"

    rule broken:
        output: "broken.txt"
        retries: 1
        shell: "exit 3"

    rule after:
        input: "work.txt"
        output: "after.txt"
        shell: "cp {input} {output}"
"""
QUICK = ("--timed-quick-exit", "on")


@pytest.mark.parametrize("target", ["all", "broken"])
def test_the_outcome_of_a_local_run_is_the_bare_run_s(tmp_path: Path, target: str) -> None:
    bare, observed = pair(tmp_path, SEVERAL)
    same(bare, observed, ["--cores", "1", target], ["--executor", "local"], [*BOTH, *QUICK])


@pytest.mark.parametrize("target", ["all", "broken"])
def test_the_outcome_of_a_cluster_run_is_the_bare_run_s(tmp_path: Path, target: str) -> None:
    bare, observed = pair(tmp_path, SEVERAL)
    for lab in (bare, observed):
        lab.cluster()  # makes its submit command
    submit = ["--cluster-generic-submit-cmd", "./submit.sh 0 0 -"]
    same(
        bare,
        observed,
        ["--jobs", "1", "--seconds-between-status-checks", "1", *submit, target],
        ["--executor", "cluster-generic"],
        [*BOTH, "--timed-wraps", "cluster-generic", *QUICK],
    )


def test_a_run_does_not_wait_for_what_its_rate_of_submissions_would_allow_next(lab: Lab) -> None:
    lab.snakefile(SEVERAL)
    begun = time.monotonic()
    lab.snakemake("--cores", "1", "--max-jobs-per-timespan", "9/600s", *BOTH, *QUICK)
    assert time.monotonic() - begun < 300


def test_the_processes_on_nodes_say_when_they_were_done(lab: Lab) -> None:
    lab.snakefile(SEVERAL)
    lab.snakemake(*BOTH, *lab.cluster(), *QUICK)
    (attempt,) = attempts_of(lab.run(), "work")
    (level,) = attempt.levels
    assert level.done is not None
    assert level.ended is not None
    assert level.planned is not None
    assert level.planned <= level.done <= level.ended
    assert attempt.exit_wait == level.ended - level.done
    started = lab.run().started
    assert started is not None
    assert started.quick_exit is True
