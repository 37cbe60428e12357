"""How much time an action would save, predicted by simulating the run with it."""

from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action
from snakemake_logger_plugin_observe.analysis.whatif.scenario import (
    Argument,
    ScenarioError,
    parse_scenario,
)
from snakemake_logger_plugin_observe.analysis.whatif.whatif import predicted_saving
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.pasting import Command, command, option

_SUBMISSIONS: Final = 5_000
"""The largest run to simulate here; simulating more attempts would delay the answer."""


@dataclass(frozen=True, slots=True)
class PredictedGain:
    """How much time an action would save, and the command that shows the details."""

    command: Command
    saves: Micros | None
    """None if the run is too large to simulate here."""


def predict_gain(case: Case, action: Action) -> PredictedGain | None:
    """Return what *action* would save; None if it cannot be simulated, or saves nothing."""
    if not action.move or case.status != "success":
        return None
    simulate = command(
        *("snakemake-observe", "whatif", *case.journal, *_flags(action.move)),
        purpose="the predicted gain",
    )
    try:
        scenario = parse_scenario(action.move)
        if len(case.run.attempts) > _SUBMISSIONS:
            return PredictedGain(simulate, None)
        saves = predicted_saving(case.run, scenario, case.account.segments)
    except ScenarioError:
        return None
    return PredictedGain(simulate, saves) if saves > 0 else None


def _flags(move: tuple[Argument, ...]) -> list[str]:
    return [
        each
        for name, value in move
        for each in ((f"--{name}",) if value is None else option(f"--{name}", value))
    ]
