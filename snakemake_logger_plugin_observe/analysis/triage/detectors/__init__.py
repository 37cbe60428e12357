"""What can be wrong with a run: one detector a file; each says what would refute it.

A detector has ``detect(case)``, which yields incidents, or nothing. It is added here by one line,
and is then held to the contract that a test has for all of them.
"""

from types import ModuleType
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.detectors import (
    busy_cluster,
    checkpoint_storm,
    discovery_widened,
    idle_slots,
    masked_failure,
    node_startup,
    polling_lag,
    slow_metadata,
    slow_planning,
    surprise_reruns,
    tiny_jobs,
)

DETECTORS: Final[tuple[ModuleType, ...]] = (
    busy_cluster,
    checkpoint_storm,
    discovery_widened,
    idle_slots,
    masked_failure,
    node_startup,
    polling_lag,
    slow_metadata,
    slow_planning,
    surprise_reruns,
    tiny_jobs,
)
