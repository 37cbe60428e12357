"""``accounting``: ask the cluster's accounting about a run's jobs, now that they have ended."""

import argparse
from typing import Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.external.slurm_accounting import (
    PATIENCE_S,
    AccountingError,
    query,
    slurm_ids,
    told_by,
)
from snakemake_logger_plugin_observe.journal.files import JournalError, append
from snakemake_logger_plugin_observe.reporters.answers import AccountingAnswer

HELP: Final = "ask Slurm's accounting about a run's jobs, and add its words to the journal"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's words."""
    find_journal.argument(parser)


def run(words: argparse.Namespace) -> tuple[AccountingAnswer, int]:
    """Return what was found; 1 if the accounting does not know some of the jobs.

    Raises:
        JournalError: if the run still goes on, none of its jobs has an id of Slurm's, or the
            accounting cannot be asked.

    """
    source = find_journal.load(words.journal)
    run = source.run
    if source.status == "running":
        raise JournalError(f"{source.path}: the run still goes on, and asks when it ends")
    asked = slurm_ids(run.external_jobids)
    if not asked:
        raise JournalError(f"{source.path}: none of its jobs has an id that Slurm could have given")
    try:
        records = query(asked, (run.start or 0) // 1_000_000, PATIENCE_S + len(asked) / 100)
    except AccountingError as error:
        raise JournalError(f"{error}; is this the cluster that ran the jobs?") from error
    events = list(told_by(records, run, clock.now()))
    append(source.path, events)
    for event in events:
        run.add(event)
    return AccountingAnswer(source, len(asked), len(records), len(events)), int(
        len(records) < len(asked)
    )
