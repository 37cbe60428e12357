"""How many cores a run may use."""

import os
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.recording.machine import usable_cpus


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
