"""Whether the allocation that Snakemake itself ran in was what ended a run."""

from pathlib import Path

import pytest
from answers import render, shape
from builders import Story, at, begun

from snakemake_logger_plugin_observe.analysis.failures.allocation_limit import (
    allocation_that_ran_out,
)
from snakemake_logger_plugin_observe.journal.events import Allocation
from snakemake_logger_plugin_observe.reporters.answers import JobsAnswer, Source


def allocated(end_s: float | None = 600) -> Story:
    return begun().add(Allocation(time=at(3), cluster_job="4211", nodes="n1", end=at(end_s)))


@pytest.mark.parametrize(
    ("status", "last_s", "out"),
    [
        ("killed", 595, True),
        ("killed", 640, True),
        ("interrupted", 570, True),
        ("killed", 100, False),
        ("failed", 595, False),
        ("success", 595, False),
    ],
)
def test_a_run_that_ended_with_its_allocation_was_out_of_time(
    status: str, last_s: float, out: bool
) -> None:
    run = allocated().message(last_s, "still here").run
    assert (allocation_that_ran_out(run, status) is not None) == out


def test_without_an_allocation_or_its_end_nothing_ran_out() -> None:
    assert allocation_that_ran_out(begun().message(595, "still here").run, "killed") is None
    assert allocation_that_ran_out(allocated(None).message(595, "still here").run, "killed") is None


def test_it_is_said() -> None:
    run = allocated().message(595, "still here").run
    answer = JobsAnswer(Source(Path("a.jsonl"), run, "killed"), (), failed_only=True)
    said = " ".join(render(answer).split())
    assert (
        "the slurm job 4211 that Snakemake itself ran in was out of time at 2026-03-01 12:10:00"
        in said
    )
    assert shape(answer)["allocation_ran_out"] is True
