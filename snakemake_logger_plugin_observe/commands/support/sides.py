"""The two sides of a comparison: one run with its history, or a folder of runs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from snakemake_logger_plugin_observe.analysis.compare.checksums import varying
from snakemake_logger_plugin_observe.analysis.compare.comparison import Party
from snakemake_logger_plugin_observe.analysis.compare.speed import RunLengths
from snakemake_logger_plugin_observe.commands.support import baselines, find_journal
from snakemake_logger_plugin_observe.commands.support.baselines import Outline
from snakemake_logger_plugin_observe.external.published_files import sums
from snakemake_logger_plugin_observe.journal.events import RunFinished
from snakemake_logger_plugin_observe.journal.files import Detail, JournalError
from snakemake_logger_plugin_observe.reporters.answers import Source


def side(named: Path | None) -> tuple[Source, tuple[Outline, ...]]:
    """Return the run that stands for a side, and of a folder of journals all that are alike."""
    if named is None or not named.is_dir() or not any(named.glob("*.jsonl")):
        return find_journal.load(named, Detail.FIGURES), ()
    alike = baselines.alike(named)
    if not alike:
        raise JournalError(f"{named}: none of the journals in it is of a run that succeeded")
    typical = sorted(alike, key=lambda one: one.finished.makespan_s or 0.0)[(len(alike) - 1) // 2]
    return find_journal.load(typical.path, Detail.FIGURES), tuple(alike)


Side = tuple[Source, Sequence[Outline]]


def parties(before: Side, after: Side, globs: Sequence[str] = ()) -> tuple[Party, Party]:
    """Return both sides, with what they published, where each has a folder of its own.

    In one folder the later run has overwritten what the earlier one published.
    """
    sides = _party(*before, after[0]), _party(*after, before[0])
    if not globs or _one_folder(before[0], after[0]):
        return sides
    one, other = (
        replace(side, published=sums(find_journal.working_directory(source.path), globs))
        for side, (source, _) in zip(sides, (before, after), strict=True)
    )
    return one, other


def _one_folder(before: Source, after: Source) -> bool:
    one, other = (find_journal.working_directory(source.path) for source in (before, after))
    return one.resolve() == other.resolve()


def _party(source: Source, alike: Sequence[Outline], other: Source) -> Party:
    """Return a side: one run with what its history tells of noise, or all runs of a folder.

    What it is compared with, *other*, is no noise of its own.
    """
    if alike:
        runs = [find_journal.load(one.path, Detail.FIGURES).run for one in alike]
        return Party(
            source.run,
            source.status,
            _measured([one.finished for one in alike]),
            varying=varying(runs),
        )
    finished = source.run.finished
    if finished is None or finished.makespan_s is None:
        return Party(source.run, source.status, RunLengths((), ()))
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


def _measured(ends: Sequence[RunFinished]) -> RunLengths:
    ended = [one for one in ends if one.makespan_s is not None]
    imports_s = [one.makespan.by_phase_s.get("import") for one in ended]
    return RunLengths(
        tuple(one.makespan_s for one in ended if one.makespan_s is not None),
        tuple(one.makespan.by_class_s for one in ended),
        tuple(length_s for length_s in imports_s if length_s is not None),
    )
