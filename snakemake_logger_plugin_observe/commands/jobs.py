"""``jobs``: which attempts there were, and where failure accumulated."""

import argparse
from typing import Final, get_args

from snakemake_logger_plugin_observe.analysis.attempts import SORT_KEYS, Choice, rows
from snakemake_logger_plugin_observe.commands import journals
from snakemake_logger_plugin_observe.parts import Status
from snakemake_logger_plugin_observe.reporters.answers import JobsAnswer

HELP: Final = "what ran: every attempt with its phases, external id, node and status"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's words."""
    journals.argument(parser)
    parser.add_argument("--rule", metavar="RULE", help="only this rule's attempts")
    parser.add_argument("--status", choices=get_args(Status), help="only attempts that ended so")
    parser.add_argument(
        "--failed", action="store_true", help="every attempt of the jobs that failed once or more"
    )
    parser.add_argument(
        "--used", action="store_true", help="what each used, beside what it had asked for"
    )
    parser.add_argument("--sort", choices=SORT_KEYS, default="start", help="default: start")


def run(words: argparse.Namespace) -> tuple[JobsAnswer, int]:
    """Return the attempts that were asked for; always fine."""
    source = journals.load(words.journal)
    choice = Choice(words.rule, words.status, words.failed, words.sort)
    return JobsAnswer(source, tuple(rows(source.run, choice)), words.failed, words.used), 0
