"""``runs``: the runs of a folder, how they developed, and the removal of old ones."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.commands.support import pruning, run_list
from snakemake_logger_plugin_observe.commands.support.folder_runs import Begun, outlines
from snakemake_logger_plugin_observe.commands.support.run_list import Wanted, Workflow
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import why_unreadable
from snakemake_logger_plugin_observe.pasting import Command, command, option, path
from snakemake_logger_plugin_observe.reporters.as_json import prune as prune_json
from snakemake_logger_plugin_observe.reporters.as_json.runs import shape
from snakemake_logger_plugin_observe.reporters.as_text import prune as prune_text
from snakemake_logger_plugin_observe.reporters.as_text.runs import parts
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.reporters.run_list import STATES, PruneAnswer, RunsAnswer

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
    old = parser.add_argument_group("old journals")
    old.add_argument(
        "--keep",
        type=_positive,
        metavar="N",
        help="show what would be removed, to keep the newest N of each workflow; dry runs and runs "
        "that had nothing to do go first",
    )
    old.add_argument(
        "--older-than",
        type=_age,
        metavar="AGE",
        help="show what would be removed, of runs before so long ago: 90d, 12w or 36h",
    )
    old.add_argument(
        "--gzip", action="store_true", help="compress them, and remove none; all commands read them"
    )
    old.add_argument("--prune", action="store_true", help="do it, instead of showing it")


_UNITS: Final = {"h": 3_600_000_000, "d": 86_400_000_000, "w": 604_800_000_000}


def _age(text: str) -> int:
    """Return an age in microseconds."""
    if not text[:-1].isdecimal() or not text.isascii() or text[-1] not in _UNITS:
        raise argparse.ArgumentTypeError(f"{text!r} is no age such as 90d, 12w or 36h")
    return int(text[:-1]) * _UNITS[text[-1]]


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def run(args: argparse.Namespace) -> Reply[Any]:
    """Return the runs, or what is pruned of them; 1 if something could not be.

    Raises:
        JournalError: if a folder has no journal, nothing matches, or options do not go together.

    """
    _check_options(args)
    folders = tuple(args.folders) or (Path(),)
    journals = run_list.journals_of(folders)
    runs = outlines(journals)
    workflows = run_list.of_name(runs, args.workflow)
    if args.keep is not None or args.older_than is not None:
        return prune(args, folders, workflows)
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


def _check_options(args: argparse.Namespace) -> None:
    """Raise JournalError if an option would have no effect."""
    if args.tag is not None and "=" not in args.tag:
        raise JournalError(f"--tag {args.tag}: a tag is KEY=VALUE")
    selects = args.keep is not None or args.older_than is not None
    if (args.prune or args.gzip) and not selects:
        flag = "--prune" if args.prune else "--gzip"
        raise JournalError(f"{flag}: say which runs are old: --keep 20, --older-than 90d, or both")
    given = [name for name in ("tag", "state") if getattr(args, name) is not None]
    if selects and given:
        raise JournalError(f"--{given[0]} only filters the list: leave it out to prune")


def prune(
    args: argparse.Namespace, folders: tuple[Path, ...], workflows: Sequence[Workflow]
) -> Reply[PruneAnswer]:
    """Return what is old, after it was removed or compressed if that was asked for."""
    before = clock.now() - args.older_than if args.older_than is not None else None
    rules = pruning.PruneRules(args.keep, before, args.gzip)
    found = pruning.plan(workflows, rules)
    pruned = found.pruned
    if args.prune:
        pruned = tuple(pruning.carry_out(one, compress=args.gzip) for one in pruned)
    answer = PruneAnswer(
        folders,
        "compress" if args.gzip else "remove",
        args.prune,
        pruned,
        found.kept,
        found.others,
        _doing_it(args),
    )
    return Reply(answer, prune_text.parts, prune_json.shape, int(any(p.problem for p in pruned)))


def _doing_it(args: argparse.Namespace) -> Command:
    """Return the command that does what was shown."""
    units = ("w", "d", "h") if args.older_than else ("h",)
    unit = next(name for name in units if not (args.older_than or 0) % _UNITS[name])
    older = args.older_than // _UNITS[unit] if args.older_than is not None else None
    return command(
        *("snakemake-observe", "runs", *(path(str(folder)) for folder in args.folders)),
        *(option("--workflow", args.workflow) if args.workflow is not None else ()),
        *(("--keep", str(args.keep)) if args.keep is not None else ()),
        *(("--older-than", f"{older}{unit}") if older is not None else ()),
        *(("--gzip",) if args.gzip else ()),
        "--prune",
        purpose="compress them" if args.gzip else "remove them",
    )


def unread(journals: Sequence[Path], runs: Sequence[Begun]) -> tuple[str, ...]:
    """Return which journals are not listed, and why: no journals, and copies of one."""
    unknown = run_list.unread_among(journals, runs)
    reasons = [why_unreadable(path) or f"{path}: it cannot be read" for path in unknown]
    copies = run_list.copies_among(journals, runs, unknown)
    return (
        *(f"{why}; not listed" for why in reasons),
        *(
            f"{path}: the most complete of {len(others) + 1} copies; not listed: {named(others)}"
            for path, others in copies.items()
        ),
    )
