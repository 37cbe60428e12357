"""Job-completion hooks: how jobs' ends are recorded without the timing executor.

Under ``--quiet progress`` Snakemake logs no job's end, nor does it ever log a failed check of
outputs, but every version calls ``handle_job_success`` or ``handle_job_error``. These two methods
of the run's executor objects are wrapped; if there are none, log records are used instead.
"""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.probe import ask
from snakemake_logger_plugin_observe.recording.blocked_jobs import after_failure
from snakemake_logger_plugin_observe.recording.held_logs import HeldLogs, hold
from snakemake_logger_plugin_observe.recording.live_objects import attempt_key
from snakemake_logger_plugin_observe.recording.notes import Finished, JobsBlocked

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.journal.records import Status
    from snakemake_logger_plugin_observe.run.attempt import Key


def hook(scheduler: Any, put: Callable[[Finished | JobsBlocked], None]) -> bool:
    """Call *put* as each of *scheduler*'s jobs ends; return False if there is nothing to wrap."""
    executors = [
        executor
        for name in ("_executor", "_local_executor")
        if (executor := getattr(scheduler, name, None)) is not None
    ]
    for executor in executors:
        success, error = executor.handle_job_success, executor.handle_job_error
        held: dict[Key, HeldLogs] = {}
        executor.handle_job_success = _reporting(success, "success", put, held)
        executor.handle_job_error = _reporting(error, "failed", put, held)
        executor.report_job_error = _holding(executor.report_job_error, held)
    return bool(executors)


def _holding(method: Callable[..., Any], held: "dict[Key, HeldLogs]") -> Callable[..., Any]:
    """Open the logs that are removed when Snakemake handles the failure."""

    @functools.wraps(method)
    def holding(job_info: Any, *args: Any, **kwargs: Any) -> Any:
        if logs := hold(job_info.job):
            held[attempt_key(job_info.job)] = logs
        return method(job_info, *args, **kwargs)

    return holding


def _reporting(
    method: Callable[..., Any],
    status: "Status",
    put: Callable[[Finished | JobsBlocked], None],
    held: "dict[Key, HeldLogs]",
) -> Callable[..., Any]:
    @functools.wraps(method)
    def reporting(job: Any) -> Any:
        answer = method(job)
        moment = clock.now()
        key = attempt_key(job)
        put(Finished(moment, key, status, held=held.pop(key, {})))
        if status == "failed" and (note := ask(lambda: after_failure(job, moment))) is not None:
            put(note)
        return answer

    return reporting
