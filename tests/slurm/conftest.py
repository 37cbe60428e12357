"""Fixtures of the cluster tests: the cluster that ``run.py`` started, and labs on it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster import Cluster
from slurm_lab import SlurmLab


def pytest_configure() -> None:
    if "SLURM_CONF" not in os.environ:
        raise pytest.UsageError("no cluster: these tests are run by tests/slurm/run.py")


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    return Cluster(Path(os.environ["SLURM_CONF"]).parents[1])


@pytest.fixture
def lab(tmp_path: Path, cluster: Cluster) -> SlurmLab:
    return SlurmLab(tmp_path)


@pytest.fixture(scope="session")
def new_lab(
    tmp_path_factory: pytest.TempPathFactory, cluster: Cluster
) -> Callable[[str], SlurmLab]:
    """Return a function that creates a lab for several tests."""
    return lambda name: SlurmLab(tmp_path_factory.mktemp(name))
