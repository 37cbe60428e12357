"""Runs of everyday on one machine, and what the commands say of the newest one."""

import json
from typing import Any

from lab import BOTH, Lab

HERE = (*BOTH, "--cores", "2")
SUMS = ("--logger-observe-outputs", "checksums")
SAMPLES = """
    SAMPLES = open("samples.txt").read().split()

    rule all:
        input: "summary.txt"

    rule sim:
        output: "sim/{sample}.txt"
        shell: "echo {wildcards.sample} > {output}"

    rule collect:
        input: expand("sim/{sample}.txt", sample=SAMPLES)
        output: "summary.txt"
        shell: "cat {input} > {output}"
"""


# What triage says of time depends on how busy the machine is; what else it says does not. A run of
# some seconds may take minutes there, and then its time is worth a word.
OF_SPEED = {
    *("slower", "slow_host", "slow_tool", "slow_planning", "slow_selection", "slow_metadata"),
    *("slow_job_script", "node_startup", "polling_lag", "idle_slots", "busy_cluster"),
}


def answer(lab: Lab, *words: str) -> dict[str, Any]:
    """Return a command's answer."""
    done = lab.observe(*words, "--format", "json")
    assert done.returncode in (0, 1), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def text(lab: Lab, *words: str) -> str:
    """Return what a command prints, in one line."""
    return " ".join(lab.observe(*words).stdout.split())


def alarms(lab: Lab, *words: str) -> list[str]:
    """Return what triage finds, symptoms first: their ids, and incidents' classes."""
    found = answer(lab, "triage", *words)
    names = [one["id"] for one in found["symptoms"]]
    names += [one["incident_class"] for one in found["findings"]]
    return [name for name in names if name not in OF_SPEED]
