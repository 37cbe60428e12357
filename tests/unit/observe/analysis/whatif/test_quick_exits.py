"""``--quick-exit``: a run as it would have been without the waits for timers."""

from typing import Any

import pytest
from builders import Story, an_execution, begun, level, stamps
from simulations import S, assumptions, changed, makespan

from snakemake_logger_plugin_observe.analysis.whatif.scenario import ScenarioError
from snakemake_logger_plugin_observe.analysis.whatif.scenario_effects import SAME

RATE = {"max_jobs_per_timespan": {"max_jobs": 100, "timespan": 30.0}}


def two_in_turn(
    wait_s: float | None = 1, *, exit_s: float = 2, poll_s: float = 0, **facts: Any
) -> Story:
    """Return two jobs of 10 s whose processes take *exit_s* to end, *wait_s* of it for a timer.

    The run ends with the last one, noticed *poll_s* after its node's end.
    """
    story = begun(**{"wraps": "cluster-generic", **facts})
    now = 3.0
    for job_id in (1, 2):
        tool_s, ended_s = now + 10, now + 10 + exit_s
        one = an_execution(begun=now, tool_started=now, tool_ended=tool_s, checked=tool_s)
        reported_s = ended_s + poll_s
        known = stamps(
            ready=now,
            selected=now,
            submitting=now,
            accepted=now,
            reported=reported_s,
            finished=reported_s,
        )
        story.job(job_id, needs=(1,) if job_id == 2 else ())
        story.attempt(
            *(job_id, known),
            level(one, pid=job_id, started=now, loaded=now, planned=now, ended=ended_s),
            external_jobid=f"7{job_id}",
            poll_interval_s=40 if poll_s else None,
            exit_wait_s=wait_s,
        )
        now = reported_s
    return story


def test_each_submission_ends_without_its_wait() -> None:
    run = two_in_turn().end(27).run
    assert makespan(changed(run, "quick-exit")) == (27 - 2 * 1) * S
    assert assumptions(run, "quick-exit") == [
        "--timed-quick-exit on: each process ends without the wait for a timer that it recorded"
    ]


def test_no_more_is_saved_than_the_processes_took_to_end() -> None:
    run = two_in_turn(5, exit_s=2).end(27).run
    assert makespan(changed(run, "quick-exit")) == (27 - 2 * 2) * S


def test_the_main_process_does_not_wait_for_the_timer_of_its_rate() -> None:
    """The last selection was at 15, and the process ended 30.2 s later."""
    run = two_in_turn(None, settings=RATE).phase("shutdown", 27, 45.2).end(45.2).run
    assert makespan(changed(run, "quick-exit")) == pytest.approx((27 + 0.2) * S)
    assert makespan(changed(run, "quick-exit max-jobs-per-timespan=9/1m")) == pytest.approx(
        (27 + 0.2) * S
    )


def test_with_early_checks_both_waits_go() -> None:
    story = two_in_turn(poll_s=28, settings=RATE)
    run = story.phase("shutdown", 83, 123, poll_interval_s=40).end(123).run
    woken, both = (makespan(changed(run, text)) for text in ("wake", "wake quick-exit"))
    assert woken >= (3 + 12 + 30) * S  # the timer of the second selection
    assert (3 + 2 * 11) * S <= both <= (3 + 2 * (11 + 0.6 + 3.5)) * S


def test_of_a_run_that_had_it_it_is_the_run() -> None:
    run = two_in_turn(0.01, quick_exit=True).end(27).run
    assert assumptions(run, "quick-exit") == [SAME]
    assert makespan(changed(run, "quick-exit")) == 27 * S


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (two_in_turn(None).end(27).run, "does not record that processes waited"),
        (Story(wrapped=False).run, "was not wrapped"),
    ],
)
def test_where_it_is_not_known_there_is_no_prediction(run: Any, why: str) -> None:
    with pytest.raises(ScenarioError, match=why):
        changed(run, "quick-exit")
