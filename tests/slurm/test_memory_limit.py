"""A cluster that kills jobs that exceed their memory; run.py starts it for these tests."""

import json

import pytest
from cluster import Cluster
from slurm_lab import SlurmLab


def test_a_step_killed_for_its_memory_is_out_of_memory(lab: SlurmLab, cluster: Cluster) -> None:
    """The job's state is only FAILED; the log of the daemon that killed its step has the reason."""
    assert "OverMemoryKill" in cluster.client("scontrol", "show", "config")
    lab.snakefile("""
        rule all:
            output: "out.txt"
            resources: mem_mb=400
            shell: "python3 -c 'import time; held = bytearray(b\\"x\\") * 900_000_000; time.sleep(30)'"
    """)
    lab.slurm(check=False)
    answer = json.loads(lab.observe("jobs", "--failed", "--format", "json").stdout)
    (one,) = answer["failures"]
    assert (one["cause"], one["certain"]) == ("out_of_memory", True)
    assert "memory limit" in one["failures"][-1]["last_line"]["text"]
    assert one["memory"]["requested_bytes"] == 400_000_000
    assert one["memory"]["used_bytes"] == pytest.approx(1050e6, rel=0.5)
    (name, incident), *_ = lab.incidents().items()
    assert (name, incident["strength"]) == ("out_of_memory", "certain")
    text = lab.observe("jobs", "--failed").stdout
    assert "out of memory (FAILED" in text
    assert "used of 400 MB requested" in text
