"""A table of a run as tab-separated values."""

from typing import Final

from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.exports import separated
from snakemake_logger_plugin_observe.reporters.exports.asked import ExportAsked

HELP: Final = "a table as tab-separated values"
DETAIL: Final = Detail.FIGURES


def render(asked: ExportAsked) -> str:
    """Return the table that was asked for: of attempts, if none was named."""
    return separated.render(asked, "\t")
