"""How much time an action would save, predicted by simulating the run with it."""

from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.advice.advice import is_small
from snakemake_logger_plugin_observe.analysis.advice.advised import whatif
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.pasting import Command


@dataclass(frozen=True, slots=True)
class PredictedGain:
    """How much time an action would save, and the command that shows the details."""

    command: Command | None
    """None if no setting of ``whatif`` is the action."""
    saves: Micros | None
    """None if the run is too large to simulate here, or no simulation covers the action."""
    at_most: bool = False
    """Whether the simulation shows an upper bound."""


def predict_gain(case: Case, first: Incident) -> PredictedGain | None:
    """Return what the action on *first* would save; None if it is about failures, not time."""
    action = first.action
    if first.failures or not first.explains or case.status == "failed":
        return None
    if case.status == "running" and not (action.move or action.without):
        return None  # it must move on first: how long it will take is another question
    if case.status != "success" or not (action.move or action.without):
        return PredictedGain(None, None)
    simulate = whatif(case.journal, action.move, "the predicted gain") if action.move else None
    if not is_small(case.run):
        return PredictedGain(simulate, None)
    saves = case.trials.saves(action.move, action.without)
    if saves is None or saves <= 0:
        return PredictedGain(None, None)
    at_most = bool(action.without) or any(name == "scheduler" for name, _ in action.move)
    return PredictedGain(simulate, saves, at_most=at_most)
