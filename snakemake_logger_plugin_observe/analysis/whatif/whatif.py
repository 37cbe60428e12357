"""What-ifs: a run simulated under other settings, with a prediction for each scenario."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.partition import (
    MakespanSegment,
    partition,
    phase_totals,
)
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.analysis.whatif.draws import ends_drawn
from snakemake_logger_plugin_observe.analysis.whatif.engine import Simulation
from snakemake_logger_plugin_observe.analysis.whatif.fidelity import reproduces
from snakemake_logger_plugin_observe.analysis.whatif.limit_changes import given_more
from snakemake_logger_plugin_observe.analysis.whatif.model import Model
from snakemake_logger_plugin_observe.analysis.whatif.model_from_run import build_model
from snakemake_logger_plugin_observe.analysis.whatif.processors import (
    most_at_once,
    simulate_here,
)
from snakemake_logger_plugin_observe.analysis.whatif.run_from_simulation import simulated_run
from snakemake_logger_plugin_observe.analysis.whatif.scenario import Scenario
from snakemake_logger_plugin_observe.analysis.whatif.scenario_effects import (
    apply_scenario,
    interval_grows,
    is_random,
    partners,
)
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import UNOBSERVED, by_class

_MAX_DRAWS: Final = 41
_MIN_DRAWS: Final = 7
_SUBMISSIONS: Final = 200_000  # simulated at most, over all draws
_HELD_BACK: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a run would have taken under one scenario; lengths in microseconds."""

    scenario: Scenario
    measured: Micros
    predicted: Micros
    interval: tuple[Micros, Micros] | None
    """The middle eight of ten random draws, if anything was drawn."""
    by_class: dict[str, Micros]
    assumptions: tuple[str, ...]
    more_at_once: int = 0
    """1 if more jobs ran at once on the main machine than did, -1 if fewer: what a tool did not
    spend computing it may have waited for other things, or for a core."""
    waits_for_a_pipe: bool = False
    """Whether a rule is faster that a pipe joins to others: it may be the one that waits."""
    given_more: tuple[str, ...] = ()
    """In words, rules with more of what they ask for: if that makes tools faster, it takes less."""

    @property
    def bound(self) -> str | None:
        """Whether it takes at least as long, or at most: ``lower``, ``upper``, or None."""
        longer = self.more_at_once > 0 or self.waits_for_a_pipe
        shorter = self.more_at_once < 0 or bool(self.given_more)
        if longer == shorter:
            return None
        return "lower" if longer else "upper"


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The predictions for a run: unchanged, and under each scenario."""

    measured: Micros
    measured_by_class: dict[str, Micros]
    unchanged: Prediction
    predictions: tuple[Prediction, ...]
    gaps: tuple[str, ...]
    """What is not known about the run and therefore kept as it was."""
    again: tuple[Micros, Micros] | None = None
    """The middle eight of ten draws of the unchanged run, if the checks' interval grows."""

    @property
    def is_like_the_run(self) -> bool:
        """Whether the run, simulated without changes, takes about as long as it took."""
        return reproduces(self.measured, self.unchanged.predicted)


def what_if(
    run: Run, scenarios: Sequence[Scenario], segments: Sequence[MakespanSegment], seed: int = 1
) -> WhatIf:
    """Return what *run* would have taken under each of *scenarios*.

    Args:
        run: the run.
        scenarios: the alternatives.
        segments: the makespan partition.
        seed: the random seed.

    Raises:
        ScenarioError: if a scenario makes no sense for this run.

    """
    model = build_model(run, segments)
    measured = by_class(phase_totals(list(segments)))
    unchanged = _predict(run, model, Scenario(), seed)
    return WhatIf(
        measured=run.makespan,
        measured_by_class=measured,
        unchanged=unchanged,
        predictions=tuple(
            _predict(run, model, one, seed) if one != Scenario() else unchanged for one in scenarios
        ),
        gaps=tuple(_gaps(run, model)),
        again=_again(model, scenarios, seed) if interval_grows(model) else None,
    )


def _again(model: Model, scenarios: Sequence[Scenario], seed: int) -> tuple[Micros, Micros] | None:
    """Return how long the run would take at another time, unless nothing else is asked."""
    if all(one == Scenario() for one in scenarios):
        return None
    rng = random.Random(seed)  # noqa: S311 - not for keys
    drawn = (simulate_here(ends_drawn(model, rng))[0] for _ in range(_most_draws(model)))
    return _middle(sorted(one.makespan(model) for one in drawn))


def _most_draws(model: Model) -> int:
    return min(_MAX_DRAWS, max(_MIN_DRAWS, _SUBMISSIONS // max(1, model.count)))


def _middle(in_order: Sequence[Micros]) -> tuple[Micros, Micros]:
    """Return the middle eight of ten."""
    return in_order[len(in_order) // 10], in_order[len(in_order) - 1 - len(in_order) // 10]


_Simulated = tuple[Simulation, Model]


def _simulated(
    run: Run, model: Model, scenario: Scenario, *, seed: int, draws: int
) -> tuple[list[_Simulated], list[str]]:
    """Return the simulations of *scenario*, shortest first: one, or one for each random draw."""
    rng = random.Random(seed)  # noqa: S311 - not for keys
    simulations = []
    assumptions: list[str] = []
    for _ in range(draws if is_random(model, run, scenario) else 1):
        changed, assumptions = apply_scenario(model, run, scenario, rng)
        simulations.append(simulate_here(changed))
    return sorted(simulations, key=lambda one: one[0].end), assumptions


def _predict(run: Run, model: Model, scenario: Scenario, seed: int) -> Prediction:
    simulations, assumptions = _simulated(run, model, scenario, seed=seed, draws=_most_draws(model))
    draws = len(simulations)
    middle, changed = simulations[draws // 2]
    interval = None
    if draws > 1:
        interval = _middle([one.makespan(model) for one, _ in simulations])
    at_once = _more_at_once(model, scenario, changed, middle)
    return Prediction(
        scenario=scenario,
        measured=run.makespan,
        predicted=middle.makespan(model),
        interval=interval,
        by_class=by_class(phase_totals(partition(simulated_run(changed, middle, run)))),
        assumptions=(*assumptions, *_next_to_others(at_once)),
        more_at_once=at_once,
        waits_for_a_pipe=any(
            times > 1 and partners(model, rule) for rule, times in scenario.faster.items()
        ),
        given_more=tuple(given_more(model, run, scenario)),
    )


def _more_at_once(model: Model, scenario: Scenario, changed: Model, found: Simulation) -> int:
    """Return whether more jobs run at once on the main machine than did (1), or fewer (-1)."""
    slots = scenario.jobs or scenario.cores or scenario.resources or scenario.set_threads
    if model.remote or not (slots or scenario.max_jobs_per_timespan):
        return 0
    before, after = most_at_once(model, model.measured), most_at_once(changed, found.moments)
    return (after > before) - (after < before)


def _next_to_others(at_once: int) -> Iterator[str]:
    """Yield what is assumed of tools that run next to more others on the machine, or to fewer."""
    if at_once > 0:
        yield "a tool that did not compute did not wait for a core: at most so much is saved"
    elif at_once < 0:
        yield "no tool was slowed down by those next to it: if one was, the run takes less"


def _gaps(run: Run, model: Model) -> list[str]:
    """Return what is not known about the run, one clause each."""
    found = list(model.assumptions)
    cut = sum(model.unfinished)
    if run.finished is None:
        found.append("the journal lacks the run's end: the run is simulated up to its last moment")
    if cut:
        found.append(
            f"{plural(cut, 'submission')} had not ended: what {'it' if cut == 1 else 'they'} had "
            "left to do is not known"
        )
    blind = sum(1 for length in model.background.get(UNOBSERVED, ()) if length)
    if blind:
        found.append(
            f"{plural(blind, 'submission')} without a breakdown into phases: unobserved time, "
            "including any queue or poll wait, is kept as it was"
        )
    held = sum(1 for length in model.held_back if length >= _HELD_BACK)
    if held:
        found.append(
            f"{plural(held, 'submission')} waited for a reason that is not in the journal: kept as "
            "it was"
        )
    if not model.count:
        found.append("it submitted no job: only its own phases are known")
    return found
