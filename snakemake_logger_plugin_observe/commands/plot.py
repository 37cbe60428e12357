"""``plot``: a picture of a run, or of all runs of a workflow, for slides and reports."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.commands.support import (
    find_journal,
    folder_runs,
    run_list,
    write_files,
)
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
from snakemake_logger_plugin_observe.reporters.plots.lanes import BY
from snakemake_logger_plugin_observe.reporters.plots.paint import Paint
from snakemake_logger_plugin_observe.reporters.plots.sheet import sheet
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.reporters.run_list import WorkflowRuns
from snakemake_logger_plugin_observe.reporters.words import harmless, size

HELP: Final = "a picture for slides: timeline, partition, concurrency, rules and others"
EXAMPLE: Final = "snakemake-observe plot partition -o partition.png"
_NEWEST: Final = 60
_MOST_VALUES: Final = 12
_MOST: Final = 1_000_000


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
        default=[],  # else argparse says that it is required
        type=Path,
        metavar="JOURNAL",
        help="a journal, a run's working directory, or a tag as KEY=VALUE (default: the newest run "
        "here); for history: working directories, or folders of journals",
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
    parser.add_argument(
        "--by", choices=BY, help="for timeline: what its lanes are ordered by (default: slot)"
    )
    sweep = parser.add_mutually_exclusive_group()
    for name in ("jobs", "cores"):
        sweep.add_argument(
            f"--{name}",
            type=_limits,
            metavar="A,B,...",
            help=f"for whatif-sweep: which --{name} to simulate, such as 1,2,4 (default: powers of "
            "two around what the run had)",
        )
    parser.add_argument(
        "--workflow",
        metavar="NAME",
        help="for history: of the Snakefile whose path contains NAME (default: of the newest run)",
    )
    parser.add_argument(
        "--limit",
        type=_count,
        metavar="N",
        help=f"for history: so many runs at most, the newest (default: {_NEWEST})",
    )


def _limits(text: str) -> tuple[int, ...]:
    """Return limits in order, each once."""
    values = {_count(one) for one in text.split(",") if one}
    if not 1 <= len(values) <= _MOST_VALUES:
        raise argparse.ArgumentTypeError(f"{text!r}: name 1 to {_MOST_VALUES} numbers, as 1,2,4")
    return tuple(sorted(values))


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= _MOST):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to {_MOST:,}")
    return int(text)


def run(args: argparse.Namespace) -> Reply[Plotted]:
    """Draw a picture, and write it; always fine.

    Raises:
        JournalError: if there is no journal, or nothing to draw in it, or no means to draw it.
        WritingError: if the file exists, without --force, or cannot be written.

    """
    path = args.output
    _check_options(args)
    write_files.check_output(path, force=args.force, inputs=args.journals)
    try:
        image.check_installed()
        asked = _asked(args)
        drawing = PICTURES[args.what].draw(asked)
        text = image.svg(sheet(drawing, asked.paint), drawing.title, drawing.alt)
        content = image.png(text) if path.suffix == ".png" else text
    except (NothingToDrawError, image.DrawingError) as error:
        raise JournalError(str(error)) from error
    write_files.write(path, content, write_files.PRIVATE, force=args.force, inputs=args.journals)
    written = len(content.encode() if isinstance(content, str) else content)
    answer = Plotted(args.what, asked.sources, path, written, drawing.title, drawing.alt)
    return Reply(answer, _parts, _shape)


def _check_options(args: argparse.Namespace) -> None:
    """Raise JournalError if an option would have no effect, or the file's ending is no format."""
    if args.output.suffix not in image.ENDINGS:
        endings = " or ".join(image.ENDINGS)
        raise JournalError(f"{args.output}: name a file that ends in {endings}")
    picture = PICTURES[args.what]
    for name, of in {
        option: name for name, one in PICTURES.items() for option in one.OPTIONS
    }.items():
        if getattr(args, name) is not None and name not in picture.OPTIONS:
            raise JournalError(f"plot {args.what}: --{name} is for {of} only")
    if picture.READS is Reads.RUN and len(args.journals) > 1:
        raise JournalError(f"plot {args.what}: name one run")


def _asked(args: argparse.Namespace) -> PlotAsked:
    """Return what is to be drawn, with all that is read for it."""
    picture, paint = PICTURES[args.what], Paint(dark=args.dark)
    if picture.READS is Reads.LIST:
        return PlotAsked(paint, listed=_listed(args))
    sources = tuple(find_journal.load(one, picture.DETAIL) for one in args.journals or [None])
    limit = "jobs" if args.jobs else "cores" if args.cores else None
    values = args.jobs or args.cores or ()
    named = names_of(args.journals)
    return PlotAsked(paint, sources, named, lanes_by=args.by or "slot", limit=limit, values=values)


def names_of(journals: Sequence[Path]) -> tuple[str, ...]:
    """Return what tells the runs apart of what the user named them by: the last parts, or all."""
    full = tuple(str(one) for one in journals)
    last = tuple(
        str(one)
        if find_journal.is_tag(one)
        else (one.resolve() if one.is_dir() else one).name or str(one)
        for one in journals
    )
    return last if len(set(last)) == len(last) else full


def _listed(args: argparse.Namespace) -> WorkflowRuns:
    """Return the runs of the workflow that was named, or of that of the newest run."""
    folders = tuple(args.journals) or (Path(),)
    for one in folders:
        if one.is_file():
            raise JournalError(f"{one}: history is of all runs: name their working directory")
    runs = folder_runs.outlines(run_list.journals_of(folders))
    workflows = run_list.of_name(runs, args.workflow)
    if not workflows:
        raise JournalError(f"{folders[0]}: no journal in it can be read")
    return run_list.list_workflow(workflows[0], run_list.Wanted(limit=args.limit or _NEWEST))


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
