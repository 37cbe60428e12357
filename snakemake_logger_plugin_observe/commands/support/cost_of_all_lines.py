"""The answer of ``cost`` from all lines of a journal, in as much detail as it needs."""

from dataclasses import replace
from pathlib import Path

from snakemake_logger_plugin_observe.analysis.live.on_cluster import given_up
from snakemake_logger_plugin_observe.analysis.screen.recorded import (
    MOST_SIMULATED,
    in_order_of_ends,
)
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.commands.support.cost_answer import cost, has_failed, needless
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer, Source


def read(named: Path | None, *, offline: bool, text: bool) -> CostAnswer:
    """Return where the time of a run went.

    Args:
        named: the journal, as in ``find_journal.load``.
        offline: whether the scheduler is not to be asked.
        text: whether it is for the first screen, which is the same however it was read.

    Raises:
        JournalError: if the journal cannot be read.

    """
    source = find_journal.load(named, Detail.TIMES)
    if has_failed(source):
        source = replace(find_journal.load(source.path, Detail.FAILURES), problems=source.problems)
    if source.status != "success" or given_up(source.run):
        from snakemake_logger_plugin_observe.commands.support import live

        source = live.with_live_view(source, offline=offline)
    if text and _has_a_screen(source):
        source = replace(source, run=in_order_of_ends(source.run))
        return cost(source, needless(source), most_simulated=MOST_SIMULATED)
    return cost(source, needless(source))


def _has_a_screen(source: Source) -> bool:
    finished = source.run.finished
    return finished is not None and finished.screen is not None
