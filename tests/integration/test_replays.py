"""A run simulated with the settings that it had is that run, and what kept its jobs back is named."""

import json
from pathlib import Path
from typing import Any

import pytest
from lab import BOTH, Lab, phases_s

from snakemake_logger_plugin_observe.clock import to_seconds

EPILOGUE_S = 3
CHAIN = """
    localrules: all
    rule all:
        input: "second.txt"
    rule first:
        output: "first.txt"
        shell: "sleep 0.2; touch {output}"
    rule second:
        input: "first.txt"
        output: "second.txt"
        shell: "sleep 0.2; touch {output}"
"""
# A cluster whose jobs have ended only some seconds after their last process has gone.
SUBMIT = f"""#!/bin/bash
id=$(mktemp -u XXXXXXXX)
cp "$1" "$PWD/job.$id"
setsid bash -c 'bash "$0"; rc=$?; sleep {EPILOGUE_S}; echo $rc > "$0.end"' "$PWD/job.$id" \\
    < /dev/null > /dev/null 2>&1 &
echo "$id"
"""
STATUS = """#!/bin/bash
[ -s "$PWD/job.$1.end" ] || { echo running; exit; }
[ "$(cat "$PWD/job.$1.end")" = 0 ] && echo success || echo failed
"""
THREE = """
    rule all:
        input: expand("{n}.txt", n=range(3))
    rule work:
        output: "{n}.txt"
        shell: "touch {output}"
"""


def answer(lab: Lab, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.observe(*arguments, "--format", "json").stdout)
    return found


def script(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_what_a_cluster_does_after_a_job_s_end_is_not_waiting_for_a_status_check(lab: Lab) -> None:
    lab.snakefile(CHAIN)
    lab.snakemake(
        *(*BOTH, "--jobs", "4", "--timed-wraps", "cluster-generic"),
        *("--cluster-generic-submit-cmd", script(lab.folder / "submit.sh", SUBMIT)),
        *("--cluster-generic-status-cmd", script(lab.folder / "status.sh", STATUS)),
        *("--cluster-generic-cancel-cmd", "true", "--seconds-between-status-checks", "1"),
    )
    jobs = [one for one in lab.run().attempts.values() if one.external_jobid]
    assert len(jobs) == 2
    for job in jobs:
        check, known = job.status_check, phases_s(job)
        assert check is not None
        assert check.previous is not None
        assert check.slept is not None
        assert known["poll_wait"] <= to_seconds(check.begun - check.slept) + 1e-6
        assert known["node_exit"] + to_seconds(check.begun - check.previous) >= EPILOGUE_S
    found = answer(lab, "whatif", "--poll", "1", "--with", "jobs=4")
    (in_force,) = found["predictions"]
    assert in_force["predicted_s"] == found["unchanged_s"]
    assert in_force["predicted_s"] == pytest.approx(found["measured_s"], rel=0.02)
    assert answer(lab, "validate")["replay"]["faithful"] is True


def test_a_rate_that_keeps_jobs_back_is_named_and_no_number_of_cores(lab: Lab) -> None:
    lab.snakefile(THREE)
    lab.snakemake(*BOTH, "--cores", "3", "--max-jobs-per-timespan", "1/2s")
    (held,) = answer(lab, "cost")["held_back"]
    assert held["setting"] == "--max-jobs-per-timespan 1/2s"
    assert held["jobs"] in (2, 3)  # ``all``, too, unless the last job took longer than that
    found = answer(lab, "whatif", "--cores", "1")
    (one_core,) = found["predictions"]
    # At most, no two of them go on at a time.
    own_s = sum(
        seconds
        for one in lab.run().attempts.values()
        for phase, seconds in phases_s(one).items()
        if phase != "slot_wait"
    )
    near_s = 0.02 * found["measured_s"]
    slower_s = one_core["predicted_s"] - found["measured_s"]
    assert -near_s <= slower_s <= own_s + near_s
