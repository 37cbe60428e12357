"""What can be wrong with a run: one detector a file; each says what would refute it.

A detector has ``detect(case)``, which yields incidents, or nothing. It is added here by one line,
and is then held to the contract that a test has for all of them.
"""

from types import ModuleType
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.detectors import (
    discovery_widened,
    environment_failed,
    job_lost,
    killed_run,
    masked_failure,
    missing_input,
    nested_retries,
    out_of_memory,
    polling_lag,
    submission_refused,
    time_limit,
    tiny_jobs,
    tool_failure,
    workflow_error,
)

DETECTORS: Final[tuple[ModuleType, ...]] = (
    discovery_widened,
    environment_failed,
    job_lost,
    killed_run,
    masked_failure,
    missing_input,
    nested_retries,
    out_of_memory,
    polling_lag,
    submission_refused,
    time_limit,
    tiny_jobs,
    tool_failure,
    workflow_error,
)
