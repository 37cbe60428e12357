"""What several tests of the wrapper use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from snakemake_executor_plugin_timed.fragments import Fragments


@pytest.fixture
def fragments(tmp_path: Path) -> Iterator[Fragments]:
    made = Fragments(tmp_path / "work" / ".snakemake" / "observe")
    made.make_folder()
    yield made
    made.close()
