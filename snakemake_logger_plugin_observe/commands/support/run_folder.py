"""The working directory of a run, as far as it is known here."""

from pathlib import Path

from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.external.workdir import Workdir
from snakemake_logger_plugin_observe.reporters.answers import Source


def folder_of(source: Source) -> Workdir | None:
    """Return the working directory that the journal is in, as Snakemake put it there.

    For a journal that is elsewhere it is the current directory, if the journal names that one as
    the run's own.
    """
    if (root := find_journal.above(source.path.absolute().parent)) is not None:
        return Workdir(root)
    started = source.run.started
    if started is not None and started.workdir == str(Path.cwd()):
        return Workdir(Path.cwd())
    return None
