"""Jobs' ends without the wrapper: told by the executors that Snakemake made itself.

Under ``--quiet progress`` Snakemake logs no job's end, and a failed check of outputs logs none
either, but every version calls ``handle_job_success`` or ``handle_job_error``. Two methods of the
run's own executor objects are wrapped for it; where they are not there, log records must do.
"""

import functools
from collections.abc import Callable
from typing import Any

from snakemake_logger_plugin_observe import clock


def listen(scheduler: Any, put: Callable[..., None]) -> bool:
    """Have *put* told the ends of *scheduler*'s jobs; return whether that could be done."""
    executors = [
        executor
        for name in ("_executor", "_local_executor")
        if (executor := getattr(scheduler, name, None)) is not None
    ]
    if not executors:
        return False
    for executor in executors:
        for name, status in (("handle_job_success", "success"), ("handle_job_error", "failed")):
            setattr(executor, name, _telling(getattr(executor, name), status, put))
    return True


def _telling(method: Callable[..., Any], status: str, put: Callable[..., None]) -> Any:
    @functools.wraps(method)
    def told(job: Any) -> Any:
        answer = method(job)
        moment = clock.now()
        jobid = job.jobid
        key = (jobid if isinstance(jobid, int) else str(jobid), int(job.attempt))
        put("finished", moment, key=key, status=status, stamps={})
        return answer

    return told
