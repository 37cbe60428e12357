"""A simulation as a run: its account adds up, and that of an unchanged run is the same."""

import random

from builders import (
    an_execution,
    begun,
    level,
    stamps,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from schedules import Lived, lives
from simulations import FEW, MANY, changed

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.whatif import build_model, simulate
from snakemake_logger_plugin_observe.analysis.whatif.run_from_simulation import simulated_run
from snakemake_logger_plugin_observe.analysis.whatif.scenario import (
    ScenarioError,
)
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import CLASSES


@MANY
@given(lives())
def test_the_account_of_an_unchanged_simulation_is_that_of_the_run(lived: Lived) -> None:
    run = lived.run
    model = build_model(run)
    found = account(simulated_run(model, simulate(model), run))
    measured = account(run)
    assert sum(found.makespan_by_class.values()) == found.makespan
    for name in CLASSES:
        off = found.makespan_by_class[name] - measured.makespan_by_class[name]
        assert abs(off) <= measured.makespan * 0.01


def test_every_member_of_a_group_is_simulated_including_those_that_ran_at_the_same_time() -> None:
    """Otherwise jobs that depend on one of them would seem to have waited for a slot."""
    run = side_by_side()
    simulated = simulated_run(build_model(run), simulate(build_model(run)), run)
    assert set(run.attempts) <= set(simulated.attempts)
    found = account(simulated)
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
        own = node.but(executions=(one,))
        story.attempt(job_id, stamps(finished=16), own, group="p")
    return story.iteration(16, 16, (16, 16)).quick(3, 16, 16, 18).end(19).run


@FEW
@given(lives(), st.randoms(use_true_random=False))
def test_any_scenario_of_any_run_gives_an_account_that_adds_up(
    lived: Lived, rng: random.Random
) -> None:
    run = lived.run
    words = ["no-retries", "overlap-staging", "faster=a=3", "faster=b=0.5"]
    if lived.world.remote:
        words += ["jobs=3", "poll=4", "queue=drawn", "startup=x2", "group=a=2", "local=b"]
    else:
        words += ["cores=4"]
    rules = {task.rule for task in lived.world.tasks.values()}
    chosen = [w for w in rng.sample(words, 3) if w[-3] != "=" or w.split("=")[1] in rules]
    chosen = [
        w
        for w in chosen
        if w.partition("=")[2].partition("=")[0] in rules
        or "=" not in w
        or w.split("=")[0] not in ("local", "group", "faster")
    ]
    measured = any(a.phases.get("queue_wait") for a in run.attempts.values())
    assume(chosen and (measured or not {"queue=drawn", "startup=x2", "poll=4"} & set(chosen)))
    assume("poll=4" not in chosen or build_model(run).poll_schedule is not None)
    try:
        model = changed(run, " ".join(chosen))
    except ScenarioError as nothing_to_move:
        assume(not str(nothing_to_move).startswith(("group a: ", "local b: ")))
        raise
    simulation = simulate(model)
    assert 0 not in simulation.moments.selected
    found = account(simulated_run(model, simulation, run))
    assert sum(found.makespan_by_class.values()) == found.makespan == simulation.makespan(model)
