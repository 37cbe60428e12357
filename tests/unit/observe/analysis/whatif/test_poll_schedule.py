"""When the executor checks its jobs during a simulation."""

import pytest
from simulations import S, noticed

from snakemake_logger_plugin_observe.analysis.whatif.end_detection import infer_poll_schedule
from snakemake_logger_plugin_observe.analysis.whatif.poll_schedule import StatusChecks


@pytest.mark.parametrize(
    ("ended_s", "check_s"), [(3, 10), (10, 10), (10.5, 20), (41, 50), (95, 100)]
)
def test_after_the_known_checks_they_continue_at_the_same_interval(
    ended_s: float, check_s: float
) -> None:
    schedule = infer_poll_schedule(noticed(10, 20, 30), 10 * S, 5 * S, None)
    assert StatusChecks(schedule).after(round(ended_s * S)) == check_s * S


def test_at_another_interval_checks_start_when_scheduling_begins() -> None:
    schedule = infer_poll_schedule(noticed(5, 15), 10 * S, 5 * S, None)
    checks = [
        StatusChecks(schedule.at_interval(3 * S, 10 * S, 5 * S)).after(one * S) // S
        for one in (0, 6, 9, 14)
    ]
    assert checks == [5, 8, 11, 14]


def test_a_growing_interval_grows_until_something_is_found() -> None:
    checks = StatusChecks(infer_poll_schedule([], 10 * S, 0, None, growth=10 * S, longest=180 * S))
    assert checks.after(5 * S) == 10 * S
    assert checks.after(25 * S) == 40 * S
    checks.found(10 * S)
    assert checks.after(11 * S) == 20 * S
    assert checks.after(21 * S) == 40 * S
    assert checks.after(41 * S) == 70 * S


def test_an_end_in_the_distant_future_is_found_at_once() -> None:
    """A tampered journal's job may end in the year 9999: the checks until then are not counted."""
    checks = StatusChecks(infer_poll_schedule([], 10 * S, 0, None, growth=10 * S, longest=180 * S))
    year = 365 * 86_400
    check = checks.after(8_000 * year * S)
    assert 0 <= check - 8_000 * year * S < 180 * S


def test_checks_are_later_if_scheduling_begins_later() -> None:
    schedule = infer_poll_schedule(noticed(10, 20), 10 * S, 5 * S, None)
    assert StatusChecks(schedule, 3 * S).after(11 * S) == 13 * S


def test_an_interval_does_not_grow_while_there_is_no_job_to_check() -> None:
    schedule = infer_poll_schedule([], 10 * S, 0, None, growth=10 * S, longest=180 * S)
    checks = StatusChecks(schedule)
    checks.idle_until(35 * S)
    assert checks.after(36 * S) == 40 * S  # as at 10, 20 and 30, with nothing to check
    assert checks.after(41 * S) == 60 * S


def test_an_interval_goes_on_growing_if_only_failed_jobs_are_found() -> None:
    schedule = infer_poll_schedule([], 10 * S, 0, None, growth=10 * S, longest=180 * S)
    checks = StatusChecks(schedule)
    assert checks.after(25 * S) == 40 * S
    checks.found(40 * S, well=False)
    assert checks.after(41 * S) == 70 * S
