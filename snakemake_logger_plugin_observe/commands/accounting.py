"""``accounting``: import what Slurm's accounting recorded about a run's jobs into its journal."""

import argparse
from dataclasses import dataclass
from typing import Any, Final

from rich.console import RenderableType

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.external.slurm_accounting import (
    PATIENCE_S,
    accounting_events,
    query,
    slurm_ids,
)
from snakemake_logger_plugin_observe.external.slurm_commands import SlurmError
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.writing import append
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.as_json.common import head
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.reporters.words import harmless
from snakemake_logger_plugin_observe.run import fold

HELP: Final = "import Slurm accounting records into a run's journal"


@dataclass(frozen=True, slots=True)
class AccountingAnswer:
    """How many of a run's jobs Slurm's accounting has records of."""

    source: Source
    jobs: int
    known: int
    added: int
    """How many records were new, and were added to the journal."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    find_journal.add_argument(parser)


def run(args: argparse.Namespace) -> Reply[AccountingAnswer]:
    """Return what was found; 1 if the accounting does not know some of the jobs.

    Raises:
        JournalError: if the run has not ended, none of its jobs has a Slurm job id, or the
            accounting cannot be queried.

    """
    source = find_journal.load(args.journal)
    run = source.run
    if source.status == "running":
        raise JournalError(
            f"{source.path}: the run has not ended; it imports Slurm accounting itself when it ends"
        )
    job_ids = slurm_ids(run.external_jobids)
    if not job_ids:
        raise JournalError(f"{source.path}: no job of this run has a Slurm job id")
    try:
        records = query(job_ids, (run.start or 0) // 1_000_000, PATIENCE_S + len(job_ids) / 100)
    except SlurmError as error:
        raise JournalError(f"{error}; run this on the cluster that ran the jobs") from error
    events = list(accounting_events(records, run, clock.now()))
    append(source.path, events)
    for event in events:
        fold.add(run, event)
    answer = AccountingAnswer(source, len(job_ids), len(records), len(events))
    return Reply(answer, parts, shape, int(len(records) < len(job_ids)))


def parts(answer: AccountingAnswer, width: int) -> list[RenderableType]:
    """Return the answer as text."""
    known = f"Slurm accounting has records of {answer.known:,} of {plural(answer.jobs, 'job')}"
    new = f"{plural(answer.added, 'new record')} imported" if answer.added else "nothing new"
    return [harmless(f"{answer.source.path}: {known}; {new}")]


def shape(answer: AccountingAnswer) -> dict[str, Any]:
    """Return the answer as plain values."""
    return {
        **head(answer.source),
        "jobs": answer.jobs,
        "known": answer.known,
        "added": answer.added,
    }
