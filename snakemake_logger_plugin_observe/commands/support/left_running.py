"""The jobs that the run before left on the cluster: they may write what this run writes, too."""

import shutil
from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.live import on_cluster
from snakemake_logger_plugin_observe.analysis.live.state import LeftRunning
from snakemake_logger_plugin_observe.analysis.unended import left_in_flight
from snakemake_logger_plugin_observe.commands.support import find_journal, folder_runs
from snakemake_logger_plugin_observe.external import slurm_queue
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.queue_answer import QueueAnswer
from snakemake_logger_plugin_observe.run.scheduler_ends import is_out

_PATIENCE_S: Final = 2.0


def left_by_the_run_before(source: Source) -> LeftRunning | None:
    """Return what a run that was cut off before this one still has on the cluster, if anything.

    Slurm is asked once, about that run's jobs.
    """
    started = source.run.started
    if started is None or not shutil.which("squeue"):
        return None
    for begun in _cut_off_before(source):
        try:
            before = find_journal.load(begun.path, Detail.TIMES)
        except JournalError:
            return None
        if before.status not in ("killed", "interrupted") or not on_cluster.may_be_slurm(
            before.run
        ):
            return None
        ids = _still_there(before.run)
        return LeftRunning(str(before.path), before.status, ids) if ids else None
    return None


def _cut_off_before(source: Source) -> Iterator[folder_runs.Begun]:
    """Yield the last run before this one that began jobs, if it did not come to its end."""
    started = source.run.started
    if started is None:
        return
    start = folder_runs.start_of(started)
    for one in reversed(folder_runs.runs_in(source.path.parent)):
        if folder_runs.start_of(one.started) >= start:
            continue
        if not isinstance(one, folder_runs.Outline) or one.status == "interrupted":
            yield one
            return
        if one.ran_jobs or one.status == "success":
            return


def _still_there(run: Run) -> tuple[str, ...]:
    """Return the ids of those jobs of a run that Slurm has in its queue or on a node."""
    left = {id(run.submission_of(one) or one): run.submission_of(one) or one for one in _left(run)}
    attempts = [one for one in left.values() if one.external_jobid is not None]
    ids = [one.external_jobid for one in attempts if one.external_jobid is not None]
    found = slurm_queue.in_the_queue(ids, (run.start or 0) // 1_000_000, _PATIENCE_S)
    answer = QueueAnswer(frozenset(ids), {one.cluster_job: one for one in found})
    known = ((one, on_cluster.record_in(run, one, answer)) for one in attempts)
    return tuple(one.external_jobid or "" for one, record in known if is_out(record))


def _left(run: Run) -> Iterator[Attempt]:
    yield from left_in_flight(run)
    yield from on_cluster.out(run)
