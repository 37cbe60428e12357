"""``export``: a run in a format of other programs."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import RenderableType

from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.commands.support import find_journal, write_files
from snakemake_logger_plugin_observe.journal.events import SCHEMA_VERSION
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.as_json.common import head
from snakemake_logger_plugin_observe.reporters.exports import EXPORTERS
from snakemake_logger_plugin_observe.reporters.exports.asked import ExportAsked
from snakemake_logger_plugin_observe.reporters.flat_tables import TABLES
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.reporters.words import harmless

HELP: Final = "write runs as tables, or in a format of another program"
EXAMPLE: Final = "snakemake-observe export tsv --table rules -o rules.tsv"
_PRINT: Final = Path("-")


@dataclass(frozen=True, slots=True)
class Exported:
    """What was exported, and where to."""

    sources: tuple[Source, ...]
    form: str
    text: str
    path: Path | None
    """The file that was written; None if it is to be printed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    formats = "; ".join(f"{name}: {module.HELP}" for name, module in EXPORTERS.items())
    parser.add_argument("form", choices=list(EXPORTERS), metavar="FORMAT", help=formats)
    parser.add_argument(
        "journals",
        nargs="*",
        default=[],  # else argparse says that it is required
        type=Path,
        metavar="JOURNAL",
        help="journals, working directories, or tags as KEY=VALUE (default: the newest run here)",
    )
    parser.add_argument(
        "--table", choices=list(TABLES), help="for tsv and csv: which table (default: attempts)"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=_PRINT,
        metavar="FILE",
        help="the new file to write (default: -, standard output)",
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")


def run(args: argparse.Namespace) -> Reply[Exported]:
    """Write the runs in the format that was asked for; always fine.

    Raises:
        JournalError: if there is no journal, or the format has no room for what was asked for.
        WritingError: if the file exists and is not to be replaced, or cannot be written.

    """
    printed, exporter = args.output == _PRINT, EXPORTERS[args.form]
    if not printed:
        write_files.check_output(args.output, force=args.force, inputs=args.journals)
    sources = tuple(find_journal.load(one, exporter.DETAIL) for one in args.journals or [None])
    text = exporter.render(ExportAsked(sources, args.table))
    if printed:
        answer = Exported(sources, args.form, text, None)
        return Reply(answer, parts, shape, verbatim=text, notes=tuple(_notes(sources)))
    write_files.write(
        args.output, text, write_files.PRIVATE, force=args.force, inputs=args.journals
    )
    return Reply(Exported(sources, args.form, text, args.output), parts, shape)


def parts(answer: Exported, width: int) -> list[RenderableType]:
    """Return where it was written to, and what is to be known about the journals."""
    lines = plural(answer.text.count("\n"), "line")
    written = f"{answer.path}: {lines}, written for you alone to read (0600)"
    return [harmless(written), *map(harmless, _notes(answer.sources))]


def shape(answer: Exported) -> dict[str, Any]:
    """Return the answer as plain values; without a file, with the whole text."""
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": [head(source)["run"] for source in answer.sources],
        "export": answer.form,
        "path": str(answer.path) if answer.path is not None else None,
        "text": answer.text if answer.path is None else None,
    }


def _notes(sources: tuple[Source, ...]) -> list[str]:
    """Say of each journal what is missing from it, and of a run without an end that it has none."""
    notes = []
    for source in sources:
        notes += [*source.unread, *source.problems]
        if not source.ended:
            notes.append(f"{source.path}: the run has no end in its journal ({source.status})")
    return notes
