"""A reply as JSON for other tools."""

from typing import Any

from snakemake_logger_plugin_observe.reporters import json_document
from snakemake_logger_plugin_observe.reporters.reply import Reply


def render(reply: Reply[Any], *, width: int = 100, color: bool = False) -> str:
    """Return *reply* as one JSON document; the terminal's width and colour do not matter."""
    return json_document.dumps(reply.json(reply.answer))
