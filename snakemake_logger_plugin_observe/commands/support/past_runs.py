"""The runs before one, read as far as it takes to explain why its jobs ran again."""

import contextlib
from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.reruns.earlier import PastRun, sums_of
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
from snakemake_logger_plugin_observe.analysis.reruns.reruns import asks_the_past, reruns
from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.roots import Roots
from snakemake_logger_plugin_observe.commands.support.folder_runs import Begun, before
from snakemake_logger_plugin_observe.journal.compressed import unpacked_size
from snakemake_logger_plugin_observe.journal.excerpts import contains, read_outputs
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail, read_journal
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.run import fold
from snakemake_logger_plugin_observe.run.model import Run

_MOST_RUNS: Final = 10
_MOST_BYTES: Final = 24 * 1024 * 1024
"""So many runs, and so much of their journals, are read; the newest is read whatever its size."""
_CHANGED: Final = b'{"event":"inputs_changed"'
_WHOLE: Final = ("success", "nothing_to_do")


def to_ask(source: Source) -> list[Begun]:
    """Return the runs before *source* that may explain why its jobs ran again.

    None if no job's reason, and no failed run before it, gives cause to ask.
    """
    run = source.run
    if run.started is None or run.is_dry_run or not run.all_jobs:
        return []
    outlines = before(source.path, run.started)[:_MOST_RUNS]
    asked = any(map(_left_something, outlines)) or asks_the_past(run) or _one_noted(outlines)
    return outlines if asked else []


def is_asked_about(source: Source, outlines: list[Begun]) -> bool:
    """Return whether the run itself, or one of those before it, may show what need not be."""
    attempts = source.run.attempts.values()
    return bool(outlines) or any(attempt.changed_inputs is not None for attempt in attempts)


def reruns_of(
    source: Source,
    origins: Origins,
    found: Roots,
    baseline: Source | None = None,
    outlines: list[Begun] | None = None,
) -> tuple[Rerun, ...]:
    """Return what the runs before *source* show about the jobs that ran again.

    Args:
        source: the run.
        origins: the causes of its jobs.
        found: their root causes.
        baseline: a run before it that was read already.
        outlines: the answer of ``to_ask``, if known already.

    """
    outlines = to_ask(source) if outlines is None else outlines
    if not is_asked_about(source, outlines):
        return ()
    sums = any(attempt.outputs for attempt in source.run.attempts.values())
    return reruns(source.run, origins, found, tuple(_read(outlines, baseline, sums)))


def _left_something(one: Begun) -> bool:
    """Whether a run may have left outputs of jobs that failed or were killed."""
    kept = one.status not in _WHOLE and bool(one.started.settings.get("keep_incomplete"))
    return kept or one.status == "killed"


def _one_noted(outlines: list[Begun]) -> bool:
    """Whether one of the newest runs notes that: as much of their journals is searched as read."""
    room = _MOST_BYTES
    for one in outlines:
        with contextlib.suppress(OSError):
            room -= unpacked_size(one.path)
        if room < 0:
            return False
        if _noted(one):
            return True
    return False


def _noted(one: Begun) -> bool:
    """Whether a run's journal notes that inputs were changed while they were read."""
    try:
        return contains(one.path, _CHANGED)
    except (JournalError, OSError):
        return False


def _read(outlines: list[Begun], known: Source | None, sums: bool) -> Iterator[PastRun]:
    room = _MOST_BYTES
    for number, one in enumerate(outlines):
        try:
            room -= unpacked_size(one.path)
            if number and room < 0:
                return
            same = known is not None and known.path.name == one.path.name
            if known is not None and same and one.status in _WHOLE and not _noted(one):
                yield PastRun(known.run, one.status, _sums_in(one, known.run) if sums else {})
            else:
                yield _past_run(one)
        except (JournalError, OSError):
            continue


def _sums_in(outline: Begun, run: Run) -> dict[str, str]:
    """Return the checksums of a run that was read already, perhaps without its attempts."""
    files = (
        [attempt.outputs or () for attempt in run.attempts.values()]
        if run.attempts
        else [event.files for event in read_outputs(outline.path)]
    )
    return {path: sha256 for some in files for path, sha256 in sums_of(some).items()}


def _past_run(outline: Begun) -> PastRun:
    """Return a run: of one that succeeded, without what its attempts were."""
    whole = outline.status in _WHOLE and not _noted(outline)
    run = Run()
    sums: dict[str, str] = {}
    for event in read_journal(outline.path, Detail.OUTPUTS if whole else Detail.FIGURES):
        if event.event == "outputs":
            sums |= sums_of(event.files)
        else:
            fold.add(run, event)
    return PastRun(run, outline.status, sums)
