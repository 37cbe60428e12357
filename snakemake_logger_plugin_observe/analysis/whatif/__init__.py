"""What-ifs: a run's main loop simulated, as it was or under other settings.

Uses ``analysis.cost`` and ``run``.
"""

from snakemake_logger_plugin_observe.analysis.whatif.engine import Simulation, simulate
from snakemake_logger_plugin_observe.analysis.whatif.model import Model
from snakemake_logger_plugin_observe.analysis.whatif.model_from_run import build_model

__all__ = ["Model", "Simulation", "build_model", "simulate"]
