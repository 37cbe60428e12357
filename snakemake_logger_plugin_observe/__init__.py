"""``snakemake --logger observe``: records a run, live, into a structured run journal.

Every Snakemake process on the machine imports this module, so it computes nothing.
"""

from snakemake_logger_plugin_observe.handler import LogHandler
from snakemake_logger_plugin_observe.settings import LogHandlerSettings

__version__ = "0.1.0"

__all__ = ["LogHandler", "LogHandlerSettings", "__version__"]
