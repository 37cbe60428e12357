"""When the executor looked, as the ends that it noticed tell; and when it would look next."""

import pytest

from snakemake_logger_plugin_observe.analysis.whatif.poll_schedule import (
    NoticedEnd,
    StatusChecks,
    infer_poll_schedule,
)

S = 1_000_000


def noticed(*reported_s: float, every_s: float = 10) -> list[NoticedEnd]:
    return [NoticedEnd(round(one * S), 0, round(every_s * S)) for one in reported_s]


def seconds(moments: tuple[int, ...]) -> list[float]:
    return [moment / S for moment in moments]


def test_between_two_looks_that_found_something_lie_those_that_found_nothing() -> None:
    polls = infer_poll_schedule(noticed(10, 40), 10 * S, 5 * S, None, adaptive=False)
    assert seconds(polls.seen) == [10, 20, 30, 40]


def test_before_the_first_that_found_something_looks_are_counted_back() -> None:
    polls = infer_poll_schedule(noticed(33), 10 * S, 2 * S, None, adaptive=False)
    assert seconds(polls.seen) == [13, 23, 33]


def test_what_one_look_noticed_one_after_the_other_is_one_look() -> None:
    polls = infer_poll_schedule(noticed(10, 10.1, 10.2, 20.2), 10 * S, 9 * S, None, adaptive=False)
    assert seconds(polls.seen) == [10, 20.2]


def test_a_job_that_ended_after_a_look_began_was_noticed_by_another() -> None:
    known = [NoticedEnd(10 * S, 9 * S, 10 * S), NoticedEnd(11 * S, round(10.5 * S), 10 * S)]
    assert seconds(infer_poll_schedule(known, 10 * S, 9 * S, None, adaptive=False).seen) == [10, 11]


def test_where_the_interval_grows_looks_that_found_nothing_came_less_often() -> None:
    # slept 20 s before the one at 60, 10 s before that one: a look at 40, and at 30, which found
    known = [NoticedEnd(30 * S, 0, 10 * S), NoticedEnd(60 * S, 0, 20 * S)]
    assert seconds(infer_poll_schedule(known, 10 * S, 20 * S, None, adaptive=True).seen) == [
        30,
        40,
        60,
    ]


@pytest.mark.parametrize(
    ("ended_s", "look_s"), [(3, 10), (10, 10), (10.5, 20), (41, 50), (95, 100)]
)
def test_after_the_looks_that_are_known_they_come_at_the_same_interval(
    ended_s: float, look_s: float
) -> None:
    polls = infer_poll_schedule(noticed(10, 20, 30), 10 * S, 5 * S, None, adaptive=False)
    assert StatusChecks(polls).after(round(ended_s * S)) == look_s * S


def test_at_another_interval_they_come_from_when_scheduling_began() -> None:
    polls = infer_poll_schedule(noticed(5, 15), 10 * S, 5 * S, None, adaptive=False).at_every(
        3 * S, 10 * S, 5 * S
    )
    assert [StatusChecks(polls).after(one * S) // S for one in (0, 6, 9, 14)] == [5, 8, 11, 14]


def test_an_interval_that_grows_grows_until_something_is_found() -> None:
    polls = infer_poll_schedule([], 10 * S, 0, None, adaptive=True)
    looks = StatusChecks(polls)
    assert looks.after(5 * S) == 10 * S
    assert looks.after(25 * S) == 40 * S
    looks.found(10 * S)
    assert looks.after(11 * S) == 20 * S
    assert looks.after(21 * S) == 40 * S
    assert looks.after(41 * S) == 70 * S


def test_they_come_later_where_scheduling_begins_later() -> None:
    polls = infer_poll_schedule(noticed(10, 20), 10 * S, 5 * S, None, adaptive=False)
    assert StatusChecks(polls, 3 * S).after(11 * S) == 13 * S
