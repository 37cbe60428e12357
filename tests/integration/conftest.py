"""Labs for tests: a fresh one for each, or one that several tests share."""

from collections.abc import Callable
from pathlib import Path

import pytest
from daily_runs import HERE, SAMPLES, SUMS
from lab import Lab


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Start Python anew for each Snakemake run only where that matters: it takes a second."""
    Lab.warm = not any(item.get_closest_marker(name) for name in ("timed", "slow", "cold"))


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.fixture
def samples(lab: Lab) -> Lab:
    """A workflow over the samples of a table, run once over A and B."""
    lab.snakefile(SAMPLES)
    (lab.folder / "samples.txt").write_text("A B")
    lab.snakemake(*HERE, *SUMS)
    return lab


@pytest.fixture(scope="session")
def new_lab(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Lab]:
    """Return a function that creates a lab for several tests."""
    return lambda name: Lab(tmp_path_factory.mktemp(name))
