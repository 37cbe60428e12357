"""What can be wrong with a run: one detector a file; each says what would refute it.

A detector has ``detect(case)``, which yields incidents, or nothing. It is added here by one line,
and is then held to the contract that a test has for all of them.
"""

from types import ModuleType
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.detectors import (
    busy_cluster,
    discovery_widened,
    environment_drift,
    environment_failed,
    idle_slots,
    job_lost,
    killed_run,
    late_outputs,
    masked_failure,
    missing_input,
    nested_retries,
    node_startup,
    out_of_memory,
    polling_lag,
    slow_host,
    slow_metadata,
    slow_planning,
    slow_tool,
    stricter_context,
    submission_refused,
    surprise_reruns,
    time_limit,
    tiny_jobs,
    tool_failure,
    workflow_error,
)

DETECTORS: Final[tuple[ModuleType, ...]] = (
    busy_cluster,
    discovery_widened,
    environment_drift,
    environment_failed,
    idle_slots,
    job_lost,
    killed_run,
    late_outputs,
    masked_failure,
    missing_input,
    nested_retries,
    node_startup,
    out_of_memory,
    polling_lag,
    slow_host,
    slow_metadata,
    slow_planning,
    slow_tool,
    stricter_context,
    submission_refused,
    surprise_reruns,
    time_limit,
    tiny_jobs,
    tool_failure,
    workflow_error,
)
