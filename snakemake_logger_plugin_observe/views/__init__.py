"""The Python interface: runs as typed objects, for scripts and notebooks (``docs/python.md``).

``from snakemake_logger_plugin_observe import open_run, list_runs`` loads it. Times are in seconds,
moments in UTC, and unknown is None. Uses everything that the commands use.
"""

from snakemake_logger_plugin_observe.views.errors import ObserveError
from snakemake_logger_plugin_observe.views.listing import RunSummary, list_runs
from snakemake_logger_plugin_observe.views.run_view import RunView, open_run

__all__ = ["ObserveError", "RunSummary", "RunView", "list_runs", "open_run"]
