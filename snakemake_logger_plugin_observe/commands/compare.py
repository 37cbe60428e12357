"""``compare``: whether a run was faster than another, and whether it was still the same work."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.analysis.comparison import Party, compare
from snakemake_logger_plugin_observe.analysis.contents import varying
from snakemake_logger_plugin_observe.analysis.speed import Measured
from snakemake_logger_plugin_observe.checkfile import read_check_file
from snakemake_logger_plugin_observe.commands import baselines, journals
from snakemake_logger_plugin_observe.commands.baselines import Outline
from snakemake_logger_plugin_observe.events import RunFinished
from snakemake_logger_plugin_observe.journal import Detail, JournalError
from snakemake_logger_plugin_observe.published import sums
from snakemake_logger_plugin_observe.reporters.answers import CompareAnswer, Source

HELP: Final = "whether a run was faster than its baseline, and whether it is still the same work"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's words."""
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


def run(words: argparse.Namespace) -> tuple[CompareAnswer, int]:
    """Return how the two compare; 1 with --strict, unless they are the same work."""
    named = None if words.baseline is None else side(words.baseline)
    candidate, others = side(words.candidate)
    baseline, rest = named or _before(candidate)
    if named and words.candidate is None and baseline.path.samefile(candidate.path):
        raise JournalError(f"{baseline.path} is the newest run here; name what to compare it with")
    globs: list[str] = []
    if words.publish is not None:
        globs = [pattern for pattern, _ in read_check_file(words.publish).files]
    sides = parties((baseline, rest), (candidate, others), globs)
    comparison = compare(*sides)
    notes = [*_left_out(words.baseline, rest), *_left_out(words.candidate, others)]
    if words.publish is not None:
        notes += _unseen(words.publish, baseline, candidate, sides[0])
    return CompareAnswer(baseline, candidate, comparison, tuple(notes)), int(
        words.strict and comparison.same_work is not True
    )


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
    folder = journals.working_directory(baseline.path)
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


def side(named: Path | None) -> tuple[Source, tuple[Outline, ...]]:
    """Return the run that stands for a side, and of a folder of journals all that are alike."""
    if named is None or not named.is_dir() or not any(named.glob("*.jsonl")):
        return journals.load(named, Detail.FIGURES), ()
    alike = baselines.alike(named)
    if not alike:
        raise JournalError(f"{named}: none of the journals in it is of a run that succeeded")
    typical = sorted(alike, key=lambda one: one.finished.makespan_s or 0.0)[(len(alike) - 1) // 2]
    return journals.load(typical.path, Detail.FIGURES), tuple(alike)


Side = tuple[Source, Sequence[Outline]]


def parties(before: Side, after: Side, globs: Sequence[str] = ()) -> tuple[Party, Party]:
    """Return both sides, with what they published, where each has a folder of its own.

    In one folder the later run has overwritten what the earlier one published.
    """
    sides = _party(*before, after[0]), _party(*after, before[0])
    if not globs or _one_folder(before[0], after[0]):
        return sides
    one, other = (
        replace(side, published=sums(journals.working_directory(source.path), globs))
        for side, (source, _) in zip(sides, (before, after), strict=True)
    )
    return one, other


def _one_folder(before: Source, after: Source) -> bool:
    one, other = (journals.working_directory(source.path) for source in (before, after))
    return one.resolve() == other.resolve()


def _party(source: Source, alike: Sequence[Outline], other: Source) -> Party:
    """Return a side: one run with what its history tells of noise, or all runs of a folder.

    What it is compared with, *other*, is no noise of its own.
    """
    if alike:
        runs = [journals.load(one.path, Detail.FIGURES).run for one in alike]
        return Party(
            source.run,
            source.status,
            _measured([one.finished for one in alike]),
            varying=varying(runs),
        )
    finished = source.run.finished
    if finished is None or finished.makespan_s is None:
        return Party(source.run, source.status, Measured((), ()))
    known = _without(baselines.history(source), source, other)
    history = [one.finished.makespan_s for one in known]
    return Party(
        source.run,
        source.status,
        _measured([finished]),
        [length_s for length_s in history if length_s is not None],
    )


def _without(history: Sequence[Outline], source: Source, other: Source) -> list[Outline]:
    """Return *source*'s *history* without the run that it is compared with, unless that is itself.

    Journals of one name in two folders are of two runs; copies are of one.
    """
    compared = other.run.started.run_id if other.run.started is not None else None
    return [one for one in history if one.path == source.path or one.started.run_id != compared]


def _measured(ends: Sequence[RunFinished]) -> Measured:
    ended = [one for one in ends if one.makespan_s is not None]
    imports_s = [one.makespan.by_phase_s.get("import") for one in ended]
    return Measured(
        tuple(one.makespan_s for one in ended if one.makespan_s is not None),
        tuple(one.makespan.by_class_s for one in ended),
        tuple(length_s for length_s in imports_s if length_s is not None),
    )
