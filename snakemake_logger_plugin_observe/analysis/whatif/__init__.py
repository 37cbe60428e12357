"""The replay: what a run was made of, let happen again, as it was or under other settings."""

from snakemake_logger_plugin_observe.analysis.whatif.engine import Played, play
from snakemake_logger_plugin_observe.analysis.whatif.model import Model
from snakemake_logger_plugin_observe.analysis.whatif.model_from_run import model_of

__all__ = ["Model", "Played", "model_of", "play"]
