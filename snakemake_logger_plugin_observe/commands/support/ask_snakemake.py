"""What ``triage --live`` asks before it asks Snakemake: whether it may."""

import shlex
import sys
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import LiveAnswer
from snakemake_logger_plugin_observe.external import live_snakemake
from snakemake_logger_plugin_observe.external.workdir import Folder
from snakemake_logger_plugin_observe.journal.files import JournalError
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.words import harmless

_TIMEOUT_S: Final = 120


def ask(source: Source, folder: Folder | None, *, agreed: bool) -> tuple[LiveAnswer, ...]:
    """Return what a live Snakemake says of a run's targets.

    The commands are shown first, and run only if the person says so, or has *agreed* before.

    Raises:
        JournalError: if it may not be asked, or cannot be.

    """
    started = source.run.started
    if folder is None or started is None:
        raise JournalError(f"{source.path}: its workflow's folder is not here, so nothing to ask")
    if source.status == "running" or folder.locked:
        raise JournalError(
            f"{folder.root}: a Snakemake holds its lock; wait until it is done, or, if it was "
            "killed, take the lock away (snakemake --unlock)"
        )
    try:
        how = live_snakemake.setting(started, folder, Path.cwd())
        _may(how, agreed=agreed)
        return tuple(
            LiveAnswer(f"L{number}", one.what, one.command, one.lines, one.problem)
            for number, one in enumerate(live_snakemake.ask(how, _TIMEOUT_S), 1)
        )
    except live_snakemake.LiveError as error:
        raise JournalError(f"{source.path}: {error}") from error


def _may(how: live_snakemake.Question, *, agreed: bool) -> None:
    """Show the commands, and return if they may be run.

    Raises:
        JournalError: if they may not.

    """
    program = live_snakemake.program()
    print(f"In {harmless(str(how.start))}, by {harmless(program)}:", file=sys.stderr)
    for what in live_snakemake.QUESTIONS:
        print(f"  {harmless(shlex.join(how.command(what)))}", file=sys.stderr)
    if how.left_out:
        left = harmless(", ".join(how.left_out))
        print(f"Left out of the recorded command: {left}; the plan may differ.", file=sys.stderr)
    print(
        f"No job runs, and each is ended after {_TIMEOUT_S} s; but Snakemake executes the "
        "Snakefile's own Python to find out.",
        file=sys.stderr,
    )
    if agreed and not how.foreign:
        return
    if not sys.stdin.isatty():
        if how.foreign:
            raise JournalError(
                f"{', '.join(how.foreign)}: outside of the workflow's folder and of this one; "
                "ask in a terminal, or go to where snakemake was started"
            )
        raise JournalError("--live asks before it runs these, and here is no terminal: add --yes")
    for path in how.foreign:
        print(f"! {harmless(path)} lies outside of the workflow's folder", file=sys.stderr)
    print("Run them? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise JournalError("nothing was run, and without --live the ladder needs no Snakemake")
