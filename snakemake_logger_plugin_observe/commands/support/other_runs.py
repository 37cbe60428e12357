"""The other runs in a run's folder of journals: its baseline, its history, its dry run."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.commands.support.folder_runs import (
    Begun,
    Outline,
    before,
    runs_in,
    same_targets,
    start_of,
)
from snakemake_logger_plugin_observe.journal.events import RunStarted
from snakemake_logger_plugin_observe.journal.excerpts import read_ends
from snakemake_logger_plugin_observe.journal.folders import journal_files
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scope import part_of

_HISTORY: Final = 10
"""So many runs are enough to estimate noise."""
_MOST_TRIED: Final = 5
"""So many earlier runs are read to find one like a full run to compare it with."""
_MOST_READ: Final = 20
"""So many runs are read to find a full one to propose limits from."""
_FORCES: Final = ("forceall", "forcerun", "forcetargets", "until", "omit_from")
"""Settings that decide which jobs are planned, whatever files exist."""


def baseline_of(source: Source, detail: Detail = Detail.WHOLE) -> Source | None:
    """Return the run to compare *source* with: the newest successful one of the same targets.

    A full run is compared with a full run of as many jobs of each rule, if there is one, so that
    their lengths can be compared.

    Args:
        source: the run to find a baseline for.
        detail: how much of the baseline's journal is read.

    """
    newest: Source | None = None
    full = source.of_all_jobs
    for read in itertools.islice(_read_earlier(source, detail), _MOST_TRIED):
        if not full or (read.of_all_jobs and _same_dag(read.run, source.run)):
            return read
        newest = newest or read
    return newest


def last_success(source: Source, detail: Detail = Detail.WHOLE) -> Source | None:
    """Return the newest successful run before *source*, of the same targets.

    Args:
        source: the run.
        detail: how much of the earlier run's journal is read.

    """
    return next(_read_earlier(source, detail), None)


def _read_earlier(source: Source, detail: Detail) -> Iterator[Source]:
    """Yield the successful earlier runs of the same Snakefile and targets, the newest first."""
    for outline in reversed(_earlier(source)):
        try:
            yield find_journal.load(outline.path, detail)
        except JournalError:
            continue


def _same_dag(one: Run, other: Run) -> bool:
    """Return whether two full runs planned as many jobs of each rule."""
    if one.planned is None or other.planned is None:
        return False
    return one.planned.to_run == other.planned.to_run


def history(source: Source) -> list[Outline]:
    """Return earlier runs that did the same amount of work, and *source* itself, the newest last.

    The spread of their makespans is noise.
    """
    started, finished = source.run.started, source.run.finished
    if started is None or finished is None:
        return []
    own = Outline(source.path, started, finished)
    return [*[one for one in _earlier(source) if same_amount(one, own)][1 - _HISTORY :], own]


def repetitions(folder: Path) -> list[Outline]:
    """Return the newest successful run in *folder* and those that repeat it, the newest last."""
    return repetitions_among(runs_in(folder))


def repetitions_among(runs: Iterable[Begun]) -> list[Outline]:
    """Return the newest successful one of *runs* and those that repeat it, the newest last."""
    found = _succeeded(runs)
    return [
        one
        for one in found
        if same_targets(one.started, found[-1].started) and same_amount(one, found[-1])
    ]


def is_full(source: Source) -> bool:
    """Whether a run succeeded and ran every job of its workflow, as far as that is known."""
    unknown = source.scope is None and not part_of(source.run)
    return source.status == "success" and (source.of_all_jobs or unknown)


def newest_full(runs: Iterable[Begun], detail: Detail = Detail.WHOLE) -> Source | None:
    """Return the first one of *runs*, the newest first, that ran every job of its workflow."""
    ended = (one for one in runs if one.status == "success" and one.ran_jobs)
    for one in itertools.islice(ended, _MOST_READ):
        try:
            found = find_journal.load(one.path, detail)
        except JournalError:
            continue
        if is_full(found):
            return found
    return None


def dry_run_of(source: Source) -> Source | None:
    """Return the dry run that planned this run's jobs: the last before it, or the first after.

    No other run may lie between the two: it may have done what was planned.
    """
    started = source.run.started
    if started is None:
        return None
    begun = source.run.start or started.time
    others = _others(source)
    runs = [start_of(one) for one, _ in others if one.kind != "dry_run"]
    since = max((moment for moment in runs if moment < begun), default=0)
    until = min((moment for moment in runs if moment > begun), default=None)
    plans = sorted(
        (start_of(one), path)
        for one, path in others
        if start_of(one) >= since
        and (until is None or start_of(one) < until)
        and _plans_the_same(one, started)
    )
    before = [path for moment, path in plans if moment <= begun]
    after = [path for moment, path in plans if moment > begun]
    for path in (*before[-1:], *after[:1]):
        try:
            return find_journal.load(path, Detail.FIGURES)
        except JournalError:
            continue
    return None


def next_start(source: Source) -> Micros | None:
    """Return when the next run in the same folder started; it may overwrite this run's files."""
    mine = source.run.start or 0
    starts = (start_of(one) for one, _ in _others(source) if one.kind != "dry_run")
    return min((moment for moment in starts if moment > mine), default=None)


def _earlier(source: Source) -> list[Outline]:
    """Return the successful earlier runs of the same Snakefile and targets, the newest last."""
    started = source.run.started
    if started is None:
        return []
    succeeded = _succeeded(reversed(before(source.path, started)))
    return [one for one in succeeded if same_targets(one.started, started)]


def _succeeded(runs: Iterable[Begun]) -> list[Outline]:
    """Return those of *runs* that ran jobs and succeeded."""
    ended = (one for one in runs if isinstance(one, Outline))
    return [one for one in ended if one.status == "success" and one.ran_jobs]


def _others(source: Source) -> list[tuple[RunStarted, Path]]:
    """Return the other journals in *source*'s folder, each with its first event."""
    return [
        (ends[0], path)
        for path in journal_files(source.path.parent)
        if path != source.path and (ends := read_ends(path)) is not None
    ]


def _plans_the_same(one: RunStarted, other: RunStarted) -> bool:
    """Whether *one* is a dry run that plans what *other* ran."""
    return (
        one.kind == "dry_run"
        and same_targets(one, other)
        and all(one.settings.get(name) == other.settings.get(name) for name in _FORCES)
    )


def same_amount(one: Outline, other: Outline) -> bool:
    """Whether two runs had as many jobs and failures, with the same executor, limits and host."""
    return all(
        fact(one) == fact(other)
        for fact in (
            lambda o: (o.finished.job_count, o.finished.failed_attempts),
            lambda o: (o.started.executor, o.started.wraps, o.started.cores, o.started.jobs),
            lambda o: o.started.host,
        )
    )
