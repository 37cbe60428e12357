"""What an action would bring: the run, let happen again as it would be then."""

import shlex
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

_SUBMISSIONS: Final = 5_000
"""So many are let happen again in passing; more would make the answer late."""


@dataclass(frozen=True, slots=True)
class PredictedGain:
    """What an action would bring, and the command that tells more of it."""

    command: str
    saves: Micros | None
    """None where the run is too large to be let happen again in passing."""


def predict_gain(case: Case, action: Action) -> PredictedGain | None:
    """Return what *action* would bring; None where no replay can tell, or nothing would be won."""
    if not action.move or case.status != "success":
        return None
    command = shlex.join(["snakemake-observe", "whatif", *_journal(case), *_flags(action.move)])
    try:
        chosen = parse_scenario(action.move)
        if len(case.run.attempts) > _SUBMISSIONS:
            return PredictedGain(command, None)
        saves = predicted_saving(case.run, chosen, case.account.segments)
    except ScenarioError:
        return None
    return PredictedGain(command, saves) if saves > 0 else None


def _journal(case: Case) -> list[str]:
    path = case.paths.get("B")
    return [path] if path is not None else []


def _flags(move: tuple[Argument, ...]) -> list[str]:
    return [word for name, value in move for word in (f"--{name}", value) if word is not None]
