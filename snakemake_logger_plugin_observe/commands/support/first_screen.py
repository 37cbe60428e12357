"""The answer of ``cost`` from a journal's first and last line, if these say what all of it says."""

from pathlib import Path

from snakemake_logger_plugin_observe.analysis.screen.restored import RestoredScreen, restored
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.journal.ends import read_telling_ends
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer, Source


def of_ends(named: Path | None) -> CostAnswer | None:
    """Return the answer about the journal *named*, or the newest run; None if more must be read.

    Args:
        named: as in ``find_journal.load``.

    Raises:
        JournalError: if *named* is a tag that no run has.

    """
    known = restored_from(named)
    if known is None:
        return None
    path, found = known
    return answer_of(find_journal.source_of(path, found.run), found)


def restored_from(named: Path | None) -> tuple[Path, RestoredScreen] | None:
    """Return a journal, and what its first and last line have; None if more must be read.

    The arguments and errors are those of ``of_ends``.
    """
    path = find_journal.newest(named)
    ends = read_telling_ends(path) if path is not None else None
    found = restored(*ends) if ends is not None else None
    return (path, found) if path is not None and found is not None else None


def answer_of(source: Source, found: RestoredScreen) -> CostAnswer:
    """Return what the first screen of a run shows as the answer of ``cost``."""
    return CostAnswer(
        source,
        found.account,
        found.observed,
        found.costliest,
        polling=found.polling,
        holds=found.holds,
        advice=found.advice,
        reduced=found.reduced,
        request_mismatches=found.request_mismatches,
        clocks=found.clocks,
    )
