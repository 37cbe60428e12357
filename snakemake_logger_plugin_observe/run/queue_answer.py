"""What a cluster's scheduler answered when it was asked about jobs that are out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from snakemake_logger_plugin_observe.journal.records import SchedulerRecord


@dataclass(frozen=True, slots=True)
class PartitionLimits:
    """What a partition allows."""

    time_limit_s: float | None = None
    available: str | None = None
    """``up``, ``down``, ``drain``, ``inact``: whether it starts jobs."""


@dataclass(frozen=True, slots=True)
class QueueAnswer:
    """The records of the jobs that the scheduler knows, of those that it was asked about."""

    asked: frozenset[str] = frozenset()
    """The ids that it was asked about."""
    records: Mapping[str, SchedulerRecord] = field(default_factory=dict)
    """By id: as they are now, or as they ended."""
    problem: str | None = None
    """Why it gave no answer about the ids without a record; None if it does not know them."""
    partitions: Mapping[str, PartitionLimits] = field(default_factory=dict)
    """What partitions allow, of those whose limits keep a job."""
