"""Predictions compared with the same world scheduled again under the other settings."""

from dataclasses import replace
from typing import Any

import pytest
from builders import (
    SECOND,
    T0,
    Story,
    an_execution,
    at,
    begun,
    chain,
    in_main,
    on_cluster,
    stamps,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from schedules import Lived, World, again, live, lives, world_of
from simulations import FEW, MANY, assumptions, changed, makespan

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.whatif import build_model, simulate
from snakemake_logger_plugin_observe.analysis.whatif.run_from_simulation import simulated_run
from snakemake_logger_plugin_observe.analysis.whatif.scenario import parse_scenario
from snakemake_logger_plugin_observe.analysis.whatif.whatif import what_if
from snakemake_logger_plugin_observe.run.model import Run


@MANY
@given(lives(), st.integers(1, 9))
def test_under_other_limits_the_prediction_is_the_makespan_under_them(
    lived: Lived, places: int
) -> None:
    world = lived.world
    name = "jobs" if world.remote else "cores"
    assume(getattr(world, name) is not None)
    assume(all(task.seen for task in world.tasks.values()))
    assume(world.remote or places >= max(task.threads for task in world.tasks.values()))
    truth = again(lived, **{name: places})
    predicted = makespan(changed(lived.run, f"{name}={places}"))
    assert predicted == pytest.approx(truth.makespan, rel=0.01)


@MANY
@given(lives(), st.integers(1, 30))
def test_at_another_polling_interval_the_prediction_is_the_makespan_at_it(
    lived: Lived, seconds: int
) -> None:
    assume(lived.world.remote and any(not t.local and t.seen for t in lived.world.tasks.values()))
    assume(all(task.seen for task in lived.world.tasks.values()))
    truth = again(lived, poll=seconds * 1_000_000)
    predicted = makespan(changed(lived.run, f"poll={seconds}"))
    # The first look is inferred: of a run in which few were found, it may be off by some.
    assert abs(predicted - truth.makespan) <= max(0.02 * truth.makespan, 2_000_000 * seconds)


def scaled(world: World, phase: str, factor: float) -> World:
    """Return *world* with one phase of every attempt times *factor*."""
    tasks = {
        job: replace(
            task,
            lengths=tuple({**one, phase: round(one[phase] * factor)} for one in task.lengths),
        )
        for job, task in world.tasks.items()
    }
    return replace(world, tasks=tasks)


@FEW
@given(st.integers(0, 10_000), st.sampled_from(["queue_wait", "node_startup"]))
def test_with_a_phase_scaled_the_prediction_is_the_makespan_with_it(seed: int, phase: str) -> None:
    world = world_of(seed, 10, remote=True)
    lived = live(world)
    order = {"order": tuple(lived.order)}
    truth = live(replace(scaled(world, phase, 0.5), **order))
    word = {"queue_wait": "queue=x0.5", "node_startup": "startup=x0.5"}[phase]
    off = makespan(changed(lived.run, word)) - truth.makespan
    assert abs(off) <= max(0.01 * truth.makespan, 2 * world.poll)


@FEW
@given(st.integers(0, 10_000))
def test_with_a_slot_for_every_job_independent_jobs_are_not_slower(seed: int) -> None:
    """Of jobs that need nothing of each other: with a DAG, more places can make it slower."""
    world = world_of(seed, 10, remote=False)
    tasks = {job: replace(task, needs=(), memory=0) for job, task in world.tasks.items()}
    lived = live(replace(world, tasks=tasks, memory=None))
    usual = makespan(build_model(lived.run))
    work = sum(one["stage_in"] + one["dispatch"] for t in tasks.values() for one in t.lengths)
    assert makespan(changed(lived.run, "cores=100")) <= usual + work


def test_a_rule_twice_as_fast_takes_half_its_tool_time() -> None:
    # job 1 computes from 3.5 to 10, job 2 from 10.5 to 20
    assert makespan(changed(chain().run, "faster=map=2")) == 21_000_000 - 3_250_000 - 4_750_000


def test_a_local_rule_neither_queues_nor_starts_up_on_a_node() -> None:
    run = on_cluster(1, startup_s=5, tool_s=2, queue_s=3, poll_s=4, every_s=10).run
    assert makespan(changed(run, "local=map")) == run.makespan - (5 + 3 + 4) * 1_000_000


def test_overlapped_staging_takes_only_the_time_that_earlier_waits_do_not_cover() -> None:
    # fetching takes 6 s; 3 s of queue and 1 s of start-up cover four of these
    run = on_cluster(1, startup_s=1, stage_s=6, queue_s=3, tool_s=2).run
    model = changed(run, "overlap-staging")
    assert makespan(model) == run.makespan - 4_000_000
    found = account(simulated_run(model, simulate(model), run))
    assert found.makespan_by_class["staging"] == 2_000_000


def test_what_waits_for_a_rate_that_the_run_had_not_is_owned_by_that_rate() -> None:
    rate = {"max_jobs_per_timespan": {"max_jobs": 100, "timespan": 1}}
    run = on_cluster(3, tool_s=2, settings=rate).run
    model = changed(run, "max-jobs-per-timespan=1/4s")
    found = account(simulated_run(model, simulate(model), run))
    assert found.makespan_by_class["limits"] == 8_000_000
    assert found.makespan_by_class["unattributed"] == 0


# -- limits that gave a job less than its rule asks for ------------------------------------------


def one_at_a_time(
    threads: int = 2, requested: dict[str, int | None] | None = None, **facts: Any
) -> Run:
    """Return two jobs of 5 s that took all of a limit, one after the other."""
    settings = {"wraps": "local", "cores": 2, **facts}
    asks = {"threads": threads, "requested": requested or {}}
    story = begun(**settings).job(1, **asks).job(2, **asks)
    story.iteration(3, 3, (3, 3)).quick(1, 3, 3, 8).iteration(8, 8, (8, 8)).quick(2, 3, 8, 13)
    return story.iteration(13, 13).end(13).run


def test_threads_rise_with_the_cores_to_what_the_rule_asks_for() -> None:
    run = one_at_a_time(requested={"threads": 4})
    assert makespan(changed(run, "cores=4")) == run.makespan
    assert makespan(changed(run, "cores=7")) == run.makespan
    assert makespan(changed(run, "cores=8")) == run.makespan - 5 * SECOND


def test_jobs_with_fewer_threads_run_side_by_side() -> None:
    """And with more than there are cores, one at a time."""
    story = begun(wraps="local", cores=2)
    for number in (0, 1):
        begin = 3 + 10 * number
        story.job(number, threads=2).iteration(begin, begin, (begin, begin))
        story.quick(number, 3, begin, begin + 10)
    run = story.iteration(23, 23).end(23).run
    assert makespan(changed(run, "set-threads=map=1")) == 13 * SECOND
    assert makespan(changed(run, "set-threads=map=8")) == 23 * SECOND
    assert "a job of map has 1 thread, and takes as long" in assumptions(run, "set-threads=map=1")


def test_threads_that_no_limit_reduced_stay_as_they_are() -> None:
    run = one_at_a_time()
    assert makespan(changed(run, "cores=4")) == run.makespan - 5 * SECOND


def test_a_resource_rises_with_its_limit_to_what_the_rule_asks_for() -> None:
    facts = {"cores": 9, "resources": {"gpu": 1}}
    settings = {"wraps": "local", **facts}
    asks = {"resources": {"gpu": 1}, "requested": {"gpu": 2}}
    story = begun(**settings).job(1, **asks).job(2, **asks)
    story.iteration(3, 3, (3, 3)).quick(1, 3, 3, 8).iteration(8, 8, (8, 8)).quick(2, 3, 8, 13)
    run = story.iteration(13, 13).end(13).run
    assert makespan(changed(run, "resources=gpu=3")) == run.makespan
    assert makespan(changed(run, "resources=gpu=4")) == run.makespan - 5 * SECOND


@pytest.mark.parametrize(
    ("requested", "cores", "said"),
    [
        (
            {"threads": 4},
            6,
            ["map asks for more threads than it was given: it gets 4, and takes as long"],
        ),
        (
            {"threads": None},
            6,
            ["map requests all 2 threads: whether it would request more is not known"],
        ),
        ({}, 6, ["map requests all 2 threads: whether it would request more is not known"]),
        ({"threads": 4}, 2, []),
    ],
)
def test_what_jobs_at_their_limit_would_take_is_said_as_far_as_it_is_known(
    requested: dict[str, int | None], cores: int, said: list[str]
) -> None:
    found = assumptions(one_at_a_time(requested=requested), f"cores={cores}")
    assert [one for one in found if one.startswith("map ")] == said


# -- how many jobs may begin in a timespan --------------------------------------------------------


def at_a_rate(
    count: int = 4,
    every_s: int = 2,
    tool_s: float = 1,
    *,
    timed: bool = True,
    exit_s: float = 0,
    **facts: Any,
) -> Story:
    """Return jobs that were ready at 3 and began one after the other, each *every_s* seconds.

    The process ended *exit_s* after the last tool.
    """
    rate = {"max_jobs_per_timespan": {"max_jobs": 1, "timespan": float(every_s)}}
    story = begun(wraps="local", cores=4, settings=rate, **facts)
    for number in range(count):
        begin = 3 + number * every_s
        story.job(number, threads=1)
        story.quick(number, 3, begin, begin + tool_s)
        for moment in (begin, begin + tool_s) if timed else ():
            story.iteration(moment, moment, (moment, moment))
    return story.end(3 + (count - 1) * every_s + tool_s + exit_s)


@pytest.mark.parametrize("timed", [True, False])
def test_jobs_that_waited_for_the_rate_wait_for_it_in_the_simulation(*, timed: bool) -> None:
    """Also if the main loop's iterations are not recorded: its wait is no work of its own."""
    run = at_a_rate(timed=timed).run
    assert makespan(build_model(run)) == run.makespan == 10 * SECOND
    assert makespan(changed(run, "cores=1")) == run.makespan
    assert makespan(changed(run, "cores=100")) == run.makespan


@pytest.mark.parametrize(
    ("rate", "last_s"), [("2/2s", 2), ("4/1s", 0), ("1/4s", 12), ("1/1m", 180)]
)
def test_at_another_rate_jobs_begin_at_that_rate(rate: str, last_s: int) -> None:
    for timed in (True, False):
        model = changed(at_a_rate(timed=timed).run, f"max-jobs-per-timespan={rate}")
        assert makespan(model) == (3 + last_s + 1) * SECOND


@pytest.mark.parametrize(("rate", "end_s"), [("1/4s", 11), ("1/2s", 7), ("2/1s", 4)])
def test_a_process_ends_no_sooner_than_a_timespan_after_its_last_selection(
    rate: str, end_s: float
) -> None:
    """Each selection sets a timer of that length, for which the process waits."""
    run = at_a_rate(count=2, every_s=2, exit_s=1).run
    assert makespan(build_model(run)) == run.makespan == 7 * SECOND
    assert makespan(changed(run, f"max-jobs-per-timespan={rate}")) == end_s * SECOND


def at_once(count: int = 3, select_s: float = 0.5) -> Story:
    """Return jobs that were selected together, in *select_s*, and one that waited for them.

    That one was selected in 0.1 s.
    """
    rate = {"max_jobs_per_timespan": {"max_jobs": 100, "timespan": 1.0}}
    story = begun(wraps="local", cores=4, settings=rate)
    begin = 3 + select_s
    story.iteration(3, begin, (3, begin))
    for number in range(1, count + 1):
        story.job(number, threads=1).quick(number, 3, begin, begin + 1)
    story.job(9, tuple(range(1, count + 1)), threads=1)
    story.iteration(begin + 1, begin + 1.1, (begin + 1, begin + 1.1))
    story.quick(9, begin + 1, begin + 1.1, begin + 2.1)
    return story.end(begin + 2.1)


def test_what_a_rate_keeps_back_waits_for_a_limit_that_is_known() -> None:
    run = at_once().run
    (found,) = what_if(
        run, [parse_scenario([("max-jobs-per-timespan", "1/2s")])], partition(run)
    ).predictions
    assert not found.by_class.get("unattributed")
    assert found.by_class["limits"] > 3 * SECOND
    assert found.bound == "upper"  # fewer tools run side by side


def test_the_solver_is_loaded_once_however_many_selections_there_are() -> None:
    run = at_once().run
    assert makespan(build_model(run)) == run.makespan
    late = changed(run, "max-jobs-per-timespan=1/2s")
    assert simulate(late).moments.selected[1] == pytest.approx(T0 + 5.6 * SECOND, abs=SECOND / 100)


def test_what_else_a_job_waited_for_is_kept_apart_from_the_rate() -> None:
    run = at_a_rate(count=2, every_s=2).job(9, threads=1).iteration(9, 9, (9, 9)).run
    assert build_model(run).held_back == [0, 0]


def test_a_slow_tool_and_one_core_take_longer_than_the_rate() -> None:
    assert makespan(changed(at_a_rate(tool_s=3).run, "cores=1")) == (3 + 4 * 3) * SECOND


# -- selection, and fewer jobs --------------------------------------------------------------------


def slowly_selected(count: int = 4) -> Story:
    """Return jobs of 1 s, one after the other, each selected in 2 s and finished in 1 s."""
    story = begun(wraps="local", cores=1)
    for number in range(count):
        begin = 3 + number * 4
        story.job(number, threads=1).iteration(begin, begin + 2, (begin, begin + 2))
        known = stamps(
            ready=3,
            selected=begin + 2,
            submitting=begin + 2,
            accepted=begin + 2,
            reported=begin + 3,
            finished=begin + 4,
        )
        one = an_execution(begun=begin + 2, prepared=begin + 2, running=begin + 2)
        ran = {"tool_started": at(begin + 2), "tool_ended": at(begin + 3)}
        story.attempt(number, known, in_main(one.but(**ran)))
    end = 3 + count * 4
    return story.iteration(end, end).end(end)


def test_a_scheduler_that_chooses_in_no_time_saves_the_selections() -> None:
    run = slowly_selected().run
    assert makespan(build_model(run)) == run.makespan
    assert makespan(changed(run, "scheduler=greedy")) == run.makespan - 4 * 2 * SECOND


def test_one_job_in_place_of_several_is_selected_and_finished_once() -> None:
    run = slowly_selected().run
    assert makespan(changed(run, "merge=map=2")) == run.makespan - 2 * 3 * SECOND
    assert makespan(changed(run, "merge=map=9")) == run.makespan - 3 * 3 * SECOND


def test_one_job_in_place_of_several_takes_the_threads_of_one() -> None:
    run = begun(wraps="local", cores=2).job(1, threads=2).job(2, threads=2)
    run.iteration(3, 3, (3, 3)).quick(1, 3, 3, 8).iteration(8, 8, (8, 8)).quick(2, 3, 8, 13)
    model = changed(run.iteration(13, 13).end(13).run, "merge=map=2 cores=4")
    assert (model.requests["cores"], makespan(model)) == ([2], 13 * SECOND)
