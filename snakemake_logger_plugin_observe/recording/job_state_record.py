"""What executors told of their own jobs, folded into one record per submission."""

from typing import Any, Final

from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.recording.job_state import PHASES, JobState

_RESOLUTION_S: Final = 0.001


def fold_state(
    before: SchedulerRecord | None, state: JobState, known_as: str | None
) -> SchedulerRecord | None:
    """Return the record of a submission once *state* is told of it as well.

    A job never goes back: a state that comes late only fills in what was not known.

    Args:
        before: the record so far, if there is one.
        state: what the executor told.
        known_as: the id under which the executor had taken the submission, if it told one.

    Returns:
        The record, or what there was before where no id outside of Snakemake is known.

    """
    cluster_job = state.external_jobid or (before.cluster_job if before else known_as)
    if cluster_job is None:
        return before
    told: dict[str, Any] = {
        "state": state.phase,
        "reason": state.reason,
        "submitted": state.queued,
        "started": state.started,
        "ended": state.stopped,
        "restarts": None if state.attempt is None else state.attempt - 1,
        "exit_code": state.exit_code,
        "partition": state.queue,
    }
    told = {name: value for name, value in told.items() if value is not None}
    if before is None or before.cluster_job != cluster_job:
        return SchedulerRecord(
            scheduler=state.executor,
            cluster_job=cluster_job,
            resolution_s=_RESOLUTION_S,
            **told,
        )
    if before.state in PHASES and PHASES.index(before.state) > PHASES.index(state.phase):
        told = {name: value for name, value in told.items() if getattr(before, name) is None}
    return before.model_copy(update=told)
