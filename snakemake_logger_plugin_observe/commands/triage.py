"""``triage``: diagnose a run step by step, and write the incident note."""

import argparse
from pathlib import Path
from typing import Final

from rich.console import RenderableType

from snakemake_logger_plugin_observe.analysis.triage.steps import triage
from snakemake_logger_plugin_observe.commands.support import (
    ask_snakemake,
    evidence_archive,
    find_journal,
    live,
    write_files,
)
from snakemake_logger_plugin_observe.commands.support.evidence_store import EvidenceStore
from snakemake_logger_plugin_observe.commands.support.run_folder import folder_of
from snakemake_logger_plugin_observe.commands.support.triage_case import gather, unread
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import TriageAnswer
from snakemake_logger_plugin_observe.reporters.as_json.triage import shape
from snakemake_logger_plugin_observe.reporters.as_text.triage import parts
from snakemake_logger_plugin_observe.reporters.command_lines import Document
from snakemake_logger_plugin_observe.reporters.documents.incident_note import render_note
from snakemake_logger_plugin_observe.reporters.reply import Reply

HELP: Final = "diagnose a run step by step, from symptom to next action, and write an incident note"
EXAMPLE: Final = "snakemake-observe triage --note note.md"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    find_journal.add_argument(parser)
    parser.add_argument(
        "--baseline",
        type=Path,
        metavar="JOURNAL",
        help="the run to compare with: a journal, a working directory, or a folder of journals "
        "(default: the newest earlier run of the same Snakefile and targets that succeeded)",
    )
    parser.add_argument(
        "--note",
        type=Path,
        metavar="FILE",
        help="write the incident note to a new file: Markdown (.md), JSON (.json) or text; "
        "- prints it instead of the answer, as Markdown",
    )
    parser.add_argument(
        "--save", type=Path, metavar="DIR", help="save the evidence in a new folder"
    )
    ask_snakemake.add_arguments(parser)
    find_journal.add_offline(parser)


def run(args: argparse.Namespace) -> Reply[TriageAnswer]:
    """Return what the steps found; always fine.

    Raises:
        JournalError: if a journal cannot be read, or --live is not possible or not confirmed.
        WritingError: if the note's file exists already, or cannot be written.
        SavingError: if the evidence folder is not empty, or cannot be written.

    """
    if args.yes and not args.live:
        raise JournalError("--yes confirms the commands of --live: add --live")
    if args.allow and not args.live:
        raise JournalError("--allow names files for the commands of --live: add --live")
    printed = args.note is not None and str(args.note) == "-"
    if args.note is not None and not printed:
        write_files.check_is_new(args.note)
    source = find_journal.load(args.journal, Detail.FAILURES)
    source = live.with_live_view(source, offline=args.offline)
    store = EvidenceStore.new(args.save) if args.save is not None else None
    answers = ask_snakemake.ask(args, source, folder_of(source)) if args.live else ()
    case, folder, baseline = gather(source, args.baseline, answers)
    found = triage(case)
    answer = TriageAnswer(
        source=source,
        baseline=baseline,
        triage=found,
        missing=(*case.missing, *unread(found.excerpts)),
        paths=case.paths,
        asked=answers,
        saved=args.save,
        noted=None if printed else args.note,
    )
    if store is not None:
        evidence_archive.save(store, answer, folder)
    if printed:
        return Reply(answer, _note_alone, shape)
    if args.note is not None:
        text = render_note(answer, args.note.suffix)
        write_files.create(args.note, text, write_files.PRIVATE)
    return Reply(answer, parts, shape)


def _note_alone(answer: TriageAnswer, width: int) -> list[RenderableType]:
    """Return the incident note, as ``--note -`` prints it."""
    return [Document(render_note(answer, ".md").rstrip("\n"))]
