"""``whatif``: how long the run would have taken with other settings."""

import argparse
from collections.abc import Iterable
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.whatif.scenario import (
    Argument,
    Scenario,
    ScenarioError,
    parse_scenario,
    split_arguments,
    split_sweep,
)
from snakemake_logger_plugin_observe.analysis.whatif.whatif import what_if
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import WhatIfAnswer
from snakemake_logger_plugin_observe.reporters.as_json.whatif import shape
from snakemake_logger_plugin_observe.reporters.as_text.whatif import parts
from snakemake_logger_plugin_observe.reporters.reply import Reply

HELP: Final = "simulate the run with other limits, polling intervals, groups or faster tools"
EXAMPLE: Final = "snakemake-observe whatif --sweep jobs=1,2,4"
_ALTERNATIVES: Final = 50

_ONE_VALUE: Final = {
    "jobs": ("N", "at most N submissions at once"),
    "cores": ("N", "N cores, for jobs that run on the main machine"),
    "max-jobs-per-timespan": ("N/T", "at most N jobs begin in a timespan T, such as 100/1s"),
    "scheduler": ("greedy", "jobs are chosen by the greedy scheduler, in no time"),
    "poll": ("S", "the executor checks the status of its jobs every S seconds"),
    "queue": (
        "xK",
        "multiply each wait in the cluster's queue by K; 'drawn' samples the waits instead",
    ),
    "startup": ("xK", "multiply the start-up of Snakemake on a node by K"),
}
_MANY_VALUES: Final = {
    "resources": ("NAME=N", "N units of a resource in total"),
    "set-threads": ("RULE=N", "each job of a rule has N threads"),
    "group": ("RULE=N", "submit N jobs of a rule as one group"),
    "merge": ("RULE=N", "let one job make the outputs of N jobs of a rule"),
    "local": ("RULE", "run a rule's jobs on the main machine"),
    "faster": ("RULE=K", "make a rule's tools K times as fast"),
}
_FLAGS: Final = {
    "wake": "check each job soon after it has ended, as --timed-wake on does",
    "quick-exit": "let Snakemake's processes end as soon as their work is done, as "
    "--timed-quick-exit on does",
    "no-retries": "every job succeeds on its first attempt",
    "overlap-staging": "fetch inputs while a job waits in the queue",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    find_journal.add_argument(parser)
    for name, (value, text) in _ONE_VALUE.items():
        parser.add_argument(f"--{name}", metavar=value, help=text)
    for name, (value, text) in _MANY_VALUES.items():
        parser.add_argument(f"--{name}", metavar=value, action="append", default=[], help=text)
    for name, text in _FLAGS.items():
        parser.add_argument(f"--{name}", action="store_true", help=text)
    parser.add_argument(
        "--with",
        dest="alternatives",
        metavar="'NAME=VALUE ...'",
        action="append",
        default=[],
        help="an alternative, on top of the other options: --with 'jobs=8 poll=5'; repeat it to "
        "compare several",
    )
    parser.add_argument(
        "--sweep",
        metavar="NAME=A,B,...",
        action="append",
        default=[],
        help="one alternative per value: --sweep jobs=1,2,4,8",
    )
    parser.add_argument("--seed", type=int, default=1, help="random seed (default: 1)")


def run(args: argparse.Namespace) -> Reply[WhatIfAnswer]:
    """Return a simulation for each alternative; always fine.

    Raises:
        JournalError: if a setting is not valid.

    """
    try:
        scenarios = _scenarios(args)
        source = find_journal.load(args.journal, Detail.TIMES)
        segments = tuple(partition(source.run))
        found = what_if(source.run, scenarios, segments, args.seed)
    except ScenarioError as error:
        raise JournalError(f"whatif: {error}") from error
    return Reply(WhatIfAnswer(source, found), parts, shape)


def _scenarios(args: argparse.Namespace) -> list[Scenario]:
    """Return each alternative combined with the other options, or these alone."""
    common = list(_flags(args))
    alternatives = [split_arguments(text) for text in args.alternatives]
    swept: list[list[Argument]] = [[]]
    for text in args.sweep:
        swept = [[*before, *own] for before in swept for own in split_sweep(text)]
    if args.sweep:
        alternatives += swept
    if len(alternatives) > _ALTERNATIVES:
        raise ScenarioError(f"{len(alternatives)} alternatives: at most {_ALTERNATIVES} at once")
    return [parse_scenario([*common, *own]) for own in alternatives or [[]]]


def _flags(args: argparse.Namespace) -> Iterable[Argument]:
    for name in _ONE_VALUE:
        if (value := getattr(args, name.replace("-", "_"))) is not None:
            yield name, value
    for name in _MANY_VALUES:
        for value in getattr(args, name.replace("-", "_")):
            yield name, value
    for name in _FLAGS:
        if getattr(args, name.replace("-", "_")):
            yield name, None
