"""What a process on the node knows of itself."""

import os
from itertools import pairwise

import pytest

from snakemake_executor_plugin_timed import node
from snakemake_logger_plugin_observe import clock


def test_the_ancestors_of_a_process_began_one_after_the_other() -> None:
    parent, *further = node._ancestors_started()
    assert parent == pytest.approx(clock.process_started(os.getppid()), abs=20_000)
    assert all(earlier <= later + 20_000 for later, earlier in pairwise([parent, *further]))
