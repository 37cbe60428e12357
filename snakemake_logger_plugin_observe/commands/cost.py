"""``cost``: where the time of a run went."""

import argparse
from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.advice import levers
from snakemake_logger_plugin_observe.analysis.cost.node_clocks import node_clocks
from snakemake_logger_plugin_observe.analysis.cost.polling import polling
from snakemake_logger_plugin_observe.analysis.failures.failures import failures
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import request_mismatches
from snakemake_logger_plugin_observe.analysis.jobs.table import Row, rows
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer, CostlyJob, Source
from snakemake_logger_plugin_observe.reporters.as_json.cost import shape
from snakemake_logger_plugin_observe.reporters.as_text.cost import parts
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.run.attempt import FAILED
from snakemake_logger_plugin_observe.run.model import Run

HELP: Final = "where the time of a run went (the default command)"
_COSTLIEST: Final = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    find_journal.add_argument(parser)


def run(args: argparse.Namespace) -> Reply[CostAnswer]:
    """Return where the makespan and the jobs' time went; always fine."""
    source = find_journal.load(args.journal, Detail.TIMES)
    if has_failed(source):
        source = replace(find_journal.load(source.path, Detail.FAILURES), problems=source.problems)
    return Reply(cost(source), parts, shape)


def cost(source: Source) -> CostAnswer:
    """Return where the time of a run went, and first what failed, if it failed."""
    run, failed = source.run, has_failed(source)
    accounts = account(run)
    cut_short = source.length_unknown or source.status == "interrupted"
    advised = bool(run.attempts) and not cut_short and not failed
    return CostAnswer(
        source,
        accounts,
        costliest(run) if not source.length_unknown else (),
        polling=polling(run),
        levers=tuple(levers(run, accounts)) if advised else (),
        request_mismatches=tuple(request_mismatches(run)),
        clocks=node_clocks(run),
        failures=failures(run) if failed else (),
    )


def has_failed(source: Source) -> bool:
    """Whether the run failed, or goes on after a job that failed and was not retried yet."""
    if source.status == "failed":
        return True
    last = {attempt.key[0]: attempt for attempt in source.run.attempts.values()}
    ended = source.status in ("success", "nothing_to_do")
    return not ended and any(attempt.status in FAILED for attempt in last.values())


def costliest(run: Run) -> tuple[CostlyJob, ...]:
    """Return the jobs whose attempts took the longest in all since each was selected."""
    by_key: dict[int | str, list[Row]] = {}
    for row in rows(run):
        if row.since_selected > 0:
            by_key.setdefault(row.attempt.key[0], []).append(row)
    found = [CostlyJob(of_one[-1], tuple(of_one)) for of_one in by_key.values()]
    return tuple(sorted(found, key=lambda job: -job.since_selected)[:_COSTLIEST])
