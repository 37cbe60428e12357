"""The runs before one, read as far as it takes to explain why its jobs ran again."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.reruns.earlier import PastRun, sums_of
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
from snakemake_logger_plugin_observe.analysis.reruns.reruns import asks_the_past, reruns
from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.roots import Roots, roots
from snakemake_logger_plugin_observe.commands.support.folder_runs import Begun, before
from snakemake_logger_plugin_observe.journal.files import Detail, JournalError, read_journal
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.run import fold
from snakemake_logger_plugin_observe.run.model import Run

_MOST_RUNS: Final = 10
_MOST_BYTES: Final = 24 * 1024 * 1024
"""So many runs, and so much of their journals, are read; the newest is read whatever its size."""
_WHOLE: Final = ("success", "nothing_to_do")


def reruns_of(
    source: Source, origins: Origins | None = None, found: Roots | None = None
) -> tuple[Rerun, ...]:
    """Return what the runs before *source* show about the jobs that ran again.

    Nothing is read if no job's reason, and no failed run before it, asks for it.

    Args:
        source: the run.
        origins: the causes of its jobs, if parsed already.
        found: their root causes, if known already.

    """
    run = source.run
    if run.started is None or run.is_dry_run or not run.jobs:
        return ()
    outlines = before(source.path, run.started)[:_MOST_RUNS]
    left = any(
        one.status not in _WHOLE and one.started.settings.get("keep_incomplete") for one in outlines
    )
    if not outlines or not (left or asks_the_past(run)):
        return ()
    origins = origins or Origins(run)
    return reruns(run, origins, found or roots(origins), tuple(_read(outlines)))


def _read(outlines: list[Begun]) -> Iterator[PastRun]:
    room = _MOST_BYTES
    for number, one in enumerate(outlines):
        try:
            room -= one.path.stat().st_size
            if number and room < 0:
                return
            yield _past_run(one)
        except (JournalError, OSError):
            continue


def _past_run(outline: Begun) -> PastRun:
    """Return a run: of one that succeeded, without what its attempts were."""
    whole = outline.status in _WHOLE
    run = Run()
    sums: dict[str, str] = {}
    for event in read_journal(outline.path, Detail.OUTPUTS if whole else Detail.FIGURES):
        if event.event == "outputs":
            sums |= sums_of(event.files)
        else:
            fold.add(run, event)
    return PastRun(run, outline.status, sums)
