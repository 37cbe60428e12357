"""Flags of the executor plugin have no effect on a run of another executor, which is said."""

from argparse import Namespace
from dataclasses import MISSING
from typing import Any

import pytest

from snakemake_logger_plugin_observe.recording.unused_flags import without_effect


def given(**flags: Any) -> Namespace:
    """Return a command line: what is not given has the interface's marker."""
    names = ("wraps", "wake", "quick_exit", "announce", "accounting", "node_stamps", "record")
    return Namespace(**{f"timed_{name}": flags.get(name, MISSING) for name in names})


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (given(wake="on"), "--timed-wake had no effect: add --executor timed"),
        (
            given(wraps="slurm", quick_exit="on"),
            "--timed-wraps, --timed-quick-exit had no effect: add --executor timed",
        ),
        (given(wake="off", node_stamps="off"), ""),
        (given(), ""),
        (None, ""),
        (Namespace(), ""),
    ],
)
def test_what_has_no_effect_is_named(args: Any, said: str) -> None:
    assert without_effect(args, "local") == said


@pytest.mark.parametrize("executor", ["timed", None])
def test_nothing_is_said_of_a_run_that_is_timed_or_may_be(executor: str | None) -> None:
    assert without_effect(given(wake="on", wraps="local"), executor) == ""
