"""``schema``: print the JSON Schema of a journal line."""

import argparse
import json
from typing import Any, Final

from snakemake_logger_plugin_observe.journal.events import json_schema
from snakemake_logger_plugin_observe.reporters.reply import Reply

HELP: Final = "print the JSON Schema of a journal line"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments: it has none."""


def run(args: argparse.Namespace) -> Reply[dict[str, Any]]:
    """Return the schema, which is the same text in every format."""
    return Reply(
        json_schema(),
        text=lambda schema, _: [json.dumps(schema, indent=2)],
        json=lambda schema: schema,
    )
