"""The replay: what a run was made of, let happen again, as it was or under other settings."""

from snakemake_logger_plugin_observe.analysis.replay.engine import Played, play
from snakemake_logger_plugin_observe.analysis.replay.making import model_of
from snakemake_logger_plugin_observe.analysis.replay.model import Model

__all__ = ["Model", "Played", "model_of", "play"]
