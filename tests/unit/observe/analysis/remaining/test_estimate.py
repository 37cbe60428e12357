"""How long a run still takes: exact where lengths repeat, and none where there is no basis."""

from statistics import median
from typing import Any

import pytest
from builders import SECOND, Story, at, begun, stamps
from half_way import an_earlier_run, cut, so_far
from hypothesis import given, settings
from hypothesis import strategies as st
from schedules import Task, World, live, world_of

from snakemake_logger_plugin_observe.analysis.remaining.estimate import Remaining, remaining
from snakemake_logger_plugin_observe.analysis.remaining.so_far import SoFar

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
    past = so_far_of(lived)
    known = remaining(cut(lived, moment), [past], moment)
    assert known.middle == lived.end - moment
    assert known.exact


def so_far_of(lived: Any) -> SoFar:
    return cut(lived, lived.end)


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
    return begun(wrapped=True, wraps="local", cores=1, **facts).planned(3, {"map": 3, "all": 1})


def test_a_rule_whose_jobs_never_ended_leaves_it_unknown_and_is_named() -> None:
    story = a_run().job(1, threads=1).quick(1, 3, 3, 13).job(2, threads=1)
    story.submitted(2, stamps(ready=3, selected=13, submitting=13, accepted=13))
    known = left_at(story, 15)
    assert known.middle is None
    assert known.without_basis == ("all",)
    assert known.others == 18 * S  # 8 s of the second, and the third


def test_before_anything_is_planned_it_is_unknown() -> None:
    assert left_at(begun(), 3) == Remaining(planned=False)


def test_what_is_in_flight_for_longer_than_any_before_gives_a_bound() -> None:
    story = (
        begun(wraps="local", cores=1)
        .planned(3, {"map": 2})
        .job(1, threads=1)
        .quick(1, 3, 3, 5)
        .job(2, threads=1)
    )
    story.submitted(2, stamps(ready=3, selected=5, submitting=5, accepted=5))
    known = left_at(story, 60)
    assert known.overdue == ((2, 1),)
    assert known.middle == 0


def test_few_lengths_have_no_spread() -> None:
    story = begun(wraps="local", cores=1).planned(3, {"map": 9}).job(1, threads=1).quick(1, 3, 3, 5)
    assert (left_at(story, 5).middle, left_at(story, 5).low) == (16 * S, None)
    story.job(2, threads=1).quick(2, 3, 5, 8).job(3, threads=1).quick(3, 3, 8, 12)
    known = left_at(story, 12)
    assert known.low is not None
    assert known.high is not None
    assert known.low <= (known.middle or 0) <= known.high
    assert (known.jobs_here, known.jobs_before) == (3, 0)


def test_after_a_failure_the_run_only_waits_for_what_is_in_flight() -> None:
    story = (
        begun(wraps="local", cores=2).planned(3, {"map": 9}).job(1, threads=1).quick(1, 3, 3, 13)
    )
    story.job(2, threads=1).quick(2, 3, 13, 15, status="failed")
    story.job(3, threads=1).submitted(3, stamps(ready=3, selected=13, submitting=13, accepted=13))
    known = left_at(story, 15)
    assert (known.stops, known.middle) == (True, 8 * S)
    goes_on = left_at(_keep_going(story), 15)
    assert not goes_on.stops
    assert (goes_on.middle or 0) > 8 * S


def _keep_going(story: Story) -> Story:
    first = story.events[0].model_copy(update={"settings": {"keep_going": True}})
    story.events[0] = first
    return story


def test_a_checkpoint_that_has_not_ended_may_add_jobs() -> None:
    story = (
        begun(wraps="local", cores=1)
        .planned(3, {"map": 1, "split": 1})
        .job(1, threads=1)
        .quick(1, 3, 3, 5)
    )
    story.job(2, rule="split", checkpoint=True)
    story.submitted(2, stamps(ready=3, selected=5, submitting=5, accepted=5))
    assert left_at(story, 6).checkpoints == ("split",)


def test_a_slot_s_limit_is_kept() -> None:
    """Four jobs of 10 s are left, two at a time."""
    facts = {"wraps": "local", "cores": 4, "resources": {"mem_mb": 200}}
    story = begun(**facts).planned(3, {"map": 5}).job(1, resources={"mem_mb": 100})
    story.quick(1, 3, 3, 13)
    assert left_at(story, 13).middle == 20 * S


def test_what_needs_a_job_that_failed_is_not_waited_for() -> None:
    """An earlier run shows that the second job of 50 s needs the first, and the third does not."""
    facts = {"wraps": "local", "cores": 1, "settings": {"keep_going": True}}
    past = begun(**facts).planned(3, {"map": 1, "sort": 1, "other": 1})
    past.job(1, threads=1).quick(1, 3, 3, 13).job(2, needs=(1,), rule="sort", threads=1)
    past.quick(2, 13, 13, 63).job(3, rule="other", threads=1).quick(3, 3, 63, 70).end(70)
    story = begun(**facts).planned(3, {"map": 1, "sort": 1, "other": 1})
    story.job(1, threads=1).quick(1, 3, 3, 13, status="failed")
    known = left_at(story, 13, so_far(past.events))
    assert (known.exact, known.middle) == (True, 7 * S)
