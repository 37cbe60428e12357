"""``path``: the actual path, the critical path, and what to fix first."""

import argparse
from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.advice.advice import MOST_JOBS, advise, is_small
from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import reduced
from snakemake_logger_plugin_observe.analysis.failures.failures import failures
from snakemake_logger_plugin_observe.analysis.path.explain import (
    ExplainedSegment,
    explain,
    lines_needed,
)
from snakemake_logger_plugin_observe.analysis.path.paths import Paths, paths
from snakemake_logger_plugin_observe.analysis.triage.blocked import blocked
from snakemake_logger_plugin_observe.analysis.whatif import build_model
from snakemake_logger_plugin_observe.analysis.whatif.savings import savings
from snakemake_logger_plugin_observe.commands.support import find_journal, live
from snakemake_logger_plugin_observe.journal.excerpts import lines_at
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import PathAnswer, Source
from snakemake_logger_plugin_observe.reporters.as_json.path import shape
from snakemake_logger_plugin_observe.reporters.as_text.path import parts
from snakemake_logger_plugin_observe.reporters.reply import Reply

HELP: Final = "what to fix first, from the run's actual path and its critical path"
EXAMPLE: Final = "snakemake-observe path --explain"

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
        help=f"also simulate what to fix first in a run of more than {MOST_JOBS:,} jobs",
    )
    find_journal.add_offline(parser)


def run(args: argparse.Namespace) -> Reply[PathAnswer]:
    """Return both paths of the run; always fine.

    Raises:
        JournalError: if there is no journal, or --explain and --savings are combined.

    """
    if args.explain and args.savings:
        raise JournalError("path: --explain shows no savings; leave out one of the two options")
    source = find_journal.load(args.journal, Detail.TIMES)
    cut_short = source.status in ("failed", "interrupted")
    if cut_short and not args.explain:
        source = replace(find_journal.load(source.path, Detail.FAILURES), problems=source.problems)
    if not args.explain:
        source = live.with_live_view(source, offline=args.offline)
    found = paths(source.run)
    explained = _explained(source, found) if args.explain else None
    if args.explain or source.length_unknown:
        return Reply(PathAnswer(source, found, (), explained), parts, shape)
    if not (is_small(source.run) or args.savings):
        answer = PathAnswer(source, found, None, advice=None)
    else:
        answer = _simulated(source, found)
    hindered = blocked(source.run, source.status, source.live, source.left_running)
    if cut_short:
        answer = replace(answer, advice=(), failures=failures(source.run), blocked=hindered)
    elif hindered:
        answer = replace(answer, advice=(), blocked=hindered)
    else:
        answer = replace(answer, reduced=tuple(reduced(source.run)))
    return Reply(answer, parts, shape)


def _simulated(source: Source, found: Paths) -> PathAnswer:
    """Return both paths, with what to change and what could be saved."""
    run = source.run
    model = build_model(run, found.actual)
    simulations = None if is_small(run) else _SIMULATIONS_OF_A_LARGE_RUN
    return PathAnswer(
        source,
        found,
        tuple(savings(model, found.actual, simulations=simulations)),
        advice=advise(run, account(run, found.actual), model),
    )


def _explained(source: Source, found: Paths) -> tuple[ExplainedSegment, ...]:
    lines = lines_at(source.path, lines_needed(source.run, found.actual))
    return tuple(explain(source.run, found.actual, lines))
