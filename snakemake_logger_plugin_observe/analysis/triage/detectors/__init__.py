"""The detectors: one file for each class of incident, and the list of all of them.

To add a detector, write one file in this folder and add its name to the import below. The file
needs:

- a module docstring: one sentence on what the detector finds;
- ``CLASS``, the id of its incident class;
- ``detect(case: Case) -> Iterator[Incident]``, which yields an incident for each problem that it
  finds in ``case``, and nothing if it finds none.

A detector reads only ``case`` (see ``triage.case``): the run, its baseline, their comparison, and
what was derived from them. A detector has no clock, opens no file, and imports no other detector;
code that two of them share is a module next to this folder. Every incident has evidence, a
condition that would prove it wrong, and an action (see ``triage.incident``).

``tests/unit/observe/analysis/triage/detectors/test_contract.py`` runs every detector on many runs.
"""

from types import ModuleType
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.detectors import (
    busy_cluster,
    checkpoint_storm,
    discovery_widened,
    environment_drift,
    environment_failed,
    held_jobs,
    idle_slots,
    input_changed,
    job_lost,
    killed_run,
    late_outputs,
    leftover_input,
    masked_failure,
    missing_input,
    nested_retries,
    node_startup,
    out_of_memory,
    polling_lag,
    removed_input,
    request_overridden,
    requeued,
    retries_did_not_help,
    same_rerun,
    slow_host,
    slow_job_script,
    slow_metadata,
    slow_planning,
    slow_selection,
    slow_tool,
    status_contradicted,
    status_misreported,
    stricter_context,
    stuck,
    submission_refused,
    submission_setup,
    submission_unanswered,
    surprise_reruns,
    temp_made_again,
    time_limit,
    tiny_jobs,
    tool_failure,
    workflow_error,
)

DETECTORS: Final = tuple(each for each in tuple(vars().values()) if isinstance(each, ModuleType))
"""The modules imported above, in that order."""
