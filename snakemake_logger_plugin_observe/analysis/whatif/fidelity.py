"""Whether a model can be believed: simulated unchanged, it takes about as long as the run did."""

from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros

_MOST_OFF: Final = 0.1
"""By a larger share of the run, what a change would save is not claimed."""
_FAITHFUL: Final = 0.02


@dataclass(frozen=True, slots=True)
class Replay:
    """A run's length, measured, and simulated with the settings that it had."""

    measured: Micros
    simulated: Micros

    @property
    def off(self) -> float:
        """By which share of the run the simulation is off."""
        return abs(self.simulated - self.measured) / self.measured if self.measured else 0.0

    @property
    def is_faithful(self) -> bool:
        """Whether that is little: predictions for other settings begin from there."""
        return self.off <= _FAITHFUL


def reproduces(measured: Micros, simulated: Micros) -> bool:
    """Whether a run *simulated* unchanged is about as long as it was *measured* to be."""
    return abs(simulated - measured) <= _MOST_OFF * measured
