"""``cost``: where the time of a run went."""

import argparse
from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.commands.support import find_journal, live
from snakemake_logger_plugin_observe.commands.support.cost_answer import cost, has_failed, needless
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer
from snakemake_logger_plugin_observe.reporters.as_json.cost import shape
from snakemake_logger_plugin_observe.reporters.as_text.cost import parts
from snakemake_logger_plugin_observe.reporters.reply import Reply

HELP: Final = "where the time of a run went (the default command)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    find_journal.add_argument(parser)
    live.add_argument(parser)


def run(args: argparse.Namespace) -> Reply[CostAnswer]:
    """Return where the makespan and the jobs' time went; always fine."""
    source = find_journal.load(args.journal, Detail.TIMES)
    if has_failed(source):
        source = replace(find_journal.load(source.path, Detail.FAILURES), problems=source.problems)
    source = live.with_live_view(source, offline=args.offline)
    return Reply(cost(source, needless(source)), parts, shape)
