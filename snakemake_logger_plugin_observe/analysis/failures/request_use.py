"""What a submission used of its memory and time, compared with what it had requested."""

from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.jobs.resource_use import resource_use
from snakemake_logger_plugin_observe.journal.records import Execution
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run

_NEARLY: Final = 0.9


@dataclass(frozen=True, slots=True)
class RequestUse:
    """What a submission used and had requested; None where unknown."""

    memory_bytes: int | None = None
    memory_requested_bytes: int | None = None
    time_s: float | None = None
    time_requested_s: float | None = None
    memory_snakemake_bytes: int | None = None
    """What of its memory Snakemake's own processes on the node held, about."""

    @property
    def nearly_all_memory(self) -> bool:
        """Whether it used at least 90 % of the memory that it had requested."""
        return _nearly_all(self.memory_bytes, self.memory_requested_bytes)

    @property
    def nearly_all_time(self) -> bool:
        """Whether it used at least 90 % of the time that it had requested."""
        return _nearly_all(self.time_s, self.time_requested_s)


def _nearly_all(used: float | None, requested: float | None) -> bool:
    return used is not None and bool(requested) and used >= _NEARLY * (requested or 0)


def request_use(run: Run, attempt: Attempt, execution: Execution | None = None) -> RequestUse:
    """Return what *attempt* used, or the one *execution* in it (which did not end it)."""
    known, record = resource_use(run, attempt), run.record_of(attempt)
    own = execution.used if execution is not None else attempt.used
    peaks = [own.peak_rss_bytes, own.cgroup_peak_bytes] if own is not None else []
    if execution is None and not known.memory_peak_is_bound:
        peaks.append(known.memory_peak_bytes)
    memory = known.memory_requested_bytes
    limit, spent = known.runtime_requested_s, known.on_node_s
    if record is not None:
        memory = memory or record.memory_requested_bytes
        limit = record.time_limit_s or limit
        if record.started is not None and record.ended is not None:
            spent = max(spent or 0, (record.ended - record.started) / 1_000_000)
    most = max((peak for peak in peaks if peak is not None), default=None)
    with_own = execution is None and most is not None and most == known.memory_peak_bytes
    return RequestUse(
        memory_bytes=most,
        memory_requested_bytes=memory,
        memory_snakemake_bytes=known.memory_snakemake_bytes if with_own else None,
        time_s=spent,
        time_requested_s=limit,
    )
