"""What-ifs: a run let happen again under other settings, one answer for each."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.partition import (
    MakespanSegment,
    partition,
    phase_totals,
)
from snakemake_logger_plugin_observe.analysis.whatif.engine import Simulation, simulate
from snakemake_logger_plugin_observe.analysis.whatif.model import Model
from snakemake_logger_plugin_observe.analysis.whatif.model_from_run import build_model
from snakemake_logger_plugin_observe.analysis.whatif.run_from_simulation import simulated_run
from snakemake_logger_plugin_observe.analysis.whatif.scenario import Scenario, apply_scenario
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import UNOBSERVED, by_class

_DRAWS: Final = 41
_FEWEST_DRAWS: Final = 7
_SUBMISSIONS: Final = 200_000
_HELD: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a run would have taken under one setting; lengths in microseconds."""

    scenario: Scenario
    measured: Micros
    predicted: Micros
    interval: tuple[Micros, Micros] | None
    """Where chance was drawn: between what eight of ten draws lay."""
    by_class: dict[str, Micros]
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A run's replays: as it was, and under each setting."""

    measured: Micros
    measured_by_class: dict[str, Micros]
    unchanged: Prediction
    predictions: tuple[Prediction, ...]
    gaps: tuple[str, ...]
    """What of the run is not known, and so kept as it was."""


def what_if(
    run: Run, scenarios: Sequence[Scenario], segments: Sequence[MakespanSegment], seed: int = 1
) -> WhatIf:
    """Return what *run* would have taken under each of *settings*.

    Args:
        run: the run.
        scenarios: the alternatives.
        segments: the makespan's partition.
        seed: of what is drawn by chance.

    Raises:
        SettingError: if a setting makes no sense for this run.

    """
    model = build_model(run, segments)
    measured = by_class(phase_totals(list(segments)))
    unchanged = _replay(run, model, Scenario(), seed)
    return WhatIf(
        measured=run.makespan,
        measured_by_class=measured,
        unchanged=unchanged,
        predictions=tuple(
            _replay(run, model, one, seed) if one != Scenario() else unchanged for one in scenarios
        ),
        gaps=tuple(_gaps(run, model)),
    )


def predicted_saving(run: Run, chosen: Scenario, segments: Sequence[MakespanSegment]) -> Micros:
    """Return by how much shorter *run* would have been, and nothing more: the quick answer.

    Raises:
        SettingError: if the setting makes no sense for this run.

    """
    model = build_model(run, segments)
    played, _ = _played(run, model, chosen, seed=1, draws=_FEWEST_DRAWS)
    return run.makespan - played[len(played) // 2][0].makespan(model)


_Played = tuple[Simulation, Model]


def _played(
    run: Run, model: Model, chosen: Scenario, *, seed: int, draws: int
) -> tuple[list[_Played], list[str]]:
    """Return what *chosen* makes of *model*, the shortest first, once or as often as drawn."""
    dice = random.Random(seed)  # noqa: S311 - dice, not keys
    played = []
    assumptions: list[str] = []
    for _ in range(draws if chosen.chance else 1):
        changed, assumptions = apply_scenario(model, run, chosen, dice)
        played.append((simulate(changed), changed))
    return sorted(played, key=lambda one: one[0].end), assumptions


def _replay(run: Run, model: Model, chosen: Scenario, seed: int) -> Prediction:
    most = min(_DRAWS, max(_FEWEST_DRAWS, _SUBMISSIONS // max(1, model.count)))
    played, assumptions = _played(run, model, chosen, seed=seed, draws=most)
    draws = len(played)
    middle, changed = played[draws // 2]
    interval = None
    if draws > 1:
        low, high = played[draws // 10][0], played[draws - 1 - draws // 10][0]
        interval = (low.makespan(model), high.makespan(model))
    return Prediction(
        scenario=chosen,
        measured=run.makespan,
        predicted=middle.makespan(model),
        interval=interval,
        by_class=by_class(phase_totals(partition(simulated_run(changed, middle, run)))),
        assumptions=tuple(assumptions),
    )


def _many(count: int) -> str:
    return "1 submission" if count == 1 else f"{count:,} submissions"


def _gaps(run: Run, model: Model) -> list[str]:
    """Return what is not known of the run, each in a sentence."""
    found = list(model.assumes)
    cut = sum(model.unfinished)
    if run.finished is None:
        found.append("the run has no end in its journal: it is replayed up to its last moment")
    if cut:
        found.append(f"{_many(cut)} had not ended: what was still to do is not known")
    blind = sum(1 for length in model.course.get(UNOBSERVED, ()) if length)
    if blind:
        found.append(
            f"{_many(blind)} could not be split into phases: their unobserved time, any "
            "queue or poll wait in it included, is kept as it was"
        )
    held = sum(1 for length in model.hold if length >= _HELD)
    if held:
        found.append(
            f"{_many(held)} waited for a reason that is not in the journal: kept as it was"
        )
    if not model.count:
        found.append("no job of it was submitted: only its own phases are known")
    return found
