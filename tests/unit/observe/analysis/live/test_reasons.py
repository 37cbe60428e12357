"""Slurm's reasons: which will not pass by waiting, and what to do."""

from typing import get_args

import pytest

from snakemake_logger_plugin_observe.analysis.live.reasons import _OBSTACLES, obstacle
from snakemake_logger_plugin_observe.run.slurm_reasons import Kind


@pytest.mark.parametrize(
    "reason",
    [None, "Priority", "Resources", "Dependency", "BeginTime", "Cleaning", "Licenses", "?"],
)
def test_a_reason_that_passes_is_no_obstacle(reason: str | None) -> None:
    assert obstacle(reason) is None


def test_every_other_kind_is_one() -> None:
    assert set(_OBSTACLES) == {*get_args(Kind)} - {"later"}


@pytest.mark.parametrize(
    ("reason", "passes"),
    [
        ("PartitionTimeLimit", False),
        ("JobHeldUser", False),
        ("BadConstraints", False),
        ("QOSMaxCpuPerJobLimit", False),
        ("AssocGrpCPUMinutesLimit", False),
        ("AssocGrpCpuLimit", True),
        ("QOSMaxJobsPerUserLimit", True),
        ("MaxCpuPerAccount", True),
    ],
)
def test_a_limit_that_several_jobs_share_passes_when_others_end(reason: str, passes: bool) -> None:
    found = obstacle(reason)
    assert found is not None
    assert found.passes == passes
