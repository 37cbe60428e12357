"""What the runs before one show to be needless in it."""

from pathlib import Path

from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.roots import roots
from snakemake_logger_plugin_observe.commands.support import find_journal, past_runs
from snakemake_logger_plugin_observe.journal.reading import Detail


def found(journal: Path, *, asked: bool) -> tuple[Rerun, ...]:
    """Return what was needless in the run of *journal*, the largest first.

    Args:
        journal: its journal, which is small.
        asked: whether the run itself gives cause to ask the runs before it.

    Raises:
        JournalError: if it cannot be read.

    """
    source = find_journal.load(journal, Detail.FIGURES)
    outlines = past_runs.to_ask(source)
    if not (asked or outlines):
        return ()
    origins = Origins(source.run)
    reruns = past_runs.reruns_of(source, origins, roots(origins), outlines=outlines)
    return tuple(sorted((one for one in reruns if one.needless), key=lambda one: -one.time))
