"""What tools used: the kernel's counters of their processes."""

import resource
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.shell import shell  # noqa: F401 - loads the module

from snakemake_executor_plugin_timed import own_memory, tool_processes, usage
from snakemake_executor_plugin_timed.memory_samples import Sampled
from snakemake_executor_plugin_timed.usage import Fields, Meter, _cgroup_peak

JOB = SimpleNamespace()
SHELL = sys.modules["snakemake.shell"]  # the package's attribute of this name is a class
BURN = "import sys, time\nwhile time.process_time() < 0.3: pass\nx = bytearray(int(sys.argv[1]))"


def larger_than_all_so_far() -> int:
    """Return more bytes than this process or a child of it ever used."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) * 1024 + 50_000_000


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> Meter:
    monkeypatch.setattr(SHELL, "sp", subprocess)
    return Meter()


def used_by(meter: Meter, *command: str) -> Fields:
    meter.start(1, in_process=False)
    SHELL.sp.Popen(command).wait()
    return meter.stop(1, JOB, in_process=False).used()


def test_a_tool_s_cpu_and_memory_are_its_own(meter: Meter) -> None:
    size = larger_than_all_so_far()
    used = used_by(meter, sys.executable, "-c", BURN, str(size))
    assert 0.3 <= used["user_s"] + used["system_s"] < 2
    assert size <= used["peak_rss_bytes"] < size + 100_000_000
    assert used["peak_rss_bound_bytes"] == used["peak_rss_bytes"]


def test_a_tool_smaller_than_this_process_has_only_a_bound(meter: Meter) -> None:
    """The kernel counts a child from its fork on, when it is as large as its parent."""
    used = used_by(meter, "true")
    assert used["peak_rss_bytes"] is None
    assert used["peak_rss_bound_bytes"] > 0


def test_a_tool_that_seems_a_little_larger_than_this_process_may_be_smaller(
    meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel's counts of pages are rough: a child's may be above its parent's size."""
    bound = used_by(meter, "true")["peak_rss_bound_bytes"]
    monkeypatch.setattr(own_memory, "high_water_mark", lambda: bound - 500_000)
    assert used_by(Meter(), "true")["peak_rss_bytes"] is None


def test_this_process_s_peak_is_looked_up_for_tools_that_may_be_larger(
    meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It only grows: a tool below what it once was is smaller."""
    looked: list[int] = []
    peak = usage._own_peak
    monkeypatch.setattr(usage, "_own_peak", lambda: looked.append(1) or peak())
    assert [used_by(meter, "true")["peak_rss_bytes"] for _ in range(3)] == [None] * 3
    assert len(looked) == 1
    size = larger_than_all_so_far()
    used = used_by(meter, sys.executable, "-c", BURN, str(size))
    assert (len(looked), used["peak_rss_bytes"]) == (2, used["peak_rss_bound_bytes"])


def test_a_counter_that_a_larger_parent_began_is_not_this_process_s_own_until_it_has_grown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own, peak = 50, own_memory.OwnPeak()
    monkeypatch.setattr(own_memory, "high_water_mark", lambda: own)
    assert peak.of(80) == 50
    own = 80
    assert peak.of(80) == 80
    own = 0  # it is not asked for again
    assert peak.of(90) == 90


class Samples:
    """Has seen each process at a size that is so many bytes below its upper bound."""

    def __init__(self, below: int) -> None:
        self.below = below

    def watch(self, pid: int) -> None:
        """Do nothing."""

    def forget(self, pid: int) -> Sampled:
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        size = max(1, own - self.below)
        return Sampled(peak=size, together=size, at_once=1, samples=1)


@pytest.mark.parametrize(("below", "is_known"), [(1_000_000, True), (40_000_000, False)])
def test_a_small_tool_s_peak_is_known_if_its_bounds_are_close(
    meter: Meter, monkeypatch: pytest.MonkeyPatch, below: int, is_known: bool
) -> None:
    """This process has grown to the size that the kernel counts from."""
    monkeypatch.setattr(tool_processes, "_samples", Samples(below))
    used = used_by(meter, "true")
    assert 0 < used["peak_rss_least_bytes"] <= used["peak_rss_bound_bytes"]
    expected = used["peak_rss_bound_bytes"] if is_known else None
    assert used["peak_rss_bytes"] == expected
    assert used["processes_at_once"] == 1


def test_the_use_of_concurrent_tools_is_each_one_s_own(meter: Meter) -> None:
    """In real runs each has its own thread."""
    found: list[Fields] = []

    def run(tool: int) -> None:
        meter.start(tool, in_process=False)
        SHELL.sp.Popen([sys.executable, "-c", BURN, "1"]).wait()
        found.append(meter.stop(tool, JOB, in_process=False).used())

    threads = [threading.Thread(target=run, args=(tool,)) for tool in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(0.3 <= one["user_s"] + one["system_s"] < 0.6 for one in found)


def test_a_job_that_runs_no_command_uses_nothing(meter: Meter) -> None:
    meter.start(1, in_process=False)
    used = meter.stop(1, JOB, in_process=False).used()
    assert (used["user_s"], used["system_s"], used.get("peak_rss_bound_bytes")) == (0, 0, None)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("is_run", "its code ran in another Snakemake process, which was not measured"),
        ("is_shadow", "its code ran in another Snakemake process, which was not measured"),
        ("is_template_engine", "its Python code ran inside Snakemake's own process"),
    ],
)
def test_code_that_starts_no_process_here_is_not_taken_for_none(
    meter: Meter, kind: str, reason: str
) -> None:
    meter.start(1, in_process=False)
    used = meter.stop(1, SimpleNamespace(**{kind: True}), in_process=False).used()
    assert used == {"unobserved": reason}


def test_a_process_that_was_not_waited_for_makes_the_use_unknown(meter: Meter) -> None:
    meter.start(1, in_process=False)
    process = SHELL.sp.Popen(["sleep", "30"])
    used = meter.stop(1, JOB, in_process=False).used()
    process.kill()
    process.wait()
    assert used == {"unobserved": "a process of it was still running when its job ended"}


def test_a_snakemake_that_starts_its_tools_in_another_way_makes_the_use_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SHELL, "sp", None)
    meter = Meter()
    meter.start(1, in_process=False)
    used = meter.stop(1, JOB, in_process=False).used()
    assert used == {"unobserved": "this version of Snakemake starts its tools in another way"}


def test_python_code_of_a_rule_uses_what_its_process_uses(meter: Meter) -> None:
    meter.start(1, in_process=True)
    sum(i * i for i in range(3_000_000))
    used = meter.stop(1, JOB, in_process=True).used()
    assert used["user_s"] > 0.05
    assert used["peak_rss_bytes"] > 0


def test_python_code_next_to_another_tool_has_no_use_of_its_own(meter: Meter) -> None:
    meter.start(1, in_process=True)
    meter.start(2, in_process=False)
    meter.stop(2, JOB, in_process=False)
    used = meter.stop(1, JOB, in_process=True).used()
    assert used == {"unobserved": "other tools ran in the same process at the time"}
    meter.start(3, in_process=True)
    assert "user_s" in meter.stop(3, JOB, in_process=True).used()


def test_written_bytes_are_the_tool_s(meter: Meter, tmp_path: Path) -> None:
    command = (
        "import os, sys; f = open(sys.argv[1], 'wb'); f.write(bytes(5_000_000)); f.flush(); "
        "os.fsync(f)"
    )
    used = used_by(meter, sys.executable, "-c", command, str(tmp_path / "a"))
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
