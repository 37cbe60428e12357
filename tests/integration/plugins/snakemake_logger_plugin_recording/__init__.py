"""A logger plugin that writes a line for each record to ``heard.jsonl``."""

import json
from logging import LogRecord
from pathlib import Path

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

KEPT = Path("heard.jsonl")


class LogHandlerSettings(LogHandlerSettingsBase):
    """None."""


class LogHandler(LogHandlerBase):
    def emit(self, record: LogRecord) -> None:
        event = getattr(record, "event", None)
        line = {
            "at": record.created,
            "level": record.levelname,
            "event": None if event is None else str(event),
            "text": record.getMessage(),
            "state": getattr(record, "remote_job_state", None),
        }
        with KEPT.open("a") as file:
            file.write(json.dumps(line) + "\n")

    writes_to_stream = writes_to_file = needs_rulegraph = False
    has_filter = has_formatter = True
