"""Ask a live Snakemake, for ``triage --live``, after the user has confirmed the commands."""

import sys
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import LiveAnswer
from snakemake_logger_plugin_observe.external import live_snakemake
from snakemake_logger_plugin_observe.external.workdir import Workdir
from snakemake_logger_plugin_observe.journal.files import JournalError
from snakemake_logger_plugin_observe.pasting import command
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.words import harmless

_TIMEOUT_S: Final = 120


def ask(source: Source, folder: Workdir | None, *, agreed: bool) -> tuple[LiveAnswer, ...]:
    """Return what a live Snakemake answers about a run's targets.

    The commands are shown first, and run only if the user confirms them, or has *agreed* before.

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
        how = live_snakemake.invocation_for(started, folder, Path.cwd())
        _confirm(how, agreed=agreed)
        return tuple(
            LiveAnswer(f"L{number}", one.what, command(*one.command), one.lines, one.problem)
            for number, one in enumerate(live_snakemake.run_queries(how, _TIMEOUT_S), 1)
        )
    except live_snakemake.LiveError as error:
        raise JournalError(f"{source.path}: {error}") from error


def _confirm(how: live_snakemake.Invocation, *, agreed: bool) -> None:
    """Show the commands, and return if they may be run.

    Raises:
        JournalError: if they may not.

    """
    program = live_snakemake.program()
    print(f"In {harmless(str(how.start))}, with {harmless(program)}:", file=sys.stderr)
    for what in live_snakemake.QUERIES:
        print(f"  {command(*how.command(what))}", file=sys.stderr)
    if how.left_out:
        left = harmless(", ".join(how.left_out))
        print(f"Left out of the recorded command: {left}; the plan may differ.", file=sys.stderr)
    print(
        f"No job runs, and each command is stopped after {_TIMEOUT_S} s; but Snakemake executes "
        "the Python code in the Snakefile.",
        file=sys.stderr,
    )
    if agreed and not how.foreign:
        return
    if not sys.stdin.isatty():
        if how.foreign:
            raise JournalError(
                f"{', '.join(how.foreign)}: outside the workflow's directory and the current one; "
                "use a terminal, or go to where snakemake was started"
            )
        raise JournalError("--live asks before it runs these, and there is no terminal: add --yes")
    for path in how.foreign:
        print(f"! {harmless(path)} is outside the workflow's directory", file=sys.stderr)
    print("Run them? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise JournalError("nothing was run; without --live, triage does not need Snakemake")
