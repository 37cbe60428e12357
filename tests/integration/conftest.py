"""Labs for tests: a fresh one each, or one that several look at."""

from collections.abc import Callable
from pathlib import Path

import pytest
from lab import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.fixture(scope="session")
def new_lab(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Lab]:
    """Make a lab that several tests look at."""
    return lambda name: Lab(tmp_path_factory.mktemp(name))
