"""``snakemake --logger observe``: records a run, live, into a structured run journal.

Every Snakemake process on the machine imports this module, so it computes nothing. What it names is
loaded when it is used first: the plugin, and the Python interface (``open_run``, ``list_runs``).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.handler import LogHandler
    from snakemake_logger_plugin_observe.settings import LogHandlerSettings
    from snakemake_logger_plugin_observe.views import ObserveError, RunView, list_runs, open_run

__version__ = "0.1.0"

__all__ = [
    "LogHandler",
    "LogHandlerSettings",
    "ObserveError",
    "RunView",
    "__version__",
    "list_runs",
    "open_run",
]


def __getattr__(name: str) -> Any:
    """Return a name of the plugin or of the Python interface, and load what has it."""
    if name == "LogHandler":
        from snakemake_logger_plugin_observe import handler

        return handler.LogHandler
    if name == "LogHandlerSettings":
        from snakemake_logger_plugin_observe import settings

        return settings.LogHandlerSettings
    if name in ("ObserveError", "RunView", "list_runs", "open_run"):
        from snakemake_logger_plugin_observe import views

        return getattr(views, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
