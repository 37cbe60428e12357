"""``cost``: where the time of a run went."""

import argparse
from collections.abc import Callable
from typing import Any, Final

from rich.console import RenderableType

from snakemake_logger_plugin_observe.commands.support import find_journal, first_screen
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer
from snakemake_logger_plugin_observe.reporters.as_text.cost import parts
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.run.ends import NotReadError

HELP: Final = "where the time of a run went (the default command)"
_TEXT: Final = "text"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    find_journal.add_argument(parser)
    find_journal.add_offline(parser)


def run(args: argparse.Namespace) -> Reply[CostAnswer]:
    """Return where the makespan and the jobs' time went; always fine.

    The text of a large run that succeeded is in its first and its last line: nothing else is read.
    """
    short = first_screen.of_ends(args.journal) if args.format == _TEXT else None
    if short is None:
        return Reply(_of_all_lines(args), parts, shape)
    return Reply(short, _parts_or(lambda: _of_all_lines(args)), shape)


def _parts_or(
    read: Callable[[], CostAnswer],
) -> Callable[[CostAnswer, int], list[RenderableType]]:
    """Return the reporter of an answer from two lines, which reads all if that is not enough."""

    def shown(answer: CostAnswer, width: int) -> list[RenderableType]:
        try:
            return parts(answer, width)
        except NotReadError:
            return parts(read(), width)

    return shown


def _of_all_lines(args: argparse.Namespace) -> CostAnswer:
    from snakemake_logger_plugin_observe.commands.support import cost_of_all_lines

    return cost_of_all_lines.read(args.journal, offline=args.offline, text=args.format == _TEXT)


def shape(answer: CostAnswer) -> dict[str, Any]:
    """Return *answer* as plain values."""
    from snakemake_logger_plugin_observe.reporters.as_json import cost

    return cost.shape(answer)
