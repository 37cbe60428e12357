"""``runs``: the runs of a folder, how they developed, and the removal of old ones."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from snakemake_logger_plugin_observe.commands.support import run_list
from snakemake_logger_plugin_observe.commands.support.folder_runs import Begun, outlines
from snakemake_logger_plugin_observe.commands.support.run_list import Wanted, Workflow
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.reporters.as_json.runs import shape
from snakemake_logger_plugin_observe.reporters.as_text.runs import parts
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.reporters.run_list import STATES, RunsAnswer

HELP: Final = "the runs of a folder, the newest first: how they ended, and what changed"
EXAMPLE: Final = "snakemake-observe runs --limit 10"
_LIMIT: Final = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "folders",
        nargs="*",
        type=Path,
        metavar="DIR",
        help="working directories, or folders of journals (default: the current directory)",
    )
    parser.add_argument(
        "--workflow", metavar="NAME", help="only runs of Snakefiles whose path contains NAME"
    )
    parser.add_argument("--tag", metavar="KEY=VALUE", help="only runs that were recorded with it")
    parser.add_argument(
        "--state", choices=[one.replace("_", "-") for one in STATES], help="only runs in this state"
    )
    parser.add_argument(
        "--limit",
        type=_positive,
        default=_LIMIT,
        metavar="N",
        help="how many runs of each workflow are shown (default: %(default)s)",
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def run(args: argparse.Namespace) -> Reply[Any]:
    """Return the runs; always fine.

    Raises:
        JournalError: if a folder has no journal, or nothing matches.

    """
    folders = tuple(args.folders) or (Path(),)
    journals = run_list.journals_of(folders)
    runs = outlines(journals)
    workflows = chosen(runs, args.workflow)
    if args.tag is not None and "=" not in args.tag:
        raise JournalError(f"--tag {args.tag}: a tag is KEY=VALUE")
    state = args.state.replace("-", "_") if args.state is not None else None
    wanted = Wanted(state, args.tag, args.limit)
    found = [run_list.list_workflow(one, wanted) for one in workflows]
    answer = RunsAnswer(
        folders,
        tuple(one for one in found if one.runs),
        len(journals),
        unread(journals, runs),
        filtered=state is not None or args.tag is not None,
    )
    return Reply(answer, parts, shape)


def chosen(runs: Sequence[Begun], name: str | None) -> list[Workflow]:
    """Return the runs by workflow: those of all workflows, or of those named so.

    Raises:
        JournalError: if there is none of that name.

    """
    workflows = run_list.by_workflow(runs)
    if name is None:
        return workflows
    found = [one for one in workflows if name in f"{one.folder}/{one.name}"]
    if not found:
        known = ", ".join(dict.fromkeys(one.name for one in workflows if one.name)) or "none"
        raise JournalError(f"--workflow {name}: no run of such a Snakefile; there are: {known}")
    return found


def unread(journals: Sequence[Path], runs: Sequence[Begun]) -> tuple[str, ...]:
    """Return which journals are not listed."""
    return tuple(
        f"{path}: not listed, because it cannot be read as a journal"
        for path in run_list.unread_among(journals, runs)
    )
