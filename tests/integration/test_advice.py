"""What to change in real runs, and what the simulation says of it."""

import json
from typing import Any

import pytest
from lab import BOTH, Lab

FOUR_THREADS = """
    rule all:
        input: expand("out/{i}", i=range(3))

    rule work:
        output: "out/{i}"
        threads: 4
        shell: "sleep 0.5; touch {output}"
    """


def asked(lab: Lab, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.observe(*arguments, "--format", "json").stdout)
    return found


def test_more_cores_go_to_jobs_that_ask_for_more_threads_than_there_were(lab: Lab) -> None:
    lab.snakefile(FOUR_THREADS)
    lab.snakemake(*BOTH, "--cores", "2")
    work = [job for job in lab.run().jobs.values() if job.rule == "work"]
    assert [(job.threads, job.requested) for job in work] == [(2, {"threads": 4})] * 3
    answer = asked(lab, "whatif", "--sweep", "cores=4,8")
    four, eight = answer["predictions"]
    assert four["by_class_s"]["compute"] == answer["measured_by_class_s"]["compute"]
    assert eight["by_class_s"]["compute"] < 0.8 * answer["measured_by_class_s"]["compute"]


def test_runs_with_other_numbers_of_cores_are_the_same_work(lab: Lab) -> None:
    lab.snakefile(FOUR_THREADS.replace("sleep 0.5;", "echo {threads} > /dev/null;"))
    four = lab.new_run(*BOTH, "--cores", "4")
    three = lab.new_run(*BOTH, "--cores", "3", "--forceall")
    answer = asked(lab, "compare", str(four), str(three))
    assert answer["same_work"] is True
    (threads,) = (one for one in answer["findings"] if one["id"] == "threads_changed")
    assert threads["claim"].endswith("safe unless the tool's output depends on its threads")


def test_what_a_rule_asks_for_is_recorded_where_a_limit_gave_it_less(lab: Lab) -> None:
    lab.snakefile(
        """
        rule all:
            input: "fits", "function", "two"

        rule fits:
            output: "fits"
            threads: 2
            resources: gpu=1
            shell: "touch {output}"

        rule function:
            output: "function"
            threads: lambda wildcards: 4
            shell: "touch {output}"

        rule two:
            output: "two"
            threads: 1
            resources: gpu=2
            shell: "touch {output}"
        """
    )
    lab.snakemake(*BOTH, "--cores", "2", "--resources", "gpu=1")
    jobs = {job.rule: job.requested for job in lab.run().jobs.values()}
    assert jobs == {"all": {}, "fits": {}, "function": {"threads": None}, "two": {"gpu": 2}}


def test_a_rate_that_lets_one_job_begin_at_a_time_is_named_and_not_the_cores(lab: Lab) -> None:
    lab.snakefile(
        """
        rule all:
            input: expand("out/{i}", i=range(3))

        rule work:
            output: "out/{i}"
            shell: "touch {output}"
        """
    )
    lab.snakemake(*BOTH, "--cores", "4", "--max-jobs-per-timespan", "1/2s")
    answer = asked(lab, "whatif", "--with", "cores=1", "--with", "max-jobs-per-timespan=9/1s")
    one_core, faster = (one["by_class_s"]["limits"] for one in answer["predictions"])
    measured = answer["measured_by_class_s"]["limits"]
    assert one_core >= 0.98 * measured  # it is the rate that holds jobs back
    assert faster < measured / 2
    assert "--max-jobs-per-timespan" in lab.observe("path").stdout


def advised(lab: Lab) -> dict[str, Any]:
    """Return the first piece of advice that cost has, which path has, too."""
    first: dict[str, Any] = asked(lab, "cost")["advice"][0]
    assert asked(lab, "path")["advice"][0] == first
    return first


def test_memory_that_lets_one_job_run_at_a_time_is_what_to_change(lab: Lab) -> None:
    lab.snakefile(
        """
        rule all:
            input: expand("out/{i}", i=range(6))

        rule work:
            output: "out/{i}"
            resources: mem_mb=6000
            shell: "sleep 1; touch {output}"
        """
    )
    lab.snakemake(*BOTH, "--cores", "2", "--resources", "mem_mb=8000")
    advice = {one["kind"]: one for one in asked(lab, "cost")["advice"]}
    lower, first = advice["requests"], advice["limits"]
    assert lower["change"].startswith("let work request mem_mb=")
    assert (first["kind"], first["settings"]) == ("limits", {"resources": {"mem_mb": 12000}})
    assert first["why"] == "work requests 6000: one at a time"
    told = lab.observe("triage").stdout
    assert "raise mem_mb in --resources from 8000 to 12000" in " ".join(told.split())
    # The command is one to paste, and says the same.
    _reader, _whatif, journal, *flags = first["whatif"].split()
    (simulated,) = asked(lab, "whatif", journal, *flags)["predictions"]
    saves_s = simulated["measured_s"] - simulated["predicted_s"]
    assert saves_s == pytest.approx(first["saves_s"])


def test_what_a_rule_asks_for_and_did_not_get_is_said(lab: Lab) -> None:
    lab.snakefile(FOUR_THREADS)
    lab.snakemake(*BOTH, "--cores", "2")
    text = lab.observe("cost").stdout
    assert "work asks for 4 threads, and was given 2 in 3 jobs (--cores 2): " in text
    fewer = {"rule": "work", "resource": "threads", "requested": 4, "given": 2, "jobs": 3}
    assert asked(lab, "cost")["reduced"] == [fewer]


def test_a_slow_scheduler_is_what_to_change(lab: Lab) -> None:
    lab.snakefile(
        """
        rule all:
            input: expand("out/{i}", i=range(150))

        rule tiny:
            output: "out/{i}"
            priority: 1
            shell: "touch {output}"
        """
    )
    lab.snakemake(*BOTH, "--cores", "2", "--scheduler", "ilp")
    found = {one["kind"]: one for one in asked(lab, "cost")["advice"]}
    assert found["scheduler"]["settings"] == {"scheduler": "greedy"}
    lab.snakemake(*BOTH, "--cores", "2", "--scheduler", "greedy", "--forceall")
    assert "scheduler" not in {one["kind"] for one in asked(lab, "cost")["advice"]}
