"""``runbook``: write one or two pages for whoever is on call, from a workflow's journals."""

import argparse
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from rich.console import RenderableType

from snakemake_logger_plugin_observe.analysis.check.measured_run import MeasuredRun
from snakemake_logger_plugin_observe.analysis.compare.typical_run import typical_run
from snakemake_logger_plugin_observe.commands.support import (
    find_journal,
    folder_runs,
    other_runs,
    write_files,
)
from snakemake_logger_plugin_observe.commands.support.known_incidents import known_incidents
from snakemake_logger_plugin_observe.commands.support.run_folder import folder_of
from snakemake_logger_plugin_observe.external import live_snakemake
from snakemake_logger_plugin_observe.external.workdir import Workdir
from snakemake_logger_plugin_observe.journal.events import SCHEMA_VERSION, RunStarted
from snakemake_logger_plugin_observe.journal.folders import journals_at
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.ownership import not_this_users
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.pasting import Command, command
from snakemake_logger_plugin_observe.reporters.answers import RunbookAnswer, Source
from snakemake_logger_plugin_observe.reporters.as_json.common import head
from snakemake_logger_plugin_observe.reporters.command_lines import Document
from snakemake_logger_plugin_observe.reporters.documents.runbook import render_runbook
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.reporters.words import harmless

HELP: Final = "write a runbook for this workflow: one or two pages, for the team to edit"
EXAMPLE: Final = "snakemake-observe runbook --out RUNBOOK.md"
_CHECK_FILE: Final = "observe.toml"
_PRINT: Final = "-"
_ONCE: Final = ("--force", "--forceall", "--forcerun", "--until")
"""Flags of one run alone: to resume with them would redo what is done, or leave out the rest."""
_RESUMING: Final = ("--rerun-incomplete",)
_EXECUTOR: Final = re.compile(r"[a-z][a-z0-9-]*")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="DIR | JOURNAL",
        help="the workflow's working directory, or some of its journals (default: here)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="the new file to write (- prints it); an existing file is never overwritten",
    )


def run(args: argparse.Namespace) -> Reply[RunbookAnswer]:
    """Write the runbook; always fine.

    Raises:
        JournalError: if no run of the workflow has succeeded yet.
        WritingError: if the file exists already, or cannot be written.

    """
    printed = str(args.out) == _PRINT
    if not printed:
        write_files.check_is_new(args.out)
    source, repetitions = _typical(args.paths or [Path()])
    started = source.run.started
    touched = started is not None and started.kind == "touch"
    if touched or source.status not in ("success", "nothing_to_do"):
        raise JournalError(
            f"{source.path}: no run here has succeeded yet; a runbook describes a typical run"
        )
    folder = folder_of(source)
    questions, start = _questions(source, folder)
    answer = RunbookAnswer(
        None if printed else args.out,
        source=source,
        folder=str(folder.root) if folder is not None else None,
        typical=typical_run(source.run, [one.finished for one in repetitions]),
        questions=questions,
        start=start,
        known=tuple(known_incidents(folder.root)) if folder is not None else (),
        check_file=_check_file(folder),
        left_out=MeasuredRun(source.run, source.status, source.problems).partial,
    )
    if not printed:
        write_files.create(args.out, render_runbook(answer), write_files.PRIVATE)
    return Reply(answer, parts, shape)


def parts(answer: RunbookAnswer, width: int) -> list[RenderableType]:
    """Return the runbook, or one line: where it was written."""
    if answer.path is None:
        return [Document(render_runbook(answer).rstrip("\n"))]
    return [
        harmless(
            f"{answer.path}: written, for you alone to read (0600); edit it as you like, it is "
            "never overwritten"
        )
    ]


def shape(answer: RunbookAnswer) -> dict[str, Any]:
    """Return the answer as plain values."""
    typical = answer.typical if not answer.left_out else None
    return {
        **(head(answer.source) if answer.source else {"schema_version": SCHEMA_VERSION}),
        "path": str(answer.path) if answer.path is not None else None,
        "typical_run": asdict(typical) if typical is not None else None,
        "known_incidents": [asdict(one) for one in answer.known],
    }


def _typical(paths: list[Path]) -> tuple[Source, list[folder_runs.Outline]]:
    """Return the newest full run that succeeded, else the newest, and the runs that repeat it."""
    if len(paths) == 1 and paths[0].is_dir():
        found = journals_at(paths[0])
        runs = folder_runs.runs_in(found[-1].parent) if found else []
        full = other_runs.newest_full(reversed(runs), Detail.FIGURES)
        if full is not None:
            return full, other_runs.history(full)
        repeated = other_runs.repetitions_among(runs)
        named = repeated[-1].path if repeated else paths[0]
        return find_journal.load(named, Detail.FIGURES), repeated
    sources = [find_journal.load(path, Detail.FIGURES) for path in paths]
    good = [one for one in sources if one.status == "success"] or sources
    newest = max(good, key=lambda one: one.run.start or 0)
    return newest, [
        outline
        for outline in other_runs.history(newest)
        if any(outline.path.samefile(one.path) for one in sources)
    ]


def _questions(source: Source, folder: Workdir | None) -> tuple[dict[str, Command], str | None]:
    """Return the commands that ask Snakemake about this workflow, and the folder to be in."""
    started = source.run.started
    if folder is None or started is None:
        return {}, None
    try:
        how = live_snakemake.invocation_for(started, folder, Path.cwd())
    except live_snakemake.LiveError:
        return {}, None
    if how.foreign and not_this_users(source.path, started, folder.root):
        return {}, None  # a stranger's journal has no say in which file's code is executed
    plain = replace(how, args=tuple(_without(how.args, _ONCE)))
    questions = {what: command(*plain.command(what)) for what in live_snakemake.QUERIES}
    return {**questions, **_moves(plain, started)}, str(how.start)


def _moves(how: live_snakemake.Invocation, started: RunStarted) -> dict[str, Command]:
    """Return the commands that run, resume and unlock the workflow, as it was run last.

    As in the questions, only flags that decide what is planned come from the journal, besides the
    executor's name and ``--jobs``; profiles are the user's to add.
    """
    behind = ("--", *how.targets) if how.targets else ()
    recorded: tuple[str, ...] = ("--logger", "observe", "--executor", "timed")
    wraps = started.inner_executor or ""
    if _EXECUTOR.fullmatch(wraps) and wraps not in ("local", "timed"):
        recorded = (*recorded, "--timed-wraps", wraps)
        if started.jobs is not None:
            recorded = (*recorded, "--jobs", str(started.jobs))
    args = tuple(_without(how.args, _RESUMING))
    return {
        "run": command("snakemake", *args, *recorded, *behind),
        "resume": command("snakemake", "--rerun-incomplete", *args, *recorded, *behind),
        "unlock": command("snakemake", "--unlock", *args, *behind),
    }


def _without(args: Iterable[str], flags: Collection[str]) -> Iterator[str]:
    """Yield *args* without *flags* and their values, none of which looks like a flag."""
    left_out = False
    for arg in args:
        if arg.startswith("--"):
            left_out = arg in flags
        if not left_out:
            yield arg


def _check_file(folder: Workdir | None) -> str | None:
    """Return the name of the workflow's check file, if there is one."""
    exists = folder is not None and (folder.root / _CHECK_FILE).is_file()
    return _CHECK_FILE if exists else None
