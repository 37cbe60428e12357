"""How much time an action would save, predicted by simulating the run with it."""

from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.advice.advice import is_small, whatif
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.pasting import Command


@dataclass(frozen=True, slots=True)
class PredictedGain:
    """How much time an action would save, and the command that shows the details."""

    command: Command
    saves: Micros | None
    """None if the run is too large to simulate here."""
    at_most: bool = False
    """Whether the simulation shows an upper bound."""


def predict_gain(case: Case, action: Action) -> PredictedGain | None:
    """Return what *action* would save; None if it cannot be simulated, or saves nothing."""
    if not action.move or case.status != "success":
        return None
    simulate = whatif(case.journal, action.move, "the predicted gain")
    if not is_small(case.run):
        return PredictedGain(simulate, None)
    saves = case.trials.saves(action.move)
    if saves is None or saves <= 0:
        return None
    return PredictedGain(
        simulate, saves, at_most=any(name == "scheduler" for name, _ in action.move)
    )
