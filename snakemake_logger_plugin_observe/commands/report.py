"""``report``: one page about a run, or about two, to show and to send: it opens offline."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.commands.support import (
    find_journal,
    live,
    page_answer,
    withheld,
    write_files,
)
from snakemake_logger_plugin_observe.commands.support.sides import side
from snakemake_logger_plugin_observe.journal.events import SCHEMA_VERSION
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.as_json.common import head
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.reporters.words import harmless, size

HELP: Final = "one page about a run: timeline, costs, failures and findings, in one HTML file"
EXAMPLE: Final = "snakemake-observe report -o report.html"
_DEFAULT: Final = Path("report.html")


@dataclass(frozen=True, slots=True)
class Written:
    """A page that was written."""

    sources: tuple[Source, ...]
    path: Path
    size: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "journals",
        nargs="*",
        type=Path,
        metavar="JOURNAL",
        help="a journal, a run's working directory, or a tag as KEY=VALUE (default: the newest run "
        "here); of two, the page shows how they differ",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=_DEFAULT,
        metavar="FILE",
        help=f"the file to write (default: {_DEFAULT}); only you can read it",
    )
    parser.add_argument("--force", action="store_true", help="replace the file if it exists")
    parser.add_argument(
        "--no-logs", action="store_true", help="leave out what jobs printed or wrote to their logs"
    )
    parser.add_argument(
        "--no-commands", action="store_true", help="leave out the jobs' commands and parameters"
    )
    find_journal.add_offline(parser)


def run(args: argparse.Namespace) -> Reply[Written]:
    """Write the page of a run, or of two; always fine.

    Raises:
        JournalError: if there is no journal, or more than two are named.
        WritingError: if the file exists, without --force, or cannot be written.

    """
    if len(args.journals) > 2:
        raise JournalError("report: name one run, or two to compare them")
    write_files.check_output(args.output, force=args.force, inputs=args.journals)
    sources, text = _pair(args) if len(args.journals) == 2 else _one(args)
    write_files.write(
        args.output, text, write_files.PRIVATE, force=args.force, inputs=args.journals
    )
    return Reply(Written(sources, args.output, len(text.encode())), _parts, _shape)


def _one(args: argparse.Namespace) -> tuple[tuple[Source, ...], str]:
    """Return the run that was named, and its page."""
    from snakemake_logger_plugin_observe.reporters.page.run_page import render

    named = args.journals[0] if args.journals else None
    source = find_journal.load(named, Detail.FAILURES)
    source = live.with_live_view(source, offline=args.offline)
    if args.no_commands and source.live is not None:
        source = replace(source, live=replace(source.live, commands=()))
    notes = withheld.withhold(source.run, logs=args.no_logs, commands=args.no_commands)
    answer = page_answer.page(source, withheld=bool(notes))
    return (source,), render(replace(answer, left_out=(*notes, *answer.left_out)))


def _pair(args: argparse.Namespace) -> tuple[tuple[Source, ...], str]:
    """Return the two runs that were named, and their page."""
    from snakemake_logger_plugin_observe.reporters.page.pair_page import render

    both = [side(one) for one in args.journals]
    notes: tuple[str, ...] = ()
    for one in both:
        run = one.source.run
        notes = withheld.withhold(run, logs=args.no_logs, commands=args.no_commands)
    answer = page_answer.pair(*both, withheld=bool(notes))
    return tuple(one.source for one in both), render(replace(answer, left_out=notes))


def _parts(answer: Written, width: int) -> list[RenderableType]:
    """Return where the page is."""
    text = f"Wrote {answer.path} ({size(answer.size)}): open it in a browser."
    return [Text(harmless(text), no_wrap=True)]


def _shape(answer: Written) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": [head(source)["run"] for source in answer.sources],
        "page": str(answer.path),
        "bytes": answer.size,
    }
