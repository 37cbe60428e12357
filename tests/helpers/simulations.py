"""Simulated runs, for the tests of what-ifs."""

import random
from typing import Final

from hypothesis import settings

from snakemake_logger_plugin_observe.analysis.whatif import Model, build_model, simulate
from snakemake_logger_plugin_observe.analysis.whatif.end_detection import NoticedEnd
from snakemake_logger_plugin_observe.analysis.whatif.scenario import parse_scenario, split_arguments
from snakemake_logger_plugin_observe.analysis.whatif.scenario_effects import apply_scenario
from snakemake_logger_plugin_observe.run.model import Run

S: Final = 1_000_000
TOLERANCE: Final = 0.001
"""How far a simulation may be off: the loop may wake a moment later for one of two ends."""
MANY = settings(max_examples=100, deadline=None)
FEW = settings(max_examples=40, deadline=None)


def makespan(model: Model) -> int:
    return simulate(model).makespan(model)


def changed(run: Run, text: str) -> Model:
    """Return the model of *run* under the scenario that *text* describes."""
    return _applied(run, text)[0]


def assumptions(run: Run, text: str) -> list[str]:
    """Return what the scenario that *text* describes assumes of *run*."""
    return _applied(run, text)[1]


def _applied(run: Run, text: str) -> tuple[Model, list[str]]:
    rng = random.Random(1)  # noqa: S311 - not for keys
    return apply_scenario(build_model(run), run, parse_scenario(split_arguments(text)), rng)


def noticed(*reported_s: float, every_s: float = 10) -> list[NoticedEnd]:
    return [NoticedEnd(round(one * S), 0, round(every_s * S)) for one in reported_s]
