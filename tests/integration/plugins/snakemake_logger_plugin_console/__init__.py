"""A logger plugin that is the console: what passes Snakemake's own filter, as its formatter has it."""

import sys
from logging import LogRecord

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase


class LogHandlerSettings(LogHandlerSettingsBase):
    """None."""


class LogHandler(LogHandlerBase):
    def emit(self, record: LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)

    writes_to_stream = True
    writes_to_file = needs_rulegraph = has_filter = has_formatter = False
