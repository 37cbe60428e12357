"""How long a run still takes: exact where lengths repeat, and none where there is no basis."""

from statistics import median
from typing import Any

import pytest
from builders import SECOND, Story, at, begun, stamps
from half_way import an_earlier_run, cut, so_far
from hypothesis import given, settings
from hypothesis import strategies as st
from schedules import Task, World, live, world_of

from snakemake_logger_plugin_observe.analysis.remaining.estimate import (
    Remaining,
    counted_down,
    remaining,
)
from snakemake_logger_plugin_observe.analysis.remaining.so_far import SoFar
from snakemake_logger_plugin_observe.journal.events import Paused, Wake

S = SECOND
NOTHING = dict.fromkeys(
    (
        *("dispatch", "submit", "queue_wait", "node_startup", "node_plan", "member_wait"),
        *("stage_in", "stage_out", "node_exit", "latency_wait", "postprocess"),
    ),
    0,
)


def a_world(*layers: int, samples: int, slots: int) -> World:
    """Return a workflow of chains: a rule for each of *layers*, which has its jobs' seconds."""
    tasks = {}
    for layer, seconds in enumerate(layers):
        for sample in range(samples):
            job_id = layer * samples + sample + 1
            needs = (job_id - samples,) if layer else ()
            lengths = ({**NOTHING, "compute": seconds * S},)
            tasks[job_id] = Task(job_id, f"layer{layer}", needs, lengths)
    return World(tasks, cores=slots, poll=None, select=0, after=0, replan=0)


def left_at(story: Story, moment_s: float, *earlier: SoFar) -> Remaining:
    return remaining(so_far(story.events, at(moment_s)), earlier, at(moment_s))


# -- lengths that repeat -------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=3),
    st.integers(1, 9),
    st.integers(1, 5),
    st.floats(0.1, 0.99),
)
def test_with_an_earlier_run_of_the_same_lengths_it_is_exact(
    layers: list[int], samples: int, slots: int, share: float
) -> None:
    lived = live(a_world(*layers, samples=samples, slots=slots))
    moment = lived.began + round(share * (lived.end - lived.began))
    past = cut(lived, lived.end)
    known = remaining(cut(lived, moment), [past], moment)
    assert known.middle == lived.end - moment
    assert known.exact


@pytest.mark.parametrize(("samples", "slots"), [(4, 2), (6, 4), (5, 1), (3, 8)])
def test_by_rule_alone_it_is_exact_once_a_job_of_each_rule_has_ended(
    samples: int, slots: int
) -> None:
    lived = live(a_world(3, samples=samples, slots=slots))
    moment = lived.began + 3 * S
    known = remaining(cut(lived, moment), [], moment)
    assert known.middle == lived.end - moment
    assert not known.exact or samples <= slots


@pytest.mark.parametrize("grouped", [False, True])
def test_half_way_it_is_near_what_comes_if_there_was_an_earlier_run(grouped: bool) -> None:
    off = []
    for seed in range(10):
        world = world_of(seed, 40, remote=seed % 2 == 0, grouped=grouped and seed % 2 == 0)
        lived = live(world)
        half = (lived.start + lived.end) // 2
        known = remaining(cut(lived, half), [an_earlier_run(world, seed)], half)
        assert known.middle is not None
        off.append(abs(known.middle - (lived.end - half)) / (lived.end - half))
    assert median(off) <= 0.2


def test_the_same_run_has_the_same_answer() -> None:
    world = world_of(3, 30, remote=True)
    lived = live(world)
    half = (lived.start + lived.end) // 2
    first, second = (remaining(cut(lived, half), [], half) for _ in range(2))
    assert first == second


# -- its basis -----------------------------------------------------------------------------------


def a_run(**facts: Any) -> Story:
    return begun(wrapped=True, wraps="local", cores=1, **facts).ordered({"map": 3, "all": 1})


def in_flight(story: Story, job_id: int, since_s: float, rule: str = "map") -> Story:
    known = stamps(ready=3, selected=since_s, submitting=since_s, accepted=since_s)
    return story.job(job_id, rule=rule, threads=1).submitted(job_id, known)


def test_while_most_jobs_are_of_known_rules_the_others_are_taken_to_be_like_them() -> None:
    story = begun(wraps="local", cores=1).ordered({"map": 3, "report": 1}, report={"map": 3})
    story.job(1, threads=1).quick(1, 3, 3, 13)
    known = left_at(in_flight(story, 2, 13), 15)
    assert known.without_basis == ("report",)
    assert known.middle == 28 * S  # 8 s of the second, the third, and as long for the report
    assert known.low is None
    assert not known.is_bound


def test_while_most_are_of_unknown_rules_what_is_known_is_a_lower_bound() -> None:
    story = begun(wraps="local", cores=1).ordered({"map": 3, "sort": 3}, sort={"map": 3})
    story.job(1, threads=1).quick(1, 3, 3, 13)
    known = left_at(in_flight(story, 2, 13), 15)
    assert (known.middle, known.at_least, known.is_bound) == (None, 18 * S, True)
    assert known.without_basis == ("sort",)


def test_without_any_length_there_is_no_figure() -> None:
    story = begun(wraps="local", cores=1).ordered({"map": 3, "sort": 3, "all": 1}, "all")
    story.iteration(3, 8, (4, 7))  # choosing takes 3 s
    known = left_at(in_flight(story, 1, 3), 15)
    assert (known.middle, known.at_least) == (None, None)
    assert known.without_basis == ("map", "sort")


def test_a_rule_that_runs_nothing_takes_no_time() -> None:
    story = begun(wraps="local", cores=1).ordered({"map": 2, "all": 1}, "all", all={"map": 2})
    story.job(1, threads=1).quick(1, 3, 3, 13)
    known = left_at(story, 13)
    assert (known.middle, known.without_basis) == (10 * S, ())


def test_one_in_flight_for_longer_than_anything_known_is_overdue_whatever_its_rule() -> None:
    story = begun(wraps="local", cores=2).ordered({"map": 4, "long": 1})
    story.job(1, threads=1).quick(1, 3, 3, 13)
    story.job(2, threads=1).quick(2, 3, 13, 23)
    known = left_at(in_flight(story, 5, 3, "long"), 24)
    assert (known.overdue, known.is_bound) == (((5, 1),), True)


@pytest.mark.parametrize("huge", [10**7, 10**17])
def test_more_than_can_be_simulated_is_said_to_be_so(huge: int) -> None:
    few_pairs = begun(jobs=1).ordered({"map": huge, "all": 1}, "all", all={"map": 5})
    many_pairs = begun(jobs=1).ordered({"map": 5, "all": 1}, "all", all={"map": huge})
    assert left_at(few_pairs, 4) == left_at(many_pairs, 4) == Remaining(too_many=True)


def test_after_the_last_job_a_cluster_s_executor_sleeps_until_its_next_status_check() -> None:
    story = begun(jobs=1).ordered({"map": 2}).job(1).quick(1, 3, 3, 13, poll_interval_s=40.0)
    assert left_at(story, 13).middle == 50 * S
    story.add(Wake(time=at(3), on=True))
    assert left_at(story, 13).middle == 10 * S


def test_before_anything_is_planned_it_is_unknown() -> None:
    assert left_at(begun(), 3) == Remaining(planned=False)


def test_what_is_in_flight_for_longer_than_any_before_gives_a_bound() -> None:
    story = (
        begun(wraps="local", cores=1)
        .ordered({"map": 2})
        .job(1, threads=1)
        .quick(1, 3, 3, 5)
        .job(2, threads=1)
    )
    story.submitted(2, stamps(ready=3, selected=5, submitting=5, accepted=5))
    known = left_at(story, 60)
    assert known.overdue == ((2, 1),)
    assert known.middle == 0


def test_what_is_in_flight_for_hardly_longer_than_another_took_is_not_overdue() -> None:
    story = begun(wraps="local", cores=1).ordered({"map": 3}).job(1, threads=1).quick(1, 3, 3, 23)
    in_flight(story, 2, 23)
    assert left_at(story, 43.9).overdue == ()
    assert left_at(story, 44.1).overdue == ((2, 1),)


def test_few_lengths_have_no_spread() -> None:
    story = begun(wraps="local", cores=1).ordered({"map": 9}).job(1, threads=1).quick(1, 3, 3, 5)
    assert (left_at(story, 5).middle, left_at(story, 5).low) == (16 * S, None)
    story.job(2, threads=1).quick(2, 3, 5, 8).job(3, threads=1).quick(3, 3, 8, 12)
    known = left_at(story, 12)
    assert known.low is not None
    assert known.high is not None
    assert known.low <= (known.middle or 0) <= known.high
    assert (known.jobs_here, known.jobs_before) == (3, 0)


def test_after_a_failure_the_run_only_waits_for_what_is_in_flight() -> None:
    story = begun(wraps="local", cores=2).ordered({"map": 9}).job(1, threads=1).quick(1, 3, 3, 13)
    story.job(2, threads=1).quick(2, 3, 13, 15, status="failed")
    story.job(3, threads=1).submitted(3, stamps(ready=3, selected=13, submitting=13, accepted=13))
    known = left_at(story, 15)
    assert (known.stops, known.middle) == (True, 8 * S)
    goes_on = left_at(_keep_going(story), 15)
    assert not goes_on.stops
    assert (goes_on.middle or 0) > 8 * S


def failing(times: int, retries: int, jobs: int = 9) -> Story:
    """Return a run one of whose jobs failed so often, after 10 s each, and waits for a retry."""
    story = begun(wraps="local", cores=1, settings={"keep_going": True}).ordered({"map": jobs})
    story.job(1, threads=1, retries=retries)
    for number in range(1, times + 1):
        begins = 10 * number - 7
        story.quick(1, begins, begins, begins + 10, number=number, status="failed")
    return story


def test_while_all_attempts_of_a_rule_failed_they_are_no_work_that_is_left() -> None:
    story = failing(2, retries=3).job(10, rule="prep", threads=1).quick(10, 23, 23, 25)
    known = left_at(story.ordered({"prep": 3, "map": 9}), 25)
    assert (known.middle, known.at_least) == (None, 4 * S)
    assert known.without_basis == ("map",)


def test_attempts_are_expected_to_fail_no_more_often_than_they_are_tried() -> None:
    """One attempt of two failed, so each of 8 jobs takes 10 s, and at most 10 s more."""
    story = failing(1, retries=1).quick(1, 13, 13, 23, number=2)
    known = left_at(story, 23)
    assert known.middle is not None
    assert 80 * S <= known.middle <= 160 * S
    assert left_at(failing(1, retries=0, jobs=3).job(2).quick(2, 13, 13, 23), 23).middle == 10 * S


def test_one_in_flight_for_as_long_as_one_that_failed_is_not_overdue() -> None:
    story = failing(1, retries=1)
    assert left_at(in_flight(story, 2, 13), 22).overdue == ()
    assert left_at(story, 24).overdue == ((2, 1),)


def _keep_going(story: Story) -> Story:
    first = story.events[0].but(settings={"keep_going": True})
    story.events[0] = first
    return story


def test_a_checkpoint_that_has_not_ended_may_add_jobs() -> None:
    story = (
        begun(wraps="local", cores=1)
        .ordered({"map": 1, "split": 1})
        .job(1, threads=1)
        .quick(1, 3, 3, 5)
    )
    story.job(2, rule="split", checkpoint=True)
    story.submitted(2, stamps(ready=3, selected=5, submitting=5, accepted=5))
    assert left_at(story, 6).checkpoints == ("split",)


def test_a_slot_s_limit_is_kept() -> None:
    """Four jobs of 10 s are left, two at a time."""
    facts = {"wraps": "local", "cores": 4, "resources": {"mem_mb": 200}}
    story = begun(**facts).ordered({"map": 5}).job(1, resources={"mem_mb": 100})
    story.quick(1, 3, 3, 13)
    assert left_at(story, 13).middle == 20 * S


def test_what_needs_a_job_that_failed_is_not_waited_for() -> None:
    """An earlier run shows that the second job of 50 s needs the first, and the third does not."""
    facts = {"wraps": "local", "cores": 1, "settings": {"keep_going": True}}
    past = begun(**facts).ordered({"map": 1, "sort": 1, "other": 1})
    past.job(1, threads=1).quick(1, 3, 3, 13).job(2, needs=(1,), rule="sort", threads=1)
    past.quick(2, 13, 13, 63).job(3, rule="other", threads=1).quick(3, 3, 63, 70).end(70)
    story = begun(**facts).ordered({"map": 1, "sort": 1, "other": 1})
    story.job(1, threads=1).quick(1, 3, 3, 13, status="failed").blocked(13, sort=1)
    known = left_at(story, 13, so_far(past.events))
    assert (known.exact, known.middle) == (True, 7 * S)


# -- pauses of the main process ------------------------------------------------------------------


def started_here(story: Story, job_id: int, since_s: float) -> Story:
    return in_flight(story, job_id, since_s).started(job_id, since_s)


def test_lengths_that_a_pause_cuts_give_a_lower_bound_until_there_is_another() -> None:
    """Of 30 s, 18 are out of the pause."""
    story = begun(wraps="local", cores=1).ordered({"map": 4}).add(Paused(time=at(20), end=at(77)))
    started_here(story, 1, 4).quick(1, 3, 4, 79)
    known = left_at(started_here(story, 2, 79), 89)
    assert (known.middle, known.at_least, known.overdue) == (None, 44 * S, ())
    known = left_at(story.quick(2, 3, 79, 109), 109)
    assert (known.middle, known.jobs_here) == (60 * S, 1)


def test_what_is_in_flight_here_has_been_so_without_the_pause() -> None:
    story = begun(wraps="local", cores=1).ordered({"map": 2})
    started_here(story, 1, 4).quick(1, 3, 4, 34)
    story.add(Paused(time=at(40), end=at(97)))
    known = left_at(started_here(story, 2, 34), 98)
    assert (known.middle, known.overdue) == (23 * S, ())


# -- some time after it was computed -------------------------------------------------------------


def test_it_is_counted_down_without_what_the_run_refutes_since() -> None:
    story = begun(wraps="local", cores=1).ordered({"map": 3, "sort": 3})
    known = Remaining(40 * S, 30 * S, 50 * S, ("map", "sort"), 20 * S, overdue=((1, 1),))
    now = so_far(story.job(1).quick(1, 3, 3, 13).events)
    later = counted_down(known, 25 * S, now, changed=True)
    assert (later.middle, later.low, later.high, later.at_least) == (15 * S, 5 * S, 25 * S, 0)
    assert (later.without_basis, later.overdue, later.behind) == (("sort",), (), 25 * S)
    assert counted_down(known, 25 * S, now, changed=False).behind == 0


def test_a_figure_that_is_used_up_is_gone_once_the_run_has_changed() -> None:
    now = so_far(begun().planned(3, {"map": 1}).events)
    known = Remaining(middle=40 * S, at_least=20 * S)
    assert counted_down(known, 40 * S, now, changed=True) == Remaining(behind=40 * S)
    assert counted_down(known, 40 * S, now, changed=False).middle == 0
