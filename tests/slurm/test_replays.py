"""A run on the cluster whose jobs are let go at a rate: that is named, and its replay is the run."""

import json
from typing import Any

import pytest
from slurm_lab import SlurmLab, submissions

from snakemake_logger_plugin_observe.clock import to_seconds

THREE = """
    localrules: all

    rule all:
        input: expand("{n}.txt", n=range(3))

    rule work:
        output: "{n}.txt"
        log: "{n}.log"
        benchmark: "{n}.tsv"
        shell: "echo one > {output} 2> {log}"
"""
POLL = "--slurm-init-seconds-before-status-checks"
RATE = "--max-jobs-per-timespan"


def answer(lab: SlurmLab, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.observe(*arguments, "--format", "json").stdout)
    return found


def test_what_keeps_jobs_back_is_the_rate_and_its_settings_give_the_run_again(
    lab: SlurmLab,
) -> None:
    lab.snakefile(THREE)
    lab.slurm(POLL, "3", RATE, "1/15s")
    for job in submissions(lab.run()):
        check = job.status_check
        assert check is not None
        since = check.slept if check.slept is not None else job.stamps.accepted
        assert since is not None
        assert job.phases.get("poll_wait", 0) <= max(0, check.begun - since)

    found = answer(lab, "cost")
    assert [one["setting"] for one in found["held_back"]] == [f"{RATE} 1/15s"]
    assert (found["polling"]["shortest_s"], found["polling"]["growth_s"]) == (3, 10)
    assert [one["kind"] for one in found["advice"]].count("rate") == 1
    assert "limits" not in {one["kind"] for one in found["advice"]}

    in_force = ("--poll", "3", "--jobs", "20", RATE, "1/15s")
    same = answer(lab, "whatif", *in_force)
    (asked,) = same["predictions"]
    assert asked["predicted_s"] == same["unchanged_s"]
    assert asked["predicted_s"] == pytest.approx(same["measured_s"], rel=0.02)
    assert same["measured_s"] == pytest.approx(to_seconds(lab.run().makespan))
    (other,) = answer(lab, "whatif", "--poll", "6")["predictions"]
    assert other["interval_s"] is not None
    assert answer(lab, "validate")["replay"]["faithful"] is True
