"""``compare``: whether a run was faster than another, and whether it did the same work."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.comparison import (
    Party,
    compare,
    of_itself,
)
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.commands.support.check_file import read_check_file
from snakemake_logger_plugin_observe.commands.support.sides import (
    Side,
    baseline_side,
    is_same_run,
    one_folder,
    parties,
    side,
)
from snakemake_logger_plugin_observe.journal.folders import journal_files
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.reporters.answers import CompareAnswer, Source
from snakemake_logger_plugin_observe.reporters.as_json.compare import shape
from snakemake_logger_plugin_observe.reporters.as_text.compare import parts
from snakemake_logger_plugin_observe.reporters.reply import Reply

HELP: Final = "whether a run was faster than its baseline, and whether it did the same work"
_UNCHECKED: Final = (
    "--strict: the same plan is not known to be the same work; record both runs with "
    "--logger-observe-outputs checksums"
)
EXAMPLE: Final = "snakemake-observe compare before.jsonl after.jsonl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "baseline",
        nargs="?",
        type=Path,
        metavar="A",
        help="the baseline: a journal, a run's working directory, a folder of journals, or the tag "
        "of some runs, as pr=base (default: the newest earlier run of the same Snakefile and "
        "targets that succeeded)",
    )
    parser.add_argument(
        "candidate",
        nargs="?",
        type=Path,
        metavar="B",
        help="the run to compare with it, named in the same way (default: the newest run here)",
    )
    parser.add_argument(
        "--publish",
        type=Path,
        metavar="FILE",
        help="also compare the published files that FILE, a file for check, lists",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit with 1 unless both are known to have done the same work, contents included",
    )


def run(args: argparse.Namespace) -> Reply[CompareAnswer]:
    """Return how the two compare; 1 with --strict, unless they did the same work.

    Raises:
        JournalError: if a journal cannot be read, or there is no baseline.
        CheckFileError: if the file given with --publish cannot be used.

    """
    named = side(args.baseline) if args.baseline is not None else None
    candidate = side(args.candidate)
    baseline = named or _default_baseline(candidate)
    before, after = baseline.source, candidate.source
    if named and args.candidate is None and before.path.samefile(after.path):
        raise JournalError(f"{before.path} is the newest run here; name a run to compare it with")
    globs: tuple[str, ...] = ()
    if args.publish is not None:
        globs = read_check_file(args.publish).tables.publish.files
    both = parties(baseline, candidate, globs)
    comparison = compare(*both)
    if is_same_run(before, after):
        comparison = of_itself(comparison)
    notes = [*_ignored(args.baseline, baseline), *_ignored(args.candidate, candidate)]
    if args.publish is not None:
        notes += _not_compared(args.publish, before, after, both[0])
    # A plan has no contents: as planned is all that can be said.
    unchecked = not comparison.contents.checked and not before.run.is_dry_run
    same = comparison.same_work is True
    if args.strict and same and unchecked:
        notes.append(_UNCHECKED)
    answer = CompareAnswer(before, after, comparison, tuple(notes))
    return Reply(answer, parts, shape, int(args.strict and (unchecked or not same)))


def _default_baseline(candidate: Side) -> Side:
    found = baseline_side(candidate.source, None)
    if found is None:
        raise JournalError(
            f"{candidate.source.path}: no earlier run of the same Snakefile and targets "
            "succeeded; name a baseline"
        )
    return found


def _ignored(named: Path | None, used: Side) -> Iterator[str]:
    """Say how many journals of a folder do not count as repetitions of a run."""
    if named is None or not used.repetitions:
        return
    total = len(journal_files(named))
    if total > len(used.repetitions):
        yield (
            f"{named}: {len(used.repetitions)} of {total} journals count; the others are copies, "
            "or of runs that failed, had other targets or ran with another setup"
        )


def _not_compared(file: Path, baseline: Source, candidate: Source, before: Party) -> Iterator[str]:
    """Say why the published files that *file* lists were not compared, if they were not."""
    folder = find_journal.working_directory(baseline.path)
    if one_folder(baseline, candidate):
        yield (
            f"published files were not compared: A and B ran in the same folder, {folder}, and "
            "the later run overwrote the files of the earlier one"
        )
    elif not before.published:
        yield (
            f"published files were not compared: {folder}, where A ran, has none of the files "
            f"that {file} lists"
        )
