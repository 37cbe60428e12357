"""When to check early: at growing steps after an end, from a learned first one, within a budget."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from snakemake_executor_plugin_timed.early_checks import SECOND, EarlyChecks


def at(seconds: float) -> int:
    return round(seconds * SECOND)


def checks(*accepted: str, interval: float = 40) -> EarlyChecks:
    """Return the checks of an executor that sleeps for *interval*, with submissions that go on."""
    made = EarlyChecks(started=0, interval=at(interval))
    for name in accepted:
        made.expect(name)
    return made


def early(made: EarlyChecks, seconds: float) -> None:
    """Begin an early check at the moment that is due."""
    assert made.due(at(seconds)) == at(seconds)
    made.begin(at(seconds), early=True)


def noticed_after(made: EarlyChecks, name: str, rang: float, lag: float) -> list[float]:
    """Let *name* ring, and check when it is due, until a scheduler that lags reports its end."""
    made.expect(name)
    made.rang(name, at(rang))
    steps = []
    while True:
        due = made.due(at(rang))
        assert due is not None
        made.begin(due, early=True)
        steps.append(due / SECOND - rang)
        if steps[-1] >= lag:
            made.ended(name)
            return steps


def test_without_a_ring_no_check_is_due() -> None:
    assert checks("1", "2").due(at(1000)) is None


def test_checks_after_a_ring_come_at_growing_steps_then_no_more() -> None:
    made = checks("1", "2", "3")
    for name in ("1", "2", "3"):
        made.rang(name, at(10))
    for moment in (10.5, 11.5, 13.5, 17.5):
        early(made, moment)
    assert made.due(at(18)) is None
    assert made.made == 4


def test_an_end_that_was_noticed_causes_no_check() -> None:
    made = checks("1", "2")
    made.rang("1", at(10))
    early(made, 10.5)
    made.ended("1")
    assert made.due(at(11)) is None
    assert (made.made, made.rung, made.open_ends) == (1, 1, frozenset())


def test_ends_at_about_the_same_time_share_a_check() -> None:
    made = checks("1", "2", "3")
    made.rang("1", at(10))
    made.rang("2", at(10))
    made.rang("3", at(10.25))
    early(made, 10.5)
    for name in ("1", "2", "3"):
        made.ended(name)
    assert made.due(at(11)) is None


def test_an_end_that_came_too_late_for_a_check_has_its_own_a_second_later() -> None:
    made = checks("1", "2")
    made.rang("1", at(10))
    made.rang("2", at(10.4))
    early(made, 10.5)
    made.ended("1")
    early(made, 11.5)


def test_a_check_of_the_executor_s_own_counts_for_the_steps_but_not_for_the_budget() -> None:
    made = checks("1")
    made.rang("1", at(39.4))
    made.begin(at(40), early=False)
    assert made.due(at(40)) == at(41)
    assert made.made == 0


def test_one_end_costs_two_checks_and_those_that_the_executor_makes_itself() -> None:
    made = checks("1")
    made.rang("1", at(10))
    for moment in (10.5, 11.5, 17.5):  # two, and as many as it had made by now: the first
        early(made, moment)
    assert made.due(at(160)) is None


def test_what_the_budget_forbids_is_due_once_intervals_have_passed() -> None:
    made = checks("1", "2")
    made.rang("1", at(10))
    for moment in (10.5, 11.5, 17.5):
        early(made, moment)
    made.rang_unnamed(at(18))
    made.rang("2", at(19))
    early(made, 18.5)
    early(made, 19.5)
    assert made.due(at(20)) is None
    assert made.due(at(90)) == at(25.5)


def test_a_name_that_rings_again_begins_its_steps_again_but_has_no_more_checks() -> None:
    """The cluster may start a job again."""
    made = checks("1")
    for moment in (10, 20, 30):
        made.rang("1", at(moment))
        early(made, moment + 0.5)
    made.rang("1", at(35))
    assert made.due(at(39)) is None
    assert made.rung == 1


def test_a_name_that_is_not_awaited_causes_nothing() -> None:
    made = checks("1")
    made.ended("1")
    assert not made.rang("1", at(10))
    assert not made.rang("7", at(10))
    assert made.due(at(20)) is None
    assert made.rung == 0


def test_a_job_may_end_before_it_is_known_that_it_was_accepted() -> None:
    made = checks("1")
    assert not made.rang("2", at(10))
    made.expect("2")
    early(made, 10.5)


def test_a_ring_without_a_name_has_its_steps_while_something_is_awaited() -> None:
    made = checks()
    assert not made.rang_unnamed(at(1))
    made.expect("1")
    assert made.rang_unnamed(at(10))
    early(made, 10.5)
    made.ended("1")
    assert made.due(at(11)) is None


def test_no_more_ends_are_rung_than_submissions_were_accepted() -> None:
    made = checks("1", "2")
    for moment in range(10, 20):
        made.rang_unnamed(at(moment))
    made.rang("1", at(20))
    assert made.rung == 2


def test_where_the_first_step_is_enough_it_shrinks() -> None:
    made = checks()
    for number in range(40):
        assert len(noticed_after(made, str(number), 100 * number, 0.05)) == 1
    assert made.first_step == at(0.1)


def test_the_first_step_grows_to_what_ends_needed() -> None:
    made = checks()
    counts = [len(noticed_after(made, str(n), 100 * n, lag=2.2)) for n in range(40)]
    assert counts[:4] == [3, 1, 1, 1]
    assert sum(counts) <= 40 * 1.5
    assert at(1.5) < made.first_step < at(3.5)


def test_an_end_that_was_found_late_delays_later_ones_by_four_seconds_at_most() -> None:
    made = checks()
    made.expect("1")
    made.rang("1", at(10))
    for moment in (10.5, 11.5, 17.5):
        early(made, moment)
    made.begin(at(50), early=False)
    made.ended("1")
    assert made.first_step == at(4)
    assert [len(noticed_after(made, str(n), 100 * n, lag=0.5)) for n in range(2, 22)] == [1] * 20
    assert made.first_step < at(0.55)


def test_where_each_job_costs_a_command_only_those_that_are_due_are_asked_about() -> None:
    made = checks("1", "2", "3")
    made.asks_per_job = True
    made.rang("1", at(10))
    made.rang("2", at(10.6))
    assert made.begin(at(10.5), early=True).about == {"1"}
    assert made.begin(at(11.5), early=True).about == {"1", "2"}
    made.rang("3", at(13))
    for moment, name in ((13.5, "3"), (17.5, "1"), (18.5, "2"), (20.5, "3")):
        assert made.due(at(moment)) == at(moment)
        assert made.begin(at(moment), early=True).about == {name}
    assert made.due(at(39)) is None


def test_where_each_job_costs_a_command_what_is_left_for_each_end_is_its_last_step() -> None:
    names = [str(n) for n in range(10)]
    made = checks(*names)
    made.asks_per_job = True
    for n, name in enumerate(names):
        made.rang(name, at(10 + n / 100))
    assert made.begin(at(11), early=True).about == frozenset(names)
    assert made.due(at(13)) == at(17.5)
    assert made.begin(at(17.6), early=True).about == frozenset(names)
    assert made.due(at(39)) is None


def test_where_each_job_costs_a_command_a_ring_without_a_name_may_cost_too_much() -> None:
    made = checks("1", "2", "3")
    made.asks_per_job = True
    made.rang_unnamed(at(10))
    assert made.begin(at(10.5), early=True).about is None  # three commands, of three
    assert made.due(at(39)) is None


@given(
    rings=st.lists(st.tuples(st.integers(0, 200_000), st.integers(0, 30)), max_size=60),
    lags=st.lists(st.integers(0, 20_000), min_size=1, max_size=10),
    interval=st.sampled_from([2, 10, 40, 180]),
    unnamed=st.booleans(),
    per_job=st.booleans(),
)
def test_checks_are_never_closer_than_a_second_nor_more_than_the_budget(
    rings: list[tuple[int, int]],
    lags: list[int],
    interval: int,
    unnamed: bool,
    per_job: bool,
) -> None:
    """Whatever rings, and however late the scheduler is; times in milliseconds."""
    made = checks(*(str(n) for n in range(20)), interval=interval)
    made.asks_per_job = per_job
    commands = 0
    events = sorted((moment * 1000, str(name)) for moment, name in rings)
    rang: dict[str, int] = {}
    begun: list[int] = []
    moment, own = 0, interval * SECOND
    while moment < 220 * SECOND:
        due = made.due(moment)
        coming = [*(one for one, _ in events[:1]), own, *([] if due is None else [due])]
        moment = max(moment, min(coming))
        if events and events[0][0] <= moment:
            _, name = events.pop(0)
            if unnamed and name == "0":
                made.rang_unnamed(moment)
            elif made.rang(name, moment):
                rang.setdefault(name, moment)
            continue
        is_early = due is not None and due <= moment
        about = made.begin(moment, early=is_early).about
        if is_early:
            commands += 1 if not per_job else len(made.awaited if about is None else about)
            assert commands <= 2 * made.rung + max(1, moment // (interval * SECOND))
            assert not begun or moment - begun[-1] >= SECOND
        begun.append(moment)
        own = moment + interval * SECOND
        for name, since in list(rang.items()):
            asked = not (is_early and per_job) or about is None or name in about
            if asked and moment >= since + 1000 * lags[int(name) % len(lags)]:
                made.ended(name)
                del rang[name]
        made.checked()
    assert all(later - earlier <= interval * SECOND for earlier, later in pairwise([0, *begun]))
