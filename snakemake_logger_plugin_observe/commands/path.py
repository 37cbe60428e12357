"""``path``: what the makespan was made of, what the work needed, and what to repair first."""

import argparse
from typing import Final

from snakemake_logger_plugin_observe.analysis.explain import Explained, explain, lines_wanted
from snakemake_logger_plugin_observe.analysis.paths import Paths, paths
from snakemake_logger_plugin_observe.analysis.replay import model_of
from snakemake_logger_plugin_observe.analysis.replay.savings import savings
from snakemake_logger_plugin_observe.commands import journals
from snakemake_logger_plugin_observe.journal import lines_at
from snakemake_logger_plugin_observe.reporters.answers import PathAnswer, Source

HELP: Final = "what to repair first: the path that the run took, and the one that the work needs"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's words."""
    journals.argument(parser)
    parser.add_argument(
        "--explain",
        action="store_true",
        help="print the journal's lines and stamps that show each segment of the actual path",
    )


def run(words: argparse.Namespace) -> tuple[PathAnswer, int]:
    """Return both paths of the run; always fine."""
    source = journals.load(words.journal, lean=True, texts=False)
    found = paths(source.run)
    explained = _explained(source, found) if words.explain else None
    saved = (
        () if words.explain else tuple(savings(model_of(source.run, found.actual), found.actual))
    )
    return PathAnswer(source, found, savings=saved, explained=explained), 0


def _explained(source: Source, found: Paths) -> tuple[Explained, ...]:
    lines = lines_at(source.path, lines_wanted(source.run, found.actual))
    return tuple(explain(source.run, found.actual, lines))
