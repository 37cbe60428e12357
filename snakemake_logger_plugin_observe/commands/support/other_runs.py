"""The other runs in a run's folder of journals: its baseline, its history, its dry run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.differences import snakefile_of
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.journal.events import RunFinished, RunStarted
from snakemake_logger_plugin_observe.journal.files import Detail, JournalError, read_ends
from snakemake_logger_plugin_observe.reporters.answers import Source

_HISTORY: Final = 10
"""So many runs are enough to estimate noise."""
_FORCES: Final = ("forceall", "forcerun", "forcetargets", "until", "omit_from")
"""Settings that decide which jobs are planned, whatever files exist."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A finished run, by the first and the last event of its journal."""

    path: Path
    started: RunStarted
    finished: RunFinished


def start_of(started: RunStarted) -> Micros:
    """Return when a run's process started, or else when its recording did."""
    return started.process_started or started.time


def baseline_of(source: Source, detail: Detail = Detail.WHOLE) -> Source | None:
    """Return the newest successful earlier run of the same Snakefile and targets.

    Args:
        source: the run to find a baseline for.
        detail: how much of the baseline's journal is read.

    """
    for outline in reversed(_earlier(source)):
        try:
            return find_journal.load(outline.path, detail)
        except JournalError:
            continue
    return None


def history(source: Source) -> list[Outline]:
    """Return earlier runs that did the same amount of work, and *source* itself, the newest last.

    The spread of their makespans is noise.
    """
    started, finished = source.run.started, source.run.finished
    if started is None or finished is None:
        return []
    own = Outline(source.path, started, finished)
    return [*[one for one in _earlier(source) if _same_amount(one, own)][1 - _HISTORY :], own]


def repetitions(folder: Path) -> list[Outline]:
    """Return the newest successful run in *folder* and those that repeat it, the newest last."""
    found = _successful(folder)
    return [
        one
        for one in found
        if _same_targets(one.started, found[-1].started) and _same_amount(one, found[-1])
    ]


def dry_run_of(source: Source) -> Source | None:
    """Return the dry run that planned this run's jobs: the last before it, or the first after."""
    started = source.run.started
    if started is None:
        return None
    begun = source.run.start or started.time
    plans = sorted(
        (start_of(one), path) for one, path in _others(source) if _plans_the_same(one, started)
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
    before = source.run.start or started.time
    return [
        outline
        for outline in _successful(source.path.parent)
        if start_of(outline.started) < before and _same_targets(outline.started, started)
    ]


def _successful(folder: Path) -> list[Outline]:
    """Return the successful runs of jobs whose journals are in *folder*, the newest last.

    A run counts once, even if there are copies of its journal.
    """
    found: dict[str, Outline] = {}
    for path in sorted(folder.glob("*.jsonl")):
        ends = read_ends(path)
        if ends is None or ends[0].kind != "run" or ends[1] is None:
            continue
        if ends[1].status == "success" and ends[1].attempt_count:
            found.setdefault(ends[0].run_id, Outline(path, ends[0], ends[1]))
    return sorted(found.values(), key=lambda outline: start_of(outline.started))


def _others(source: Source) -> list[tuple[RunStarted, Path]]:
    """Return the other journals in *source*'s folder, each with its first event."""
    return [
        (ends[0], path)
        for path in source.path.parent.glob("*.jsonl")
        if path != source.path and (ends := read_ends(path)) is not None
    ]


def _same_targets(one: RunStarted, other: RunStarted) -> bool:
    return snakefile_of(one) == snakefile_of(other) and one.targets == other.targets


def _plans_the_same(one: RunStarted, other: RunStarted) -> bool:
    """Whether *one* is a dry run that plans what *other* ran."""
    return (
        one.kind == "dry_run"
        and _same_targets(one, other)
        and all(one.settings.get(name) == other.settings.get(name) for name in _FORCES)
    )


def _same_amount(one: Outline, other: Outline) -> bool:
    """Whether two runs had as many jobs and failures, with the same executor, limits and host."""
    return all(
        fact(one) == fact(other)
        for fact in (
            lambda o: (o.finished.job_count, o.finished.failed_attempts),
            lambda o: (o.started.executor, o.started.wraps, o.started.cores, o.started.jobs),
            lambda o: o.started.host,
        )
    )
