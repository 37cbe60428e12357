"""``plot``: a picture of a run, or of all runs of a workflow, for slides and reports."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.commands.support import find_journal, write_files
from snakemake_logger_plugin_observe.journal.events import SCHEMA_VERSION
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.as_json.common import head
from snakemake_logger_plugin_observe.reporters.as_text.common import warnings
from snakemake_logger_plugin_observe.reporters.plots import PICTURES, image
from snakemake_logger_plugin_observe.reporters.plots.asked import (
    NothingToDrawError,
    PlotAsked,
    Reads,
)
from snakemake_logger_plugin_observe.reporters.plots.paint import Paint
from snakemake_logger_plugin_observe.reporters.plots.sheet import sheet
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.reporters.words import harmless, size

HELP: Final = "a picture for slides: timeline, partition, concurrency, rules and others"
EXAMPLE: Final = "snakemake-observe plot partition -o partition.png"


@dataclass(frozen=True, slots=True)
class Plotted:
    """A picture that was written."""

    what: str
    sources: tuple[Source, ...]
    path: Path
    size: int
    title: str
    alt: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    pictures = "; ".join(f"{name}: {module.HELP}" for name, module in PICTURES.items())
    parser.add_argument("what", choices=list(PICTURES), metavar="WHAT", help=pictures)
    parser.add_argument(
        "journals",
        nargs="*",
        type=Path,
        metavar="JOURNAL",
        help="a journal, a run's working directory, or a tag as KEY=VALUE (default: the newest run "
        "here)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="the file to write, which ends in .svg or .png; only you can read it",
    )
    parser.add_argument("--force", action="store_true", help="replace the file if it exists")
    parser.add_argument("--dark", action="store_true", help="for a dark ground")


def run(args: argparse.Namespace) -> Reply[Plotted]:
    """Draw a picture, and write it; always fine.

    Raises:
        JournalError: if there is no journal, or nothing to draw in it, or no means to draw it.
        WritingError: if the file exists, without --force, or cannot be written.

    """
    picture, path = PICTURES[args.what], args.output
    if path.suffix not in image.ENDINGS:
        raise JournalError(f"{path}: name a file that ends in {' or '.join(image.ENDINGS)}")
    if not args.force:
        write_files.check_is_new(path, "--force replaces it")
    if picture.READS is Reads.RUN and len(args.journals) > 1:
        raise JournalError(f"plot {args.what}: name one run")
    try:
        image.check_installed()
        sources = tuple(find_journal.load(one, picture.DETAIL) for one in args.journals or [None])
        paint = Paint(dark=args.dark)
        drawing = picture.draw(PlotAsked(paint, sources))
        text = image.svg(sheet(drawing, paint), drawing.title, drawing.alt)
        content = image.png(text) if path.suffix == ".png" else text
    except (NothingToDrawError, image.DrawingError) as error:
        raise JournalError(str(error)) from error
    if args.force:
        write_files.replace(path, content, write_files.PRIVATE)
    else:
        write_files.create(path, content, write_files.PRIVATE)
    written = len(content.encode() if isinstance(content, str) else content)
    return Reply(
        Plotted(args.what, sources, path, written, drawing.title, drawing.alt), _parts, _shape
    )


def _parts(answer: Plotted, width: int) -> list[RenderableType]:
    """Return where the picture is, and what is to be known about the journals."""
    text = f"Wrote {answer.path} ({size(answer.size)}): {answer.title}"
    found: list[RenderableType] = [Text(harmless(text), no_wrap=True)]
    for source in answer.sources:
        found += warnings([*source.unread, *source.problems])
    return found


def _shape(answer: Plotted) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": [head(source)["run"] for source in answer.sources],
        "plot": answer.what,
        "path": str(answer.path),
        "bytes": answer.size,
        "title": answer.title,
        "alt": answer.alt,
    }
