"""Whether a model can be believed: simulated unchanged, it takes about as long as the run did."""

from typing import Final

from snakemake_logger_plugin_observe.clock import Micros

_MOST_OFF: Final = 0.1
"""By a larger share of the run, what a change would save is not claimed."""


def reproduces(measured: Micros, simulated: Micros) -> bool:
    """Whether a run *simulated* unchanged is about as long as it was *measured* to be."""
    return abs(simulated - measured) <= _MOST_OFF * measured
