"""``validate``: a journal against its schema, and every figure made again from the stamps."""

import argparse
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.validation import validate
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.journal.files import read_journal
from snakemake_logger_plugin_observe.reporters.answers import Source, ValidateAnswer

HELP: Final = "check a journal against the schema, and make its figures again"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's words."""
    find_journal.argument(parser)


def run(words: argparse.Namespace) -> tuple[ValidateAnswer, int]:
    """Return what is wrong with the journal; 1 if anything is."""
    path = find_journal.find(words.journal)
    reading = read_journal(path)
    found = validate(reading, reading.problems)
    source = Source(path, found.run, found.run.status(find_journal.is_alive(found.run)))
    return ValidateAnswer(source, found), 0 if found.sound else 1
