"""``cost``: where the time of a run went."""

import argparse
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.advice import levers
from snakemake_logger_plugin_observe.analysis.cost.node_clocks import node_clocks
from snakemake_logger_plugin_observe.analysis.cost.polling import polling
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import request_mismatches
from snakemake_logger_plugin_observe.analysis.jobs.table import Row, rows
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.journal.files import Detail
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer, Source
from snakemake_logger_plugin_observe.reporters.as_json.cost import shape
from snakemake_logger_plugin_observe.reporters.as_text.cost import parts
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.run.model import Run

HELP: Final = "where the time of a run went (the default command)"
_COSTLIEST: Final = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    find_journal.add_argument(parser)


def run(args: argparse.Namespace) -> Reply[CostAnswer]:
    """Return where the makespan and the jobs' time went; always fine."""
    source = find_journal.load(args.journal, Detail.TIMES)
    run = source.run
    accounts = account(run)
    answer = CostAnswer(
        source,
        accounts,
        costliest(run),
        polling=polling(run),
        levers=tuple(levers(run, accounts)) if _can_advise(source) else (),
        request_mismatches=tuple(request_mismatches(run)),
        clocks=node_clocks(run),
    )
    return Reply(answer, parts, shape)


def _can_advise(source: Source) -> bool:
    """Whether the run executed jobs and its end is known."""
    return bool(source.run.attempts) and source.status != "killed"


def costliest(run: Run) -> tuple[Row, ...]:
    """Return the attempts that took the longest since they were selected."""
    found = [row for row in rows(run) if row.since_selected > 0]
    return tuple(sorted(found, key=lambda row: row.since_selected, reverse=True)[:_COSTLIEST])
