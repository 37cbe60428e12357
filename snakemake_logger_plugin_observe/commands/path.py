"""``path``: the actual path, the critical path, and what to fix first."""

import argparse
from typing import Final

from snakemake_logger_plugin_observe.analysis.path.explain import (
    ExplainedSegment,
    explain,
    lines_needed,
)
from snakemake_logger_plugin_observe.analysis.path.paths import Paths, paths
from snakemake_logger_plugin_observe.analysis.whatif import build_model
from snakemake_logger_plugin_observe.analysis.whatif.savings import Saving, savings
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.journal.excerpts import lines_at
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import PathAnswer, Source
from snakemake_logger_plugin_observe.reporters.as_json.path import shape
from snakemake_logger_plugin_observe.reporters.as_text.path import parts
from snakemake_logger_plugin_observe.reporters.reply import Reply

HELP: Final = "what to fix first, from the run's actual path and its critical path"
EXAMPLE: Final = "snakemake-observe path --explain"

_SIMULATED_BY_DEFAULT: Final = 50_000
_SIMULATIONS_OF_A_LARGE_RUN: Final = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    find_journal.add_argument(parser)
    parser.add_argument(
        "--explain",
        action="store_true",
        help="show the journal lines and stamps behind each segment of the actual path",
    )
    parser.add_argument(
        "--savings",
        action="store_true",
        help=f"also simulate savings for a run of more than {_SIMULATED_BY_DEFAULT:,} attempts",
    )


def run(args: argparse.Namespace) -> Reply[PathAnswer]:
    """Return both paths of the run; always fine.

    Raises:
        JournalError: if there is no journal, or --explain and --savings are combined.

    """
    if args.explain and args.savings:
        raise JournalError("path: --explain shows no savings; leave out one of the two options")
    source = find_journal.load(args.journal, Detail.TIMES)
    found = paths(source.run)
    explained = _explained(source, found) if args.explain else None
    saved = () if args.explain else _savings(source, found, wanted=args.savings)
    return Reply(PathAnswer(source, found, saved, explained), parts, shape)


def _savings(source: Source, found: Paths, *, wanted: bool) -> tuple[Saving, ...] | None:
    """Return what could be saved; None if the run is too large to be simulated by default."""
    if source.length_unknown:
        return ()
    large = len(source.run.attempts) > _SIMULATED_BY_DEFAULT
    if large and not wanted:
        return None
    simulations = _SIMULATIONS_OF_A_LARGE_RUN if large else None
    return tuple(
        savings(build_model(source.run, found.actual), found.actual, simulations=simulations)
    )


def _explained(source: Source, found: Paths) -> tuple[ExplainedSegment, ...]:
    lines = lines_at(source.path, lines_needed(source.run, found.actual))
    return tuple(explain(source.run, found.actual, lines))
