"""Ten small jobs on an idle cluster: the account names the change in one sentence."""

import json
import re

import pytest
from slurm_lab import SlurmLab

pytestmark = pytest.mark.timed

# The executor's own interval, not the tests': that is what the account is about.
DEFAULTS = (
    *("--logger", "observe", "--executor", "timed", "--timed-wraps", "slurm", "--jobs", "10"),
    *("--default-resources", "slurm_account=test", "runtime=240", "mem_mb=2000"),
)


def test_ten_jobs_of_half_a_second(lab: SlurmLab) -> None:
    lab.snakefile("""
        localrules: all

        rule all:
            input: expand("{i}.txt", i=range(10))

        rule work:
            output: "{i}.txt"
            shell: "sleep 0.5; touch {output}"
    """)
    lab.snakemake(*DEFAULTS)
    text = " ".join(lab.observe("cost").stdout.split())
    (advice,) = re.findall(r"What to change: .*?\.(?= Where | !|$)", text)
    assert advice.startswith("What to change: add --timed-wake on ")
    answer = json.loads(lab.observe("cost", "--format", "json").stdout)
    first = answer["advice"][0]
    assert first["kind"] == "wake"
    assert first["settings"].items() >= {"wake": True}.items()
    assert first["saves_s"] > answer["run"]["makespan_s"] / 4
    off = {one["resource"]: one for one in answer["request_mismatches"]}
    assert off["runtime"]["requested"] == 240 * 60
    assert off["memory"]["requested"] == 2000e6
    assert 50e6 < off["memory"]["used"] < 500e6
