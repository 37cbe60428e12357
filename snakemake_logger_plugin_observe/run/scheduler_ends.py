"""What a scheduler's records show about submissions: what is still out, and how others ended.

A run that was killed never saw how its submissions ended, and one that was interrupted may have
given up some that somebody else had ended long before. Their records know.
"""

from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord, Status
from snakemake_logger_plugin_observe.run.attempt import FAILED, FINAL, Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.slurm_states import RUNNING, WAITING

_OUT: Final = WAITING | RUNNING | {"queued", "running"}
"""The states of jobs that the scheduler still has."""
_AS_STATUS: Final[dict[str, Status]] = {
    "COMPLETED": "success",
    "succeeded": "success",
    "CANCELLED": "cancelled",
}
"""By the states of Slurm, and of executors that report states by themselves (in small letters)."""
_ENDED_WELL: Final = (None, "COMPLETED", "succeeded")
_INTERRUPTIONS: Final = ("interrupted", "terminated")
# The scheduler's clock, in whole seconds, may differ from the main process's.
_CLEARLY_BEFORE: Final[Micros] = 5_000_000


def is_out(record: SchedulerRecord | None) -> bool:
    """Whether the scheduler still had the job, in its queue or on a node, by its last record."""
    return record is not None and record.ended is None and record.state in _OUT


def has_ended(record: SchedulerRecord | None) -> bool:
    """Whether the scheduler has recorded the job's end."""
    return record is not None and record.ended is not None and record.state not in _OUT


def interrupted_at(run: Run) -> Micros | None:
    """Return when the run was first interrupted or terminated, None if that is not recorded."""
    return next((one.time for one in run.messages if one.kind in _INTERRUPTIONS), None)


def ended_before_it_was_given_up(run: Run, attempt: Attempt) -> bool:
    """Whether an attempt that an interruption cancelled had ended badly before, unnoticed."""
    record = run.record_of(attempt)
    if record is None or record.ended is None or attempt.status != "cancelled":
        return False
    given_up = interrupted_at(run)
    if given_up is None and run.finished is not None:
        given_up = run.finished.time
    if given_up is None or record.state in _OUT or record.state in _ENDED_WELL:
        return False
    return record.ended < given_up - _CLEARLY_BEFORE


def ended_badly(run: Run, attempt: Attempt) -> bool:
    """Whether an attempt failed, by what Snakemake noticed or by the scheduler's record."""
    return attempt.status in FAILED or ended_before_it_was_given_up(run, attempt)


def take_recorded_ends(run: Run) -> None:
    """Give the attempts without an end the status that the scheduler's record shows.

    The main process never finished them. Its exit code is the job script's, and not the tool's.
    """
    for attempt in run.attempts.values():
        if attempt.status in FINAL:
            continue
        record = run.record_of(attempt)
        if record is None or not has_ended(record):
            continue
        attempt.status = _AS_STATUS.get(record.state or "", "failed")
        attempt.end_from_record = True
        attempt.node = attempt.node or record.nodes
        if not attempt.is_member:
            attempt.exit_code, attempt.signal = record.exit_code, record.signal
