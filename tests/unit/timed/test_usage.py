"""What tools use: the kernel's counters, for a tool that ran alone in its process."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from snakemake_executor_plugin_timed.usage import Meter, _cgroup_peak

BURN = "import sys, time\nwhile time.process_time() < 0.3: pass\nx = bytearray(int(sys.argv[1]))"


def larger_than_all_so_far() -> int:
    """Return more bytes than this process or a child of it ever used."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) * 1024 + 50_000_000


def test_a_tool_s_cpu_and_memory_are_its_own() -> None:
    size = larger_than_all_so_far()
    meter = Meter()
    meter.start(1, in_process=False)
    subprocess.run([sys.executable, "-c", BURN, str(size)], check=True)
    used = meter.stop(1, in_process=False)
    assert 0.3 <= used["user_s"] + used["system_s"] < 2
    assert size <= used["peak_rss_bytes"] < size + 100_000_000
    assert used["peak_rss_bound_bytes"] == used["peak_rss_bytes"]


def test_a_tool_smaller_than_this_process_has_only_a_bound() -> None:
    """The kernel counts a child from its fork on, when it is as large as its parent."""
    meter = Meter()
    meter.start(1, in_process=False)
    subprocess.run(["true"], check=True)
    used = meter.stop(1, in_process=False)
    assert used["peak_rss_bytes"] is None
    assert used["peak_rss_bound_bytes"] > 0


def test_the_usage_of_concurrent_tools_is_unknown() -> None:
    meter = Meter()
    meter.start(1, in_process=False)
    meter.start(2, in_process=False)
    assert meter.stop(1, in_process=False) == {}
    meter.start(3, in_process=False)
    assert meter.stop(2, in_process=False) == {}
    assert meter.stop(3, in_process=False) == {}
    meter.start(4, in_process=False)
    assert "user_s" in meter.stop(4, in_process=False)


def test_python_code_of_a_rule_uses_what_its_process_uses() -> None:
    meter = Meter()
    meter.start(1, in_process=True)
    sum(i * i for i in range(3_000_000))
    used = meter.stop(1, in_process=True)
    assert used["user_s"] > 0.05
    assert used["peak_rss_bytes"] > 0


def test_written_bytes_are_the_tool_s(tmp_path: Path) -> None:
    meter = Meter()
    meter.start(1, in_process=False)
    command = "import os; f = open('a', 'wb'); f.write(bytes(5_000_000)); f.flush(); os.fsync(f)"
    subprocess.run([sys.executable, "-c", command], cwd=tmp_path, check=True)
    used = meter.stop(1, in_process=False)
    if "written_bytes" not in used:
        pytest.skip("this kernel counts no bytes")
    assert 5_000_000 <= used["written_bytes"] < 10_000_000


@pytest.mark.parametrize(
    ("line", "where", "peak"),
    [
        ("0::/slurm/job_7/step_0/user/task_0", "sys/fs/cgroup/slurm/job_7/memory.peak", 123),
        (
            "3:memory:/slurm/uid_0/job_7/step_0\n1:cpu:/slurm/uid_0/job_7/step_0",
            "sys/fs/cgroup/memory/slurm/uid_0/job_7/memory.max_usage_in_bytes",
            123,
        ),
        ("0::/slurm/job_71/step_0", "sys/fs/cgroup/slurm/job_71/memory.peak", None),
        ("0::/user.slice/session-1.scope", "sys/fs/cgroup/user.slice/memory.peak", None),
        ("nonsense", "x", None),
    ],
)
def test_only_the_job_s_own_control_group_counts(
    tmp_path: Path, line: str, where: str, peak: int | None
) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(line + "\n")
    (tmp_path / where).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / where).write_text("123\n")
    assert _cgroup_peak({"SLURM_JOB_ID": "7"}, str(tmp_path)) == peak


def test_without_a_job_id_no_control_group_counts() -> None:
    assert _cgroup_peak({}) is None
