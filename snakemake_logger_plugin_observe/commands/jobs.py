"""``jobs``: every attempt, or what failed and why."""

import argparse
import difflib
from typing import Final, get_args

from snakemake_logger_plugin_observe.analysis.jobs.rule_use import rule_uses
from snakemake_logger_plugin_observe.analysis.jobs.table import SORT_KEYS, Row, RowFilter, rows
from snakemake_logger_plugin_observe.analysis.live.state import State
from snakemake_logger_plugin_observe.commands.support import find_journal, live
from snakemake_logger_plugin_observe.commands.support.failed_answer import failed
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.records import Status
from snakemake_logger_plugin_observe.reporters.answers import JobsAnswer, Source
from snakemake_logger_plugin_observe.reporters.as_json.jobs import shape
from snakemake_logger_plugin_observe.reporters.as_text.jobs import parts
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.run.model import IN_FLIGHT

HELP: Final = "every attempt with its phases, external job id, node and status"
_OF_ATTEMPTS: Final = (*get_args(Status), IN_FLIGHT)
_STATUSES: Final = tuple(dict.fromkeys((*_OF_ATTEMPTS, *get_args(State))))
"""A status of an attempt, or a state of a job that is out now."""
EXAMPLE: Final = "snakemake-observe jobs --failed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    find_journal.add_argument(parser)
    parser.add_argument("--rule", metavar="RULE", help="only attempts of this rule")
    parser.add_argument("--status", choices=_STATUSES, help="only attempts with this status")
    parser.add_argument(
        "--failed", action="store_true", help="what failed, why, and whether retries helped"
    )
    parser.add_argument(
        "--used", action="store_true", help="what each attempt used, next to what it requested"
    )
    parser.add_argument(
        "--by-rule",
        action="store_true",
        help="what the jobs of each rule took and used: mean, minimum, maximum and sum",
    )
    parser.add_argument("--sort", choices=SORT_KEYS, help="the order of the table (default: start)")
    find_journal.add_offline(parser)


def run(args: argparse.Namespace) -> Reply[JobsAnswer]:
    """Return the selected attempts; always fine.

    Raises:
        JournalError: if there is no journal, the run has no such rule, or two options exclude
            each other.

    """
    _check_options(args)
    source = live.with_live_view(find_journal.load(args.journal), offline=args.offline)
    if args.rule is not None:
        _check_rule(source, args.rule)
    if args.by_rule:
        rules = None if args.rule is None else [args.rule]
        return Reply(by_rule(source, rules), parts, shape)
    status = args.status if args.status in _OF_ATTEMPTS else None
    wanted = RowFilter(args.rule, status, args.failed, args.sort or "start")
    selected = tuple(rows(source.run, wanted))
    if args.status != status:
        selected = tuple(row for row in selected if _state(source, row) == args.status)
    if args.used or not args.failed:
        answer = JobsAnswer(source, selected, used=args.used, rule=args.rule)
        return Reply(answer, parts, shape)
    return Reply(failed(source, selected, args.rule), parts, shape)


def _state(source: Source, row: Row) -> str | None:
    """Return what an attempt does now, if it is out."""
    found = source.live.of(row.attempt.key) if source.live is not None else None
    return found.state if found is not None else None


def by_rule(source: Source, rules: list[str] | None = None) -> JobsAnswer:
    """Return what the jobs of each rule used."""
    return JobsAnswer(source, (), by_rule=tuple(rule_uses(source.run, rules)))


def _check_options(args: argparse.Namespace) -> None:
    """Raise JournalError if an option would have no effect."""
    others = (("--failed", args.failed), ("--used", args.used), ("--status", args.status))
    given = [name for name, value in (*others, ("--sort", args.sort)) if value]
    if args.by_rule and given:
        raise JournalError(
            f"jobs: --by-rule sums up the jobs that succeeded; leave out {' and '.join(given)}"
        )
    if args.failed and args.status is not None:
        raise JournalError(
            "jobs: --failed shows jobs that failed, with all their attempts, and --status shows "
            f"attempts; leave out one of them (jobs --status {args.status})"
        )
    if args.failed and args.sort is not None and not args.used:
        raise JournalError("jobs: --sort orders a table, which --failed has only with --used")


def _check_rule(source: Source, rule: str) -> None:
    """Raise JournalError if the run has no job of *rule*, neither run nor planned."""
    run = source.run
    rules = dict.fromkeys(job.rule for job in run.all_jobs.values())
    if run.planned is not None:
        rules |= dict.fromkeys([*run.planned.to_run, *run.planned.up_to_date])
    if rule not in rules:
        near = difflib.get_close_matches(rule, rules, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise JournalError(f"{source.path}: this run has no rule {rule}{hint}")
