"""The cluster's limits: time limit and out of memory are distinguished."""

import json
from typing import Any

from slurm_lab import SlurmLab

LIMITS = """
    rule all:
        input: "slow.txt", "fat.txt", "nested.txt"

    rule slow:
        output: "slow.txt"
        resources: runtime=1
        shell: "echo working >&2; sleep 200; touch {output}"

    rule fat:
        output: "fat.txt"
        resources: mem_mb=400
        shell:
            "python3 -c 'import os, signal; held = bytearray(b\\"x\\") * 390_000_000;"
            " os.kill(os.getpid(), signal.SIGKILL)'"

    rule nested:
        output: "nested.txt"
        retries: 2
        shell: "echo $$ >> nested.count; echo no such sequence >&2; exit 13"
"""


def failed(lab: SlurmLab) -> dict[str, dict[str, Any]]:
    answer = json.loads(lab.observe("jobs", "--failed", "--format", "json").stdout)
    return {one["rule"]: one for one in answer["failures"]}


def text(lab: SlurmLab) -> str:
    return " ".join(lab.observe("jobs", "--failed").stdout.split())


def test_time_limit_and_out_of_memory_are_distinguished_with_used_and_requested(
    lab: SlurmLab,
) -> None:
    lab.snakefile(LIMITS)
    lab.slurm("--keep-going", check=False)
    found = failed(lab)
    slow, fat, nested = (found[rule] for rule in ("slow", "fat", "nested"))
    assert (slow["cause"], slow["certain"], slow["failures"][-1]["state"]) == (
        *("time_limit", True, "TIMEOUT"),
    )
    assert slow["time"]["requested_s"] == 60
    assert slow["time"]["used_s"] >= 59
    assert (fat["cause"], fat["certain"]) == ("out_of_memory", False)
    assert fat["failures"][-1]["signal"] in (9, None) or fat["failures"][-1]["exit_code"] == 137
    assert fat["memory"]["requested_bytes"] == 400_000_000
    # All steps that ran at once, with two Snakemake processes of 100 to 150 MB around the tool.
    assert 390e6 <= fat["memory"]["used_bytes"] < 750e6
    shown = text(lab)
    assert "time limit (TIMEOUT" in shown
    assert "of 1 min 00 s requested" in shown
    assert "MB used of 400 MB requested" in shown
    incidents = lab.incidents()
    strengths = {
        "time_limit": "certain",
        "out_of_memory": "likely",
        "retries_did_not_help": "certain",
    }
    assert {name: incidents[name]["strength"] for name in strengths} == strengths
    # Three levels deep: the job step's Snakemake follows the rule's retries as well.
    ran = len((lab.folder / "nested.count").read_text().splitlines())
    assert (nested["executions"], nested["failed_executions"]) == (ran, ran)
    assert ran == 10
    assert (nested["verdict"], nested["attempts"]) == ("deterministic", 3)
