"""The runs whose journals are in a folder, by the first and the last event of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.external import processes
from snakemake_logger_plugin_observe.journal.events import RunFinished, RunStarted
from snakemake_logger_plugin_observe.journal.excerpts import (
    contains,
    content_size,
    last_moment,
    read_ends,
    snakefile_digest,
)
from snakemake_logger_plugin_observe.journal.folders import journal_files
from snakemake_logger_plugin_observe.journal.records import JobTally, RunKind
from snakemake_logger_plugin_observe.run.identity import snakefile_of
from snakemake_logger_plugin_observe.run.model import status_without_end

_OF_AN_ATTEMPT: Final = b'{"event":"attempt_'
_DEFAULT_FOLDER: Final = ".snakemake/observe"
_CUT_OFF: Final = ("failed", "interrupted", "killed")
_A_SIGN_OF_LIFE: Final = 60_000_000
"""A run that goes on writes something every 15 seconds."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A run, by the first event of its journal: it has no end."""

    path: Path
    started: RunStarted

    @property
    def status(self) -> str:
        """How it ended, or that it goes on, as far as that can be known from here."""
        return status_without_end(processes.goes_on(self.started, lambda: last_moment(self.path)))

    @property
    def ran_jobs(self) -> bool:
        """Whether it started a job."""
        return contains(self.path, _OF_AN_ATTEMPT)

    @property
    def tally(self) -> JobTally | None:
        """How far its jobs got, if that is known from these events."""
        return None


@dataclass(frozen=True, slots=True)
class Outline(Begun):
    """A finished run, by the first and the last event of its journal."""

    finished: RunFinished

    @property
    def status(self) -> str:
        """How it ended."""
        return self.finished.status

    @property
    def ran_jobs(self) -> bool:
        """Whether it started a job."""
        return self.finished.attempt_count > 0

    @property
    def tally(self) -> JobTally | None:
        """How far its jobs got; None of a run of an older version."""
        return self.finished.jobs


def start_of(started: RunStarted) -> Micros:
    """Return when a run's process started, or else when its recording did."""
    return started.process_started or started.time


def runs_in(folder: Path, kind: RunKind = "run") -> list[Begun]:
    """Return the real runs whose journals are in *folder*, or those of a *kind*, the newest last.

    A run counts once, even if there are copies of its journal.
    """
    return [one for one in outlines(journal_files(folder)) if one.started.kind == kind]


def outlines(journals: Iterable[Path]) -> list[Begun]:
    """Return the runs of these *journals*, of every kind, the newest last.

    A run counts once: of copies of its journal, the most complete is taken, and of such the first.
    """
    found: dict[str, Begun] = {}
    for path in journals:
        started, finished = read_ends(path) or (None, None)
        if started is not None:
            run = Begun(path, started) if finished is None else Outline(path, started, finished)
            known = found.setdefault(started.run_id, run)
            if known is not run and _how_complete(run) > _how_complete(known):
                found[started.run_id] = run
    return sorted(found.values(), key=lambda run: start_of(run.started))


def _how_complete(run: Begun) -> tuple[bool, int]:
    """Return whether a journal has its end, and how much it contains, to compare copies."""
    return isinstance(run, Outline), content_size(run.path)


def tagged(folder: Path, tag: str) -> list[Begun]:
    """Return the runs in *folder* that were recorded with *tag*, the newest last.

    Args:
        folder: a folder of journals.
        tag: ``KEY=VALUE``, as in ``--logger-observe-tag``.

    """
    key, _, value = tag.partition("=")
    return [one for one in runs_in(folder) if one.started.tags.get(key) == value]


def before(journal: Path, started: RunStarted, kind: RunKind = "run") -> list[Begun]:
    """Return the runs before one, of the same Snakefile, whatever became of them.

    In a folder of journals that several working directories share, two may have a Snakefile of the
    same name: if what is in it differs, they are two workflows.
    A run that failed while its Snakefile was read has none on record, and so may be any workflow's.

    Args:
        journal: that run's journal; the others are in its folder.
        started: its first event.
        kind: what kind of runs.

    Returns:
        The runs, the newest first.

    """
    start, snakefile = start_of(started), snakefile_of(started)
    return [
        one
        for one in reversed(runs_in(journal.parent, kind))
        if start_of(one.started) < start
        and snakefile in (None, snakefile_of(one.started))
        and (snakefile is None or not _is_another_workflow(one, journal, started))
    ]


def _is_another_workflow(one: Begun, journal: Path, started: RunStarted) -> bool:
    """Whether *one* had another working directory, and what is in its Snakefile differs."""
    if one.started.workdir == started.workdir or _is_own_folder(journal, started):
        return False
    digests = snakefile_digest(one.path), snakefile_digest(journal)
    return None not in digests and digests[0] != digests[1]


def _is_own_folder(journal: Path, started: RunStarted) -> bool:
    """Whether a run's journal is where it is by default: it moves with its working directory."""
    return journal.absolute().parent == Path(started.workdir or "") / _DEFAULT_FOLDER


def resumed(journal: Path, started: RunStarted) -> Begun | None:
    """Return the run that one resumed: one that failed or was cut off just before it.

    None if a run of the same targets succeeded since, or there was none before. The arguments are
    those of ``before``.
    """
    return cut_off_in(before(journal, started), started)


def cut_off_in(earlier: Iterable[Begun], started: RunStarted) -> Begun | None:
    """Return the last of the *earlier* runs, the newest first, that began jobs of the same targets.

    None if it came to its end, or there is none.
    """
    for one in earlier:
        if same_targets(one.started, started) and one.ran_jobs:
            return one if one.status in _CUT_OFF else None
    return None


def cut_off_before(journal: Path, started: RunStarted) -> Begun | None:
    """Return the run that may have left its lock in the folder: one without an end, before one.

    None if a run began jobs since, or ended well: it had the lock, and gave it back. The arguments
    are those of ``before``.
    """
    start = start_of(started)
    for one in reversed(runs_in(journal.parent)):
        if start_of(one.started) >= start:
            continue
        if not isinstance(one, Outline):
            return one
        if one.ran_jobs or one.status == "success":
            return None
    return None


def alongside(journal: Path, started: RunStarted, end: Micros | None) -> list[Begun]:
    """Return the runs of the folder that went on while one did, the newest first.

    Args:
        journal: that run's journal; the others are in its folder.
        started: its first event.
        end: when it ended, or was last seen.

    """
    start = start_of(started)
    found = []
    for path in journal_files(journal.parent):
        # A run that goes on keeps writing: the last write alone rules out most journals.
        written = _written(path)
        if path.name != journal.name and written >= start - _A_SIGN_OF_LIFE:
            other, finished = read_ends(path) or (None, None)
            if other is None or other.kind != "run" or other.run_id == started.run_id:
                continue
            run = Begun(path, other) if finished is None else Outline(path, other, finished)
            ended = finished.time if finished is not None else None
            if ended is None and written < start and run.status == "killed":
                continue
            if start_of(other) < (end or start) and (ended is None or ended > start):
                found.append(run)
    return sorted(found, key=lambda run: start_of(run.started), reverse=True)


def _written(path: Path) -> Micros:
    """Return when a file was last written, in microseconds; 0 if it is gone."""
    try:
        return path.stat().st_mtime_ns // 1000
    except OSError:
        return 0


def same_targets(one: RunStarted, other: RunStarted) -> bool:
    """Return whether two runs had the same Snakefile and targets, or one that could not be read."""
    if None in (one.snakefile, other.snakefile):
        return True
    return snakefile_of(one) == snakefile_of(other) and one.targets == other.targets
