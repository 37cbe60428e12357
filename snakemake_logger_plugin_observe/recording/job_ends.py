"""Job-completion hooks: how jobs' ends are recorded without the timing executor.

Under ``--quiet progress`` Snakemake logs no job's end, nor does it ever log a failed check of
outputs, but every version calls ``handle_job_success`` or ``handle_job_error``. These two methods
of the run's executor objects are wrapped; if there are none, log records are used instead.
"""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.recording.live_objects import attempt_key
from snakemake_logger_plugin_observe.recording.notes import Finished

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.journal.records import Status


def hook(scheduler: Any, put: Callable[[Finished], None]) -> bool:
    """Call *put* as each of *scheduler*'s jobs ends; return False if there is nothing to wrap."""
    executors = [
        executor
        for name in ("_executor", "_local_executor")
        if (executor := getattr(scheduler, name, None)) is not None
    ]
    for executor in executors:
        success, error = executor.handle_job_success, executor.handle_job_error
        executor.handle_job_success = _reporting(success, "success", put)
        executor.handle_job_error = _reporting(error, "failed", put)
    return bool(executors)


def _reporting(
    method: Callable[..., Any], status: "Status", put: Callable[[Finished], None]
) -> Callable[..., Any]:
    @functools.wraps(method)
    def reporting(job: Any) -> Any:
        answer = method(job)
        moment = clock.now()
        put(Finished(moment, attempt_key(job), status))
        return answer

    return reporting
