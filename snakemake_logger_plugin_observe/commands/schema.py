"""``schema``: the JSON Schema of a journal line."""

import argparse
from typing import Final

from snakemake_logger_plugin_observe.journal.events import json_schema
from snakemake_logger_plugin_observe.reporters.answers import SchemaAnswer

HELP: Final = "print the JSON Schema of a journal line"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's words: it has none of its own."""


def run(words: argparse.Namespace) -> tuple[SchemaAnswer, int]:
    """Return the schema; always fine."""
    return SchemaAnswer(json_schema()), 0
