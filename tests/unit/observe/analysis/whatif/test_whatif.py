"""A run let happen again: as it was, under other settings, and without this or that."""

import random
from dataclasses import replace
from typing import Any

import pytest
import strategies
from builders import (
    SECOND,
    T0,
    an_execution,
    at,
    begun,
    chain,
    grouped,
    killed,
    level,
    logger_only,
    mixed,
    on_cluster,
    replanned,
    retried,
    stamps,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from schedules import Lived, World, again, live, lives, world_of

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.whatif import Model, build_model, simulate, transforms
from snakemake_logger_plugin_observe.analysis.whatif.run_from_simulation import simulated_run
from snakemake_logger_plugin_observe.analysis.whatif.savings import savings
from snakemake_logger_plugin_observe.analysis.whatif.scenario import (
    ScenarioError,
    apply_scenario,
    parse_scenario,
    split_arguments,
)
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import CLASSES, PHASES, cost_class

DICE = random.Random(1)  # noqa: S311 - dice, not keys
MANY = settings(max_examples=150, deadline=None)
FEW = settings(max_examples=40, deadline=None)
SHARE = 0.001
"""How far a replay may be off: the loop may wake a moment later for one of two ends."""


def makespan(model: Model) -> int:
    return simulate(model).makespan(model)


def changed(run: Run, text: str) -> Model:
    return apply_scenario(build_model(run), run, parse_scenario(split_arguments(text)), DICE)[0]


# -- nothing changed -------------------------------------------------------------------------------


@MANY
@given(lives())
def test_a_replay_of_what_was_takes_as_long_as_it_took(lived: Lived) -> None:
    model = build_model(lived.run)
    assert makespan(model) == pytest.approx(lived.makespan, rel=SHARE)
    assert simulate(model).missed == 0


@MANY
@given(lives())
def test_a_replay_of_what_was_has_every_submission_where_it_was(lived: Lived) -> None:
    model = build_model(lived.run)
    played = simulate(model).moments
    for i, key in enumerate(model.keys):
        known = lived.stamps[key]
        near = lived.makespan * SHARE
        assert abs(played.selected[i] - known.selected) <= near
        assert abs(played.finished[i] - known.finished) <= near


@MANY
@given(lives())
def test_the_account_of_a_replay_of_what_was_is_the_run_s(lived: Lived) -> None:
    run = lived.run
    model = build_model(run)
    told = account(simulated_run(model, simulate(model), run))
    measured = account(run)
    assert sum(told.makespan_by_class.values()) == told.makespan
    for name in CLASSES:
        off = told.makespan_by_class[name] - measured.makespan_by_class[name]
        assert abs(off) <= measured.makespan * 0.01


def test_a_group_s_members_are_all_told_again_also_those_that_ran_beside_another() -> None:
    """Else whoever depends on one of them would seem to have waited for a place."""
    run = side_by_side()
    told = simulated_run(build_model(run), simulate(build_model(run)), run)
    assert set(run.attempts) <= set(told.attempts)
    found = account(told)
    assert found.makespan_by_class["limits"] == 0
    assert found.makespan_by_class == account(run).makespan_by_class


def side_by_side() -> Run:
    """Return a group of 1 and 2, of which 1 takes as long as both, and 3 that depends on 2."""
    story = begun().group("p", (1, 2)).job(1).job(2).job(3, needs=(2,)).iteration(3, 3, (3, 3))
    known = stamps(ready=3, selected=3, submitting=3, accepted=3, reported=16, finished=16)
    executions = [
        an_execution(begun=4, tool_started=4, tool_ended=end, checked=end) for end in (16, 12)
    ]
    node = level(*executions, started=3, loaded=3, planned=4, ended=16)
    story.attempt(None, known, node, group="p")
    for job_id, one in zip((1, 2), executions, strict=True):
        own = node.model_copy(update={"executions": (one,)})
        story.attempt(job_id, stamps(finished=16), own, group="p")
    return story.iteration(16, 16, (16, 16)).quick(3, 16, 16, 18).end(19).run


@MANY
@given(lives())
def test_also_where_the_limits_are_not_in_the_journal(lived: Lived) -> None:
    run = lived.run
    unknown = {"jobs": None, "cores": None, "resources": {}}
    run.started = run.started.model_copy(update=unknown)
    assert makespan(build_model(run)) == pytest.approx(lived.makespan, rel=SHARE)


@MANY
@given(strategies.hostile_runs())
def test_a_hostile_run_is_replayed_to_an_end(run: Run) -> None:
    model = build_model(run)
    assert simulate(model).end >= model.start


@pytest.mark.parametrize(
    "story", [chain, grouped, retried, replanned, killed, logger_only, on_cluster, begun]
)
def test_small_runs_are_replayed_exactly(story: Any) -> None:
    run = story().run
    assert makespan(build_model(run)) == run.makespan


@pytest.mark.parametrize(
    "story", [chain, grouped, retried, replanned, killed, logger_only, on_cluster, begun, mixed]
)
def test_with_each_wait_for_a_look_as_it_was_it_takes_as_long_as_it_took(story: Any) -> None:
    run = story().run
    assert makespan(transforms.waits_as_they_were(build_model(run))) == run.makespan


def looked_at(*ended_s: float) -> Run:
    """Return a job from 3 s on and one from 7 s on, each noticed 4 s later; looks are every 2 s."""
    story = begun(jobs=1).job(1, threads=1).job(2, threads=1)
    for number, ended in enumerate(ended_s, 1):
        began = 4 * number - 1
        known = stamps(
            ready=3,
            selected=began,
            submitting=began,
            accepted=began,
            reported=began + 4,
            finished=began + 4,
        )
        one = an_execution(begun=began, tool_started=began, tool_ended=ended, checked=ended)
        node = level(one, started=began, loaded=began, planned=began, ended=ended)
        story.attempt(number, known, node, poll_interval_s=2, external_jobid=f"7{number}")
    return story.end(11).run


@pytest.mark.parametrize(
    ("ended_s", "blind"),
    [
        pytest.param((4.99, 9.01), 100_000, id="one was missed, and none seen as soon after"),
        pytest.param((4.5, 9.01), 500_001, id="one was missed for long"),
        pytest.param((5.01, 9.01), 0, id="none was missed"),
        pytest.param((4.99, 10.98), 20_000, id="one was seen as soon after its end"),
    ],
)
def test_an_end_just_before_a_look_is_missed_in_a_replay_where_such_were_missed(
    ended_s: tuple[float, float], blind: int
) -> None:
    run = looked_at(*ended_s)
    model = build_model(run)
    assert makespan(model) == run.makespan
    assert max(model.blind) == blind


# -- other settings: the truth is the same world, lived again ---------------------------------------


@MANY
@given(lives(), st.integers(1, 9))
def test_under_other_limits_it_takes_as_long_as_it_would_have(lived: Lived, places: int) -> None:
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
def test_at_another_polling_interval_it_takes_as_long_as_it_would_have(
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
def test_with_a_phase_scaled_it_takes_as_long_as_it_would_have(seed: int, phase: str) -> None:
    world = world_of(seed, 10, remote=True)
    lived = live(world)
    order = {"order": tuple(lived.order)}
    truth = live(replace(scaled(world, phase, 0.5), **order))
    word = {"queue_wait": "queue=x0.5", "node_startup": "startup=x0.5"}[phase]
    off = makespan(changed(lived.run, word)) - truth.makespan
    assert abs(off) <= max(0.01 * truth.makespan, 2 * world.poll)


@FEW
@given(st.integers(0, 10_000))
def test_with_a_place_for_every_job_it_is_no_slower(seed: int) -> None:
    """Of jobs that need nothing of each other: with a DAG, more places can make it slower."""
    world = world_of(seed, 10, remote=False)
    tasks = {job: replace(task, needs=(), memory=0) for job, task in world.tasks.items()}
    lived = live(replace(world, tasks=tasks, memory=None))
    usual = makespan(build_model(lived.run))
    work = sum(one["stage_in"] + one["dispatch"] for t in tasks.values() for one in t.lengths)
    assert makespan(changed(lived.run, "cores=100")) <= usual + work


def test_retries_that_do_not_happen_take_no_time() -> None:
    # attempt 1 was chosen at 4 and finished at 14; without it the second goes from 4 to 14
    assert makespan(changed(retried().run, "no-retries")) == 15_000_000


def test_a_rule_twice_as_fast_has_half_the_tools_time() -> None:
    # job 1 computes from 3.5 to 10, job 2 from 10.5 to 20
    assert makespan(changed(chain().run, "faster=map=2")) == 21_000_000 - 3_250_000 - 4_750_000


def test_jobs_in_a_group_start_up_once_and_run_side_by_side() -> None:
    run = on_cluster(4, startup_s=5, tool_s=2, queue_s=3).run
    assert makespan(build_model(run)) == run.makespan == 13_000_000
    model = changed(run, "group=map=2")
    assert model.count == 2
    assert model.course["node_startup"] == [5_000_000] * 2
    assert model.course["compute"] == [2_000_000] * 2
    assert makespan(model) == 13_000_000


def test_of_submissions_that_are_merged_the_first_says_when_it_happened() -> None:
    run = on_cluster(4, startup_s=5, tool_s=2, queue_s=3, poll_s=4, every_s=10).run
    model = changed(run, "group=map=2")
    assert model.measured.ended == [at(13)] * 2
    assert model.measured.reported == [at(17)] * 2
    assert transforms.waits_as_they_were(model).course["poll_wait"] == [4_000_000] * 2


def test_two_rules_in_groups_wait_for_each_other_s_groups_and_not_for_a_place() -> None:
    story = on_cluster(2, startup_s=5, tool_s=2, queue_s=3)
    end = story.run.end or 0
    story.events.pop()
    begin = (end - T0) / SECOND
    for job_id, need in ((3, 1), (4, 2)):
        story.job(job_id, needs=(need,), rule="then").quick(job_id, begin, begin + 1, begin + 4)
    run = story.end(begin + 5).run
    model = changed(run, "group=map=2 group=then=2")
    assert model.count == 2
    assert sorted(map(sorted, model.packed.values())) == [[(1, 1), (2, 1)], [(3, 1), (4, 1)]]
    told = account(simulated_run(model, simulate(model), run))
    assert told.makespan_by_class["limits"] == 0


def test_a_local_rule_neither_queues_nor_starts_up_on_a_node() -> None:
    run = on_cluster(1, startup_s=5, tool_s=2, queue_s=3, poll_s=4, every_s=10).run
    assert makespan(changed(run, "local=map")) == run.makespan - (5 + 3 + 4) * 1_000_000


def test_staging_that_is_overlapped_costs_what_the_waits_before_do_not_cover() -> None:
    # fetching takes 6 s; 3 s of queue and 1 s of start-up cover four of these
    run = on_cluster(1, startup_s=1, stage_s=6, queue_s=3, tool_s=2).run
    model = changed(run, "overlap-staging")
    assert makespan(model) == run.makespan - 4_000_000
    told = account(simulated_run(model, simulate(model), run))
    assert told.makespan_by_class["staging"] == 2_000_000


# -- what would be saved -----------------------------------------------------------------------------


def saved(run: Run) -> dict[tuple[str, str], int]:
    segments = partition(run)
    found = savings(build_model(run, segments), segments)
    return {(one.kind, one.name): one.saving for one in found}


def test_a_chain_saves_what_each_job_took() -> None:
    found = saved(chain().run)
    assert found[("job", "1")] == 6_500_000
    assert found[("job", "2")] == 9_500_000
    assert found[("rule", "map")] == found[("class", "compute")] == 16_000_000
    assert found[("phase", "select")] == found[("class", "scheduling")] - 1_000_000 == 1_000_000
    assert found[("class", "limits")] == 0


def test_without_waiting_for_a_place_a_job_still_waits_for_those_it_needs() -> None:
    # the group would run from 4 to 20; but 4 needs 1, whose second attempt ends at 25 all the
    # same: 25, 2 s of the main loop, 7 s of the tool, 1 s of shutdown
    found = saved(mixed().run)
    assert found[("phase", "slot_wait")] == 41_000_000 - 35_000_000
    # the group was held until 14, ends at 30 as it did; 4 is chosen at 32, and the run ends at 33
    assert found[("phase", "compute")] == 41_000_000 - 33_000_000


def test_a_job_saves_no_more_than_the_next_longest_beside_it_allows() -> None:
    # 2 runs for 10 s beside 1 for 8: without 2, the run is 2 s shorter, and not 10
    story = begun(cores=2).job(1, threads=1).job(2, threads=1, rule="other").iteration(3, 3)
    run = story.quick(1, 3, 3, 11).quick(2, 3, 3, 13).end(13).run
    assert saved(run)[("job", "2")] == saved(run)[("rule", "other")] == 2_000_000


@MANY
@given(lives())
def test_without_a_class_of_a_chain_at_most_its_share_is_saved_and_its_knock_on(
    lived: Lived,
) -> None:
    """In a run where nobody waits for a place, the path's other segments remain."""
    assume(not any(release.passed_over for release in lived.releases.values()))
    run = lived.run
    measured = account(run)
    for name in ("planning", "queue", "staging", "compute", "scheduling"):
        model = transforms.waits_as_they_were(build_model(run))
        phases = [phase for phase in PHASES if cost_class(phase) == name]
        saving = makespan(model) - makespan(transforms.without_phases(model, phases))
        share = measured.makespan_by_class[name]
        # What others did in the main thread meanwhile may now come before.
        main = sum(w.idle - w.time for w in run.iterations)
        assert saving <= share + main + SHARE * measured.makespan


@FEW
@given(lives(), st.randoms(use_true_random=False))
def test_any_setting_of_any_run_is_replayed_to_an_account_that_adds_up(
    lived: Lived, dice: random.Random
) -> None:
    run = lived.run
    words = ["no-retries", "overlap-staging", "faster=a=3", "faster=b=0.5"]
    if lived.world.remote:
        words += ["jobs=3", "poll=4", "queue=drawn", "startup=x2", "group=a=2", "local=b"]
    else:
        words += ["cores=4"]
    rules = {task.rule for task in lived.world.tasks.values()}
    chosen = [w for w in dice.sample(words, 3) if w[-3] != "=" or w.split("=")[1] in rules]
    chosen = [
        w
        for w in chosen
        if w.partition("=")[2].partition("=")[0] in rules
        or "=" not in w
        or w.split("=")[0] not in ("local", "group", "faster")
    ]
    measured = any(a.phases.get("queue_wait") for a in run.attempts.values())
    assume(chosen and (measured or not {"queue=drawn", "startup=x2", "poll=4"} & set(chosen)))
    assume("poll=4" not in chosen or build_model(run).polls is not None)
    try:
        model = changed(run, " ".join(chosen))
    except ScenarioError as nothing_to_move:
        assume(not str(nothing_to_move).startswith(("group a: ", "local b: ")))
        raise
    played = simulate(model)
    assert played.missed == 0
    told = account(simulated_run(model, played, run))
    assert sum(told.makespan_by_class.values()) == told.makespan == played.makespan(model)
