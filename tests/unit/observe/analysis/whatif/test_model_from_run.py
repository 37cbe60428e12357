"""The model of a run: simulated unchanged, it gives the run again."""

import random
from typing import Any

import pytest
import strategies
from builders import (
    SECOND,
    begun,
    chain,
    grouped,
    killed,
    logger_only,
    mixed,
    on_cluster,
    replanned,
    retried,
)
from hypothesis import given
from schedules import Lived, live, lives, world_of
from simulations import MANY, TOLERANCE, makespan

from snakemake_logger_plugin_observe.analysis.whatif import build_model, simulate, transforms
from snakemake_logger_plugin_observe.analysis.whatif.in_force import settings_in_force
from snakemake_logger_plugin_observe.analysis.whatif.scenario_effects import (
    apply_scenario,
    is_random,
)
from snakemake_logger_plugin_observe.run.model import Run


@MANY
@given(lives())
def test_an_unchanged_run_is_simulated_with_its_makespan(lived: Lived) -> None:
    model = build_model(lived.run)
    assert makespan(model) == pytest.approx(lived.makespan, rel=TOLERANCE)
    assert 0 not in simulate(model).moments.selected


@MANY
@given(lives())
def test_a_run_with_the_settings_that_it_had_is_the_unchanged_run(lived: Lived) -> None:
    model = build_model(lived.run)
    in_force = settings_in_force(lived.run, model)
    rng = random.Random(1)  # noqa: S311 - not for keys
    assert apply_scenario(model, lived.run, in_force, rng)[0] is model
    assert not is_random(model, lived.run, in_force)


@MANY
@given(lives())
def test_an_unchanged_run_is_simulated_with_every_submission_in_its_place(lived: Lived) -> None:
    model = build_model(lived.run)
    simulation = simulate(model).moments
    for i, key in enumerate(model.keys):
        known = lived.stamps[key]
        near = lived.makespan * TOLERANCE
        assert abs(simulation.selected[i] - known.selected) <= near
        assert abs(simulation.finished[i] - known.finished) <= near


def test_an_end_that_is_finished_as_the_next_iteration_begins_did_not_wait_for_that() -> None:
    lived = live(world_of(292, 3, remote=True, locals_too=True))
    begun = {one.time for one in lived.run.iterations}
    assert any(stamps.finished in begun for stamps in lived.stamps.values())
    assert not any(build_model(lived.run).wakeup)


@MANY
@given(lives())
def test_an_unchanged_run_without_recorded_limits_is_simulated_with_its_makespan(
    lived: Lived,
) -> None:
    run = lived.run
    unknown = {"jobs": None, "cores": None, "resources": {}}
    run.started = run.started.but(**unknown)
    assert makespan(build_model(run)) == pytest.approx(lived.makespan, rel=TOLERANCE)


@MANY
@given(strategies.tampered_runs())
def test_the_simulation_of_a_tampered_run_ends(run: Run) -> None:
    model = build_model(run)
    assert simulate(model).end >= model.start


def test_a_replanning_that_ended_before_it_began_took_no_time() -> None:
    run = replanned().run
    assert any(build_model(run).replan)
    run.phases = [one.but(time=one.end + SECOND) for one in run.phases]
    assert not any(build_model(run).replan)


@pytest.mark.parametrize(
    "story", [chain, grouped, retried, replanned, killed, logger_only, on_cluster, begun]
)
def test_small_runs_are_simulated_exactly(story: Any) -> None:
    run = story().run
    assert makespan(build_model(run)) == run.makespan


@pytest.mark.parametrize(
    "story", [chain, grouped, retried, replanned, killed, logger_only, on_cluster, begun, mixed]
)
def test_with_each_poll_wait_fixed_the_makespan_is_that_of_the_run(story: Any) -> None:
    run = story().run
    assert makespan(transforms.waits_as_they_were(build_model(run))) == run.makespan
