"""What of a run is out on a cluster, and which attempts its scheduler can be asked about.

Slurm is the scheduler that can be asked: by its own plugin, or where a submit command is sbatch. It
may be asked about jobs of a submit command that only may call it; then its answer counts if it is
about the same submission.
"""

from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.run.attempt import FAILED, FINAL, Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.queue_answer import QueueAnswer
from snakemake_logger_plugin_observe.run.scheduler_ends import has_ended

_IN_PROCESS: Final = frozenset({None, "local", "dryrun", "touch"})
"""The executors whose jobs run on the main process's host."""
_MOST_FAILED: Final = 200
"""Of more failed jobs, the scheduler is not asked what ended the oldest."""
_AT_THE_SAME_TIME: Final = 20_000_000
_LONG_WAIT: Final = 10_000_000
OFFLINE: Final = "the scheduler was not asked (--offline)"
NOT_SLURM: Final = "only Slurm can be asked, and this run's scheduler is another one"
NO_IDS: Final = "cluster-sync's jobs have no ids by which a scheduler could be asked"


def is_remote(run: Run) -> bool:
    """Whether the run's executor hands jobs to another machine, or to a submit command."""
    return run.inner_executor not in _IN_PROCESS


def is_slurm(run: Run) -> bool:
    """Whether Slurm runs the jobs: by its own plugin, or because the submit command is sbatch."""
    return run.inner_executor == "slurm" or (is_remote(run) and _calls_sbatch(run))


def may_be_slurm(run: Run) -> bool:
    """Whether Slurm may run the jobs: a submit command may be a script that calls sbatch."""
    return is_slurm(run) or run.inner_executor == "cluster-generic"


def has_no_ids(run: Run) -> bool:
    """Whether the executor learns no ids of its jobs: its submit command stays until they end."""
    return run.inner_executor == "cluster-sync"


def _calls_sbatch(run: Run) -> bool:
    started = run.started
    if started is None:
        return False
    settings = (value for value in started.settings.values() if isinstance(value, str))
    return any("sbatch" in text for text in (*started.command, *settings))


def out(run: Run) -> list[Attempt]:
    """Return the attempts on a cluster whose end the run has not seen.

    Submissions come first, then groups' members. Of some the scheduler's record knows the end; what
    they did up to it, only their nodes do.
    """
    if not is_remote(run):
        return []
    found = [one for one in run.attempts.values() if one.status not in FINAL or one.end_from_record]
    found = [one for one in found if not _is_local(run, one)]
    return [one for one in found if not one.is_member] + [one for one in found if one.is_member]


def failed(run: Run) -> list[Attempt]:
    """Return the newest attempts that failed on a cluster and have no record of the scheduler's."""
    if not is_remote(run):
        return []
    found = [
        one
        for one in run.attempts.values()
        if one.status in FAILED and one.external_jobid is not None and one.accounting is None
    ]
    return [one for one in found if not one.is_member][-_MOST_FAILED:]


def given_up(run: Run) -> list[Attempt]:
    """Return the newest attempts that the run gave up when it ended, and whose end is not known."""
    if not is_remote(run):
        return []
    found = [
        one
        for one in run.attempts.values()
        if one.status == "cancelled" and one.external_jobid is not None and not one.is_member
    ]
    return [one for one in found if not has_ended(one.accounting)][-_MOST_FAILED:]


def waited(run: Run) -> list[Attempt]:
    """Return the newest attempts that have ended after a wait which only the scheduler can name."""
    if not is_remote(run):
        return []
    found = [
        one
        for one in run.attempts.values()
        if one.status in FINAL
        and one.external_jobid is not None
        and one.accounting is None
        and one.phases.get("queue_wait", 0) > _LONG_WAIT
    ]
    return [one for one in found if not one.is_member][-_MOST_FAILED:]


def _is_local(run: Run, attempt: Attempt) -> bool:
    job = run.job_of(attempt)
    return attempt.tool_started is not None or (job is not None and bool(job.local))


def record_in(run: Run, attempt: Attempt, answer: QueueAnswer) -> SchedulerRecord | None:
    """Return what the scheduler answered about *attempt*, None if nothing."""
    record = answer.records.get(attempt.external_jobid or "")
    if record is not None and not (is_slurm(run) or _same_submission(attempt, record)):
        return None
    return record


def of_this_run(run: Run, answer: QueueAnswer) -> QueueAnswer:
    """Return *answer* without records of others: Slurm may not be the run's scheduler at all."""
    if is_slurm(run) or not answer.records:
        return answer
    own = {
        attempt.external_jobid: record
        for attempt in out(run)
        if attempt.external_jobid is not None
        and (record := record_in(run, attempt, answer)) is not None
    }
    return replace(answer, records=own)


def _same_submission(attempt: Attempt, record: SchedulerRecord) -> bool:
    """Whether a record is of this submission: where Slurm may not be its scheduler at all."""
    accepted, submitted = attempt.stamps.accepted, record.submitted
    if accepted is None or submitted is None:
        return False
    return abs(accepted - submitted) < _AT_THE_SAME_TIME
