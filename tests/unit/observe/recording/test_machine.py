"""How much of its machine a run may use."""

import os
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.recording.machine import usable_cpus, usable_memory


@pytest.mark.parametrize("quota", [None, "max 100000", "nonsense", "1000 0", ""])
def test_without_a_limit_it_is_all_that_the_process_may_run_on(
    tmp_path: Path, quota: str | None
) -> None:
    if quota is not None:
        (tmp_path / "cpu.max").write_text(quota)
    assert usable_cpus(tmp_path / "cpu.max") == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("quota", ["100000 100000", "50000 100000"])
def test_a_container_s_limit_counts(tmp_path: Path, quota: str) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    assert usable_cpus(tmp_path / "cpu.max") == 1


@pytest.mark.parametrize("limit", [None, "max", "nonsense", ""])
def test_without_a_limit_it_is_all_memory(tmp_path: Path, limit: str | None) -> None:
    if limit is not None:
        (tmp_path / "memory.max").write_text(limit)
    known = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert usable_memory(tmp_path / "memory.max") == known


def test_a_container_s_limit_on_memory_counts(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("1000000")
    assert usable_memory(tmp_path / "memory.max") == 1_000_000
