"""Polls that are too rare for short jobs: found, and the effect of more frequent ones is predicted."""

import pytest
from slurm_lab import SlurmLab

pytestmark = pytest.mark.timed

CHAIN = """
    localrules: all

    rule all:
        input: "second.txt"

    rule first:
        output: "first.txt"
        log: "first.log"
        benchmark: "first.tsv"
        shell: "echo one > {output} 2> {log}"

    rule second:
        input: "first.txt"
        output: "second.txt"
        log: "second.log"
        benchmark: "second.tsv"
        shell: "cp {input} {output} 2> {log}"
"""
SETTING = "--slurm-init-seconds-before-status-checks"


def test_rare_polls_explain_a_slower_run_and_frequent_ones_save_what_was_predicted(
    lab: SlurmLab,
) -> None:
    lab.snakefile(CHAIN)
    lab.slurm(SETTING, "2")
    before = lab.run(max(lab.journals)).makespan / 1e6
    lab.slurm("--forceall", SETTING, "30")
    after = lab.run(max(lab.journals)).makespan / 1e6
    (name, incident), *_ = lab.incidents().items()
    assert name == "polling_lag"
    assert incident["claim"].endswith("the next status check, which comes every 30 s")
    (action, *_) = lab.triaged()["actions"]
    assert f"lower {SETTING} to 2 s" in action["action"]
    assert action["whatif"].endswith(" --poll 2")
    assert action["saves_s"] == pytest.approx(after - before, rel=0.25)
