"""Slurm's reasons: which will not pass by waiting."""

import pytest

from snakemake_logger_plugin_observe.analysis.live.reasons import obstacle


@pytest.mark.parametrize(
    "reason",
    [None, "Priority", "Resources", "Dependency", "BeginTime", "Cleaning", "Licenses", "?"],
)
def test_a_reason_that_passes_is_no_obstacle(reason: str | None) -> None:
    assert obstacle(reason) is None


@pytest.mark.parametrize(
    ("reason", "kind", "passes"),
    [
        ("PartitionTimeLimit", "time_limit", False),
        ("PartitionNodeLimit", "partition", False),
        ("PartitionDown", "partition", False),
        ("JobHeldUser", "held", False),
        ("JobHeldAdmin", "held", False),
        ("launch failed requeued held", "held", False),
        ("DependencyNeverSatisfied", "dependency", False),
        ("ReqNodeNotAvail, UnavailableNodes:n[1-2]", "nodes", False),
        ("Nodes required for job are DOWN, DRAINED or reserved for jobs in", "nodes", False),
        ("BadConstraints", "nodes", False),
        ("InvalidQOS", "account", False),
        ("QOSMaxWallDurationPerJobLimit", "limit", False),
        ("QOSMaxCpuPerJobLimit", "limit", False),
        ("AssocGrpCPUMinutesLimit", "limit", False),
        ("AssocGrpCpuLimit", "limit", True),
        ("QOSMaxJobsPerUserLimit", "limit", True),
        ("MaxJobsPerAccount", "limit", True),
    ],
)
def test_an_obstacle_has_a_kind(reason: str, kind: str, passes: bool) -> None:
    found = obstacle(reason)
    assert found is not None
    assert (found.kind, found.passes) == (kind, passes)
    assert found.means
    assert found.to_do
    assert found.why
