"""A run that goes on, or was killed with jobs out, with what its nodes and its scheduler show now.

The fragments on the shared file system are read, and Slurm is asked once about the jobs that are
out. Nothing is written.
"""

import shutil
from dataclasses import replace
from pathlib import Path

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.analysis.live import on_cluster
from snakemake_logger_plugin_observe.analysis.live.state import RunningCommand
from snakemake_logger_plugin_observe.analysis.live.states import live_view
from snakemake_logger_plugin_observe.analysis.live.take_in import take_in, take_in_records
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.commands.support.left_running import left_by_the_run_before
from snakemake_logger_plugin_observe.external import processes, slurm_queue
from snakemake_logger_plugin_observe.external.node_fragments import NodeFragments
from snakemake_logger_plugin_observe.journal.folders import SUBFOLDER
from snakemake_logger_plugin_observe.journal.node_reports import NodeReport
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.run.attempt import Attempt, Key
from snakemake_logger_plugin_observe.run.fold import extend_to
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.queue_answer import QueueAnswer
from snakemake_logger_plugin_observe.run.scope import all_done


def with_live_view(source: Source, *, offline: bool) -> Source:
    """Return a run with what its jobs do now, and what the scheduler says of those that failed.

    Of a run that has ended, only jobs that it gave up are asked about: they may go on.

    Args:
        source: the run.
        offline: whether the scheduler is not to be asked.

    """
    run = source.run
    if run.is_dry_run:
        return source
    if source.ended and run.waits_for_jobs:
        _ask_about_given_up(run, offline=offline)
        return source
    if source.status == "running" and not offline and on_cluster.is_remote(run):
        source = replace(source, left_running=left_by_the_run_before(source))
    attempts = on_cluster.out(run)
    if source.status == "running" and not source.stopped and all_done(run):
        extend_to(run, clock.now())  # nothing is written while it shuts down
    ended = list(
        {one.key: one for one in (*on_cluster.failed(run), *on_cluster.waited(run))}.values()
    )
    if not attempts and not ended:
        return source
    reports = _reports(source, attempts)
    not_asked = why_not_asked(run, offline=offline)
    answer = QueueAnswer()
    if not_asked is None:
        asked = [one for one in (*attempts, *ended) if not one.end_from_record]
        ids = [one.external_jobid for one in asked if one.external_jobid is not None]
        answer = slurm_queue.query(ids, (run.start or 0) // 1_000_000)
    known = ((one.key, on_cluster.record_in(run, one, answer)) for one in ended)
    take_in_records(run, {key: record for key, record in known if record is not None})
    if not attempts:
        return source
    now = clock.now()
    if source.status == "running" and not source.stopped:
        extend_to(run, now)
    attended = source.status != "killed" and not source.ended
    view = live_view(
        *(run, reports, answer, now),
        not_asked=not_asked,
        attended=attended,
        commands=_commands(source),
    )
    take_in(run, reports, view)
    return replace(source, live=view)


def _ask_about_given_up(run: Run, *, offline: bool) -> None:
    """Take in what the scheduler says of jobs that a run gave up, if nobody recorded their end."""
    given_up = on_cluster.given_up(run)
    if not given_up or why_not_asked(run, offline=offline) is not None:
        return
    ids = [one.external_jobid for one in given_up if one.external_jobid is not None]
    answer = slurm_queue.query(ids, (run.start or 0) // 1_000_000)
    known = ((one.key, on_cluster.record_in(run, one, answer)) for one in given_up)
    take_in_records(run, {key: record for key, record in known if record is not None})


def _commands(source: Source) -> tuple[RunningCommand, ...]:
    """Return the commands that the run's main process waits for, if it is seen to live."""
    started = source.run.started
    if started is None or source.status != "running" or not processes.is_alive(started):
        return ()
    return tuple(RunningCommand(*found) for found in processes.commands_of(started))


def why_not_asked(run: Run, *, offline: bool) -> str | None:
    """Return why the scheduler is not asked, None if it is."""
    if offline:
        return on_cluster.OFFLINE
    if on_cluster.has_no_ids(run):
        return on_cluster.NO_IDS
    if on_cluster.is_slurm(run):
        return None
    return None if on_cluster.may_be_slurm(run) and shutil.which("squeue") else on_cluster.NOT_SLURM


def _reports(source: Source, attempts: list[Attempt]) -> dict[Key, NodeReport]:
    """Return what the node has written about each submission that has a fragment."""
    fragments = NodeFragments(_folder(source))
    try:
        return {
            one.key: fragments.read(one.fragments)
            for one in attempts
            if one.fragments and not one.is_member
        }
    finally:
        fragments.close()


def _folder(source: Source) -> Path:
    """Return the folder that a run's folder of fragments is in: its working directory's own."""
    journal = source.path.absolute().parent
    if find_journal.above(journal) is not None:
        return journal
    started = source.run.started
    return Path(started.workdir if started is not None else ".") / SUBFOLDER
