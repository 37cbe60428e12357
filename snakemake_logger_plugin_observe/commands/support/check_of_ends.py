"""A run that passes its budgets by the first and the last line of its journal."""

from collections.abc import Iterable
from pathlib import Path

from snakemake_logger_plugin_observe.analysis.check.budgets import (
    CheckLine,
    Limit,
    judged,
    succeeded,
)
from snakemake_logger_plugin_observe.analysis.screen.measured import measured_by_ends
from snakemake_logger_plugin_observe.commands.support import find_journal, first_screen
from snakemake_logger_plugin_observe.reporters.answers import Source


def passes(named: Path | None, limits: Iterable[Limit]) -> tuple[Source, list[CheckLine]] | None:
    """Return a run and its lines, if it passes all *limits* by these two lines of its journal.

    None if it does not, as the lines that show that are to be named, or if more must be read.

    Args:
        named: as in ``find_journal.load``.
        limits: what its figures must keep to.

    Raises:
        JournalError: if *named* is a tag that no run has.

    """
    known = first_screen.restored_from(named)
    if known is None:
        return None
    path, found = known
    started, finished = found.run.started, found.run.finished
    screen = finished.screen if finished is not None else None
    if started is None or started.kind != "run" or screen is None or screen.checksums:
        return None
    lines = []
    for limit in limits:
        figure = measured_by_ends(found, screen, limit.figure, limit.part)
        if figure is None or not (line := judged(figure, limit)).ok:
            return None
        lines.append(line)
    source = find_journal.source_of(path, found.run)
    return source, [succeeded(source.status), *lines]
