"""What an interruption cut off is cancelled; what failed by itself is not."""

from typing import Any

import pytest
from builders import Story, begun
from failing import fails

from snakemake_logger_plugin_observe.analysis.failures.failures import failures

LONG_AFTER = 60


def one_job(moment_s: float, kind: str = "terminated", **how: Any) -> Story:
    """Return a run that was interrupted at *moment_s*, whose only job failed at second 7."""
    story = fails(begun().job(1), 1, **how)
    return story.message(moment_s, "Will exit", kind=kind).end(LONG_AFTER + 9, "interrupted")


@pytest.mark.parametrize("code", [-2, -15, 130, 143])
@pytest.mark.parametrize("kind", ["terminated", "interrupted"])
def test_a_tool_that_died_of_the_interruption_is_cancelled(code: int, kind: str) -> None:
    run = one_job(1, kind, code=code).run
    (attempt,) = run.attempts.values()
    assert (attempt.status, attempt.cut_off) == ("cancelled", True)
    assert failures(run) == ()


@pytest.mark.parametrize("code", [1, -9, -11])
def test_another_end_is_a_failure_of_the_tool(code: int) -> None:
    (failure,) = failures(one_job(1, code=code).run)
    assert failure.outcome == "failed"


def test_a_signal_long_before_the_interruption_is_not_of_it() -> None:
    (failure,) = failures(one_job(LONG_AFTER, code=-15).run)
    assert (failure.outcome, failure.last.why.signal) == ("failed", 15)


def test_a_signal_in_a_run_that_was_not_interrupted_is_a_failure() -> None:
    (failure,) = failures(fails(begun().job(1), 1, code=-15).end(9, "failed").run)
    assert failure.cause == "signal"
