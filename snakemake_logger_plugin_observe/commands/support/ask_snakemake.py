"""Ask a live Snakemake, for ``triage --live``, after the user has confirmed the commands."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import LiveAnswer
from snakemake_logger_plugin_observe.external import live_snakemake
from snakemake_logger_plugin_observe.external.workdir import Workdir
from snakemake_logger_plugin_observe.journal.events import RunStarted
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.ownership import not_this_users
from snakemake_logger_plugin_observe.pasting import command, option
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.words import harmless

_TIMEOUT_S: Final = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``--live``."""
    parser.add_argument(
        "--live",
        action="store_true",
        help="also ask Snakemake what it would run now and what has changed (a dry run, "
        "--list-changes, --summary); no job runs",
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="with --live: run these commands without asking first, if the journal is your own",
    )
    parser.add_argument(
        "--allow",
        action="append",
        type=Path,
        default=[],
        metavar="PATH",
        help="with --live: a Snakefile, profile or config file, or a folder of them, outside of "
        "the workflow's folder, that Snakemake may read; may be given several times; for a run "
        "with --directory elsewhere: its Snakefile",
    )


def ask(args: argparse.Namespace, source: Source, folder: Workdir | None) -> tuple[LiveAnswer, ...]:
    """Return what a live Snakemake answers about a run's targets.

    The commands are shown first, and run only if the user confirms them, or has agreed before: for
    a journal of the user's own, and for files in its folder or that the user names again.

    Args:
        args: the user's arguments.
        source: the run.
        folder: its working directory.

    Raises:
        JournalError: if Snakemake cannot be asked, or the user does not confirm.

    """
    started = source.run.started
    if folder is None or started is None:
        raise JournalError(
            f"{source.path}: --live needs the workflow's working directory; run it there, or name "
            "the directory"
        )
    if source.status == "running" or folder.locked:
        raise JournalError(
            f"{folder.root}: locked by a Snakemake; wait until it ends, or, if it was killed, "
            "remove the lock with snakemake --unlock"
        )
    try:
        how = live_snakemake.invocation_for(started, folder, Path.cwd(), args.allow)
        foreign = [one for one in how.foreign if not live_snakemake.is_within(one, args.allow)]
        _show(how)
        doubts = list(_doubts(source.path, started, folder, foreign))
        if doubts or not args.yes:
            _confirm(doubts, agreed=args.yes)
        return tuple(
            LiveAnswer(f"L{number}", one.what, command(*one.command), one.lines, one.problem)
            for number, one in enumerate(live_snakemake.run_queries(how, _TIMEOUT_S), 1)
        )
    except live_snakemake.LiveError as error:
        raise JournalError(f"{source.path}: {error}") from error


def _show(how: live_snakemake.Invocation) -> None:
    """Show the commands, what Snakemake executes, and what was left out."""
    program = command(sys.executable, "-m", "snakemake")
    print(f"In {harmless(str(how.start))}, as {program}:", file=sys.stderr)
    for what in live_snakemake.QUERIES:
        asked = how.command(what)  # as a list if it cannot be pasted: the user must see all of it
        print(f"  {command(*asked).line or harmless(repr(asked))}", file=sys.stderr)
    if how.left_out:
        left = harmless(", ".join(how.left_out))
        print(f"Left out of the recorded command: {left}; the plan may differ.", file=sys.stderr)
    print(
        f"No job runs, and each command is stopped after {_TIMEOUT_S} s. But Snakemake executes "
        f"the Python code in {harmless(', '.join(how.executed))} and in what is included there, "
        "with these arguments: the journal, and profiles, chose them.",
        file=sys.stderr,
    )


def _doubts(
    path: Path, started: RunStarted, folder: Workdir, foreign: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield why the user's word beforehand is not enough, each with the remedy."""
    flags = command(*(word for one in foreign for word in option("--allow", one)))
    if not live_snakemake.is_within(str(folder.root), [Path()]):
        there = command("cd", str(folder.root.absolute()))
        added = f", and add {flags}" if foreign else ""
        yield f"{path}: not in or below the current directory", f"first {there}{added}"
    elif reason := not_this_users(path, started, folder.root):
        yield f"{path}: {reason}", "--yes is for a journal of your own; use a terminal"
    if foreign:
        yield (
            f"{', '.join(foreign)}: outside of the workflow's folder and the current one",
            f"use a terminal, go to where snakemake was started, or add {flags}",
        )


def _confirm(doubts: Sequence[tuple[str, str]], *, agreed: bool) -> None:
    """Return if the user confirms the commands that were shown.

    Raises:
        JournalError: if they may not be run.

    """
    if not sys.stdin.isatty():
        if agreed:
            raise JournalError("; ".join(doubts[0]))
        raise JournalError("--live asks before it runs these, and there is no terminal: add --yes")
    for doubt, _remedy in doubts:
        print(f"! {harmless(doubt)}", file=sys.stderr)
    print("Run them? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise JournalError("nothing was run; without --live, triage does not need Snakemake")
