"""Slurm's reasons: which keep a job back, and of which kind they are."""

from typing import get_args

import pytest

from snakemake_logger_plugin_observe.run.slurm_reasons import _PATTERNS, Kind, keeps_back, kind_of


def test_every_kind_has_reasons() -> None:
    assert set(_PATTERNS) == set(get_args(Kind))


@pytest.mark.parametrize(
    "reason", [None, "None", "Priority", "Resources", "Cleaning", "NodeDown", "(Priority)", "?"]
)
def test_a_busy_cluster_keeps_nothing_back(reason: str | None) -> None:
    assert not keeps_back(reason)


@pytest.mark.parametrize(
    "reason",
    [
        *("JobHeldUser", "BeginTime", "Dependency", "PartitionTimeLimit", "(JobHeldAdmin)"),
        *("AssocGrpCpuLimit", "QOSMaxCpuPerUserLimit", "MaxJobsPerAccount", "AssociationJobLimit"),
        *("PartitionDown", "PartitionInactive", "launch failed requeued held", "MaxCpuPerAccount"),
    ],
)
def test_a_hold_or_a_limit_keeps_back(reason: str) -> None:
    assert keeps_back(reason)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("PartitionTimeLimit", "time_limit"),
        ("PartitionNodeLimit", "partition_limit"),
        ("PartitionDown", "partition_down"),
        ("JobHeldUser", "held"),
        ("JobHeldAdmin", "held_by_administrator"),
        ("launch failed requeued held", "held"),
        ("DependencyNeverSatisfied", "failed_dependency"),
        ("Dependency", "later"),
        ("ReqNodeNotAvail, UnavailableNodes:n[1-2]", "nodes"),
        ("Nodes required for job are DOWN, DRAINED or reserved for jobs in", "nodes"),
        ("BadConstraints", "constraints"),
        ("InvalidQOS", "account"),
        ("QOSMaxWallDurationPerJobLimit", "limit_of_one_job"),
        ("QOSMaxCpuPerJobLimit", "limit_of_one_job"),
        ("AssocGrpCPUMinutesLimit", "budget"),
        ("AssocGrpCpuLimit", "shared_limit"),
        ("QOSMaxJobsPerUserLimit", "shared_limit"),
        ("MaxJobsPerAccount", "shared_limit"),
    ],
)
def test_a_reason_has_a_kind(reason: str, kind: Kind) -> None:
    assert kind_of(reason) == kind
