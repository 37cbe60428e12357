"""The two sides of a comparison: each a run with its history, or a folder of repeated runs."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.checksums import varying
from snakemake_logger_plugin_observe.analysis.compare.comparison import Party
from snakemake_logger_plugin_observe.analysis.compare.speed import RunLengths
from snakemake_logger_plugin_observe.commands.support import (
    earlier_jobs,
    find_journal,
    folder_runs,
    other_runs,
)
from snakemake_logger_plugin_observe.commands.support.folder_runs import Outline
from snakemake_logger_plugin_observe.external.published_files import checksums
from snakemake_logger_plugin_observe.journal.events import RunFinished
from snakemake_logger_plugin_observe.journal.folders import journal_files
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.run.model import Run

_MOST_READ: Final = 20
"""So many runs between two are read to explain what differs."""


@dataclass(frozen=True, slots=True)
class Side:
    """A run to compare, and the repeated runs of a folder that it stands for, if any."""

    source: Source
    repetitions: tuple[Outline, ...] = ()


def side(named: Path | None, folder: Path | None = None) -> Side:
    """Return the run that *named* means; of a folder of journals the one of median makespan.

    A tag means its newest run, with those of the same tag that repeat it.

    Args:
        named: a journal, a working directory, a folder of journals, or a tag.
        folder: where runs with a tag are (default: the current directory's folder of journals).

    Raises:
        JournalError: if no journal can be read, or no run in the folder succeeded.

    """
    if named is not None and find_journal.is_tag(named):
        runs = find_journal.tagged(named, folder)
        repeated = other_runs.repetitions_among(runs)
        if not repeated or repeated[-1].path != runs[-1].path:
            return Side(find_journal.load(runs[-1].path, Detail.FIGURES))
        return _median(repeated)
    if named is None or not named.is_dir() or not journal_files(named):
        return Side(find_journal.load(named, Detail.FIGURES))
    repeated = other_runs.repetitions(named)
    if not repeated:
        raise JournalError(f"{named}: no journal in it is of a run that succeeded")
    return _median(repeated)


def _median(repeated: Sequence[Outline]) -> Side:
    by_makespan = sorted(repeated, key=lambda one: one.finished.makespan_s or 0.0)
    median = by_makespan[(len(repeated) - 1) // 2]
    return Side(find_journal.load(median.path, Detail.FIGURES), tuple(repeated))


def baseline_side(source: Source, named: Path | None) -> Side | None:
    """Return the baseline that the user *named*, or else the newest run that can be one.

    Raises:
        JournalError: if the baseline that was named cannot be read.

    """
    if named is not None:
        return side(named, source.path.parent)
    found = other_runs.baseline_of(source, Detail.FIGURES)
    return Side(found) if found is not None else None


def parties(before: Side, after: Side, globs: Sequence[str] = ()) -> tuple[Party, Party]:
    """Return both sides for ``compare``, with checksums of published files if they can differ.

    In one folder the later run has overwritten what the earlier one published. The up-to-date jobs
    of both are described by the runs before them.
    """
    earlier_jobs.complete(before.source)
    earlier_jobs.complete(after.source, before.source)
    one, other = _party(before, after.source), _party(after, before.source)
    other = replace(other, between=lambda: _between(before.source, after.source))
    if not globs or one_folder(before.source, after.source):
        return one, other
    return _published(one, before.source, globs), _published(other, after.source, globs)


def one_folder(before: Source, after: Source) -> bool:
    """Return whether two runs had the same working directory."""
    one, other = (find_journal.working_directory(source.path) for source in (before, after))
    return one.resolve() == other.resolve()


def _between(before: Source, after: Source) -> Iterator[Run]:
    """Yield the runs between two of one folder of journals, the newest first."""
    started = after.run.started
    if started is None or before.path.resolve().parent != after.path.resolve().parent:
        return
    for one in folder_runs.before(after.path, started)[:_MOST_READ]:
        if one.path.name == before.path.name:
            return
        with contextlib.suppress(JournalError):
            yield find_journal.load(one.path, Detail.JOBS).run


def _published(party: Party, source: Source, globs: Sequence[str]) -> Party:
    return replace(party, published=checksums(find_journal.working_directory(source.path), globs))


def _party(side: Side, other: Source) -> Party:
    """Return one side: all runs of a folder, or one run with the noise that its history shows."""
    source = side.source
    if side.repetitions:
        runs = [find_journal.load(one.path, Detail.FIGURES).run for one in side.repetitions]
        return Party(
            source.run,
            source.status,
            _lengths([one.finished for one in side.repetitions]),
            varying=varying(runs),
        )
    finished = source.run.finished
    if finished is None or finished.makespan_s is None:
        return Party(source.run, source.status, RunLengths((), ()))
    history = [one.finished.makespan_s for one in _history_without(source, other)]
    return Party(
        source.run,
        source.status,
        _lengths([finished]),
        [length_s for length_s in history if length_s is not None],
    )


def _history_without(source: Source, other: Source) -> list[Outline]:
    """Return *source*'s history without *other*, the run that it is compared with.

    Runs are compared by id: two journals of the same name may be different runs, and copies of a
    journal are the same run.
    """
    compared = other.run.started.run_id if other.run.started is not None else None
    return [
        one
        for one in other_runs.history(source)
        if one.path == source.path or one.started.run_id != compared
    ]


def _lengths(ends: Sequence[RunFinished]) -> RunLengths:
    ended = [one for one in ends if one.makespan_s is not None]
    imports_s = [one.makespan.by_phase_s.get("import") for one in ended]
    return RunLengths(
        tuple(one.makespan_s for one in ended if one.makespan_s is not None),
        tuple(one.makespan.by_class_s for one in ended),
        tuple(length_s for length_s in imports_s if length_s is not None),
    )


def is_same_run(before: Source, after: Source) -> bool:
    """Whether both journals are of one run: the same file, or a copy of it."""
    one, other = before.run.started, after.run.started
    return one is not None and other is not None and one.run_id == other.run_id
