"""``compare``: whether a run was faster than another, and whether it was still the same work."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.comparison import Party, compare
from snakemake_logger_plugin_observe.commands.support import baselines, find_journal
from snakemake_logger_plugin_observe.commands.support.baselines import Outline
from snakemake_logger_plugin_observe.commands.support.check_file import read_check_file
from snakemake_logger_plugin_observe.commands.support.sides import _one_folder, parties, side
from snakemake_logger_plugin_observe.journal.files import Detail, JournalError
from snakemake_logger_plugin_observe.reporters.answers import CompareAnswer, Source
from snakemake_logger_plugin_observe.reporters.as_json.compare import shape
from snakemake_logger_plugin_observe.reporters.as_text.compare import parts
from snakemake_logger_plugin_observe.reporters.reply import Reply

HELP: Final = "whether a run was faster than its baseline, and whether it is still the same work"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "baseline",
        nargs="?",
        type=Path,
        metavar="A",
        help="the baseline: a journal, a run's working directory, or a folder of journals "
        "(default: the newest successful run of the same Snakefile and targets before B)",
    )
    parser.add_argument(
        "candidate",
        nargs="?",
        type=Path,
        metavar="B",
        help="the candidate, likewise (default: the newest run here)",
    )
    parser.add_argument(
        "--publish",
        type=Path,
        metavar="FILE",
        help="a file for check: what it says is published is compared, too",
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit with 1 unless it is the same work"
    )


def run(args: argparse.Namespace) -> Reply[CompareAnswer]:
    """Return how the two compare; 1 with --strict, unless they are the same work."""
    named = None if args.baseline is None else side(args.baseline)
    candidate, others = side(args.candidate)
    baseline, rest = named or _before(candidate)
    if named and args.candidate is None and baseline.path.samefile(candidate.path):
        raise JournalError(f"{baseline.path} is the newest run here; name what to compare it with")
    globs: list[str] = []
    if args.publish is not None:
        globs = [pattern for pattern, _ in read_check_file(args.publish).files]
    sides = parties((baseline, rest), (candidate, others), globs)
    comparison = compare(*sides)
    notes = [*_left_out(args.baseline, rest), *_left_out(args.candidate, others)]
    if args.publish is not None:
        notes += _unseen(args.publish, baseline, candidate, sides[0])
    answer = CompareAnswer(baseline, candidate, comparison, tuple(notes))
    code = int(args.strict and comparison.same_work is not True)
    return Reply(answer, parts, shape, code)


def _left_out(named: Path | None, used: Sequence[Outline]) -> Iterator[str]:
    """Say how many journals of a folder tell nothing of its runs' usual length."""
    if named is None or not used:
        return
    there = sum(1 for _ in named.glob("*.jsonl"))
    if there > len(used):
        yield (
            f"{named}: {len(used)} of {there} journals count; the others are copies, or of runs "
            "that failed, or that were asked for something else or ran in another way"
        )


def _unseen(file: Path, baseline: Source, candidate: Source, before: Party) -> Iterator[str]:
    """Say why files that *file* publishes were not compared, if they were not."""
    folder = find_journal.working_directory(baseline.path)
    if _one_folder(baseline, candidate):
        yield (
            f"published files were not compared: A and B ran in one folder, {folder}, and the "
            "later replaced what the earlier published"
        )
    elif not before.published:
        yield f"published files were not compared: {folder}, where A ran, has none of {file}"


def _before(candidate: Source) -> tuple[Source, tuple[Outline, ...]]:
    """Return the baseline of a run for which none was named."""
    found = baselines.baseline_of(candidate, Detail.FIGURES)
    if found is None:
        raise JournalError(
            f"{candidate.path}: no successful run of its Snakefile and targets before it; "
            "name a baseline"
        )
    return found, ()
