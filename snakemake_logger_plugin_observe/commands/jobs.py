"""``jobs``: which attempts there were, and where failure accumulated."""

import argparse
import difflib
from typing import Final, get_args

from snakemake_logger_plugin_observe.analysis.failures.failures import failures
from snakemake_logger_plugin_observe.analysis.failures.rule_patterns import rule_patterns
from snakemake_logger_plugin_observe.analysis.jobs.table import SORT_KEYS, Row, RowFilter, rows
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.journal.files import JournalError
from snakemake_logger_plugin_observe.journal.records import Status
from snakemake_logger_plugin_observe.reporters.answers import JobsAnswer, Source
from snakemake_logger_plugin_observe.reporters.as_json.jobs import shape
from snakemake_logger_plugin_observe.reporters.as_text.jobs import parts
from snakemake_logger_plugin_observe.reporters.reply import Reply

HELP: Final = "what ran: every attempt with its phases, external id, node and status"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    find_journal.add_argument(parser)
    parser.add_argument("--rule", metavar="RULE", help="only this rule's attempts")
    parser.add_argument("--status", choices=get_args(Status), help="only attempts that ended so")
    parser.add_argument(
        "--failed", action="store_true", help="what failed, why, and what trying again was worth"
    )
    parser.add_argument(
        "--used", action="store_true", help="what each used, beside what it had asked for"
    )
    parser.add_argument("--sort", choices=SORT_KEYS, default="start", help="default: start")


def run(args: argparse.Namespace) -> Reply[JobsAnswer]:
    """Return the attempts that were asked for; always fine.

    Raises:
        JournalError: if there is no journal, or no rule in it that is called so.

    """
    source = find_journal.load(args.journal, failures=args.failed)
    if args.rule is not None:
        _known(source, args.rule)
    choice = RowFilter(args.rule, args.status, args.failed, args.sort)
    chosen = tuple(rows(source.run, choice))
    if not args.failed:
        return Reply(JobsAnswer(source, chosen, used=args.used), parts, shape)
    return Reply(failed(source, chosen, args.rule), parts, shape)


def _known(source: Source, rule: str) -> None:
    """Refuse a rule that the run does not have."""
    rules = dict.fromkeys(job.rule for job in source.run.jobs.values())
    if rule not in rules:
        near = difflib.get_close_matches(rule, rules, n=1)
        hint = f"; is {near[0]} meant?" if near else ""
        raise JournalError(f"{source.path}: no job of this run is of a rule called {rule}{hint}")


def failed(source: Source, chosen: tuple[Row, ...], rule: str | None = None) -> JobsAnswer:
    """Return what failed among the jobs of the rows that were *chosen*."""
    every = failures(source.run)
    keys = {row.attempt.key[0] for row in chosen}
    keys |= {row.attempt.group for row in chosen if row.attempt.group is not None}
    found = tuple(one for one in every if one.key in keys)
    common = rule_patterns(source.run, every)
    named = {one.rule for one in found}
    return JobsAnswer(
        source,
        chosen,
        failed_only=True,
        rule=rule,
        failures=found,
        patterns=tuple(one for one in common if one.rule in named),
    )
