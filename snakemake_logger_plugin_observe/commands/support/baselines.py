"""Which runs a run is held against: its baseline, and the history that tells what noise is."""

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
"""How many earlier runs tell enough of the noise."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A run that ended, by its first event and its last."""

    path: Path
    started: RunStarted
    finished: RunFinished

    @property
    def time(self) -> Micros:
        """When it began."""
        return self.started.process_started or self.started.time


def baseline_of(source: Source, detail: Detail = Detail.WHOLE) -> Source | None:
    """Return the newest successful run of the same Snakefile and targets before *source*'s.

    It is read in so much *detail*.
    """
    for outline in reversed(earlier(source)):
        try:
            found = find_journal.load(outline.path, detail)
        except JournalError:
            continue
        return found
    return None


def earlier(source: Source) -> list[Outline]:
    """Return the successful runs of *source*'s Snakefile and targets before it, the newest last."""
    started = source.run.started
    if started is None:
        return []
    before = source.run.start or started.time
    return [
        outline
        for outline in outlines(source.path.parent)
        if outline.time < before and same_question(outline.started, started)
    ]


def history(source: Source) -> list[Outline]:
    """Return the runs that did as much as *source*'s: some before it, and itself, the newest last.

    How far their lengths lie apart is noise.
    """
    started, finished = source.run.started, source.run.finished
    if started is None or finished is None:
        return []
    own = Outline(source.path, started, finished)
    return [*[one for one in earlier(source) if _same_work(one, own)][1 - _HISTORY :], own]


def alike(folder: Path) -> list[Outline]:
    """Return the runs in *folder* that did as much as its newest that succeeded, in order."""
    found = outlines(folder)
    return [
        one
        for one in found
        if same_question(one.started, found[-1].started) and _same_work(one, found[-1])
    ]


def outlines(folder: Path) -> list[Outline]:
    """Return the successful real runs whose journals lie in *folder*, the newest last.

    A run counts once, however many copies of its journal there are.
    """
    found: dict[str, Outline] = {}
    for path in sorted(folder.glob("*.jsonl")):
        ends = read_ends(path)
        if ends is None or ends[0].kind != "run" or ends[1] is None:
            continue
        if ends[1].status == "success" and ends[1].attempt_count:
            found.setdefault(ends[0].run_id, Outline(path, ends[0], ends[1]))
    return sorted(found.values(), key=lambda outline: outline.time)


def same_question(one: RunStarted, other: RunStarted) -> bool:
    """Return whether two runs were asked for the same targets of the same Snakefile."""
    return snakefile_of(one) == snakefile_of(other) and one.targets == other.targets


def _same_work(one: Outline, other: Outline) -> bool:
    """Whether two runs had as many jobs and failures, by the same means."""
    return all(
        fact(one) == fact(other)
        for fact in (
            lambda o: (o.finished.job_count, o.finished.failed_attempts),
            lambda o: (o.started.executor, o.started.wraps, o.started.cores, o.started.jobs),
            lambda o: o.started.host,
        )
    )
