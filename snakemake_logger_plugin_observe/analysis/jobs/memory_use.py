"""How much memory a job used: all of its processes that ran at once, Snakemake's on the node too.

The kernel's figure is that of the tool's largest process. Where samples show that no other process
held memory, it is the tool's; else it is a lower bound, and so is the largest sample of their sum.
A limit of the cluster counts everything that runs in the job: the tool, and Snakemake's processes.
"""

from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.journal.records import Usage
from snakemake_logger_plugin_observe.run.attempt import Attempt

_NEARLY: Final = 1.1
_LITTLE: Final = 20_000_000
"""What shells and other small processes hold next to it."""


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """The peak of a job's memory in bytes; None where it is not known."""

    peak: int | None = None
    is_bound: bool = False
    """Whether the peak is only an upper bound."""
    is_least: bool = False
    """Whether the peak is only a lower bound."""
    least: int | None = None
    """A lower bound of a peak that is an upper bound."""
    is_whole: bool = False
    """Whether it is known to be of all processes: of the job's control group, or of a tool whose
    memory one process held alone."""
    snakemake: int | None = None
    """What of it Snakemake's own processes on the node held, about."""


def memory_of(attempt: Attempt) -> MemoryUse:
    """Return what is known of the memory of *attempt*."""
    used, record = attempt.used, attempt.accounting
    on_node = used.snakemake_bytes if used is not None else None
    own = _next_to_the_tool(used) if used is not None else 0
    if used is not None and used.cgroup_peak_bytes is not None:
        return MemoryUse(used.cgroup_peak_bytes, is_whole=True, snakemake=on_node)
    recorded = None
    if record is not None:
        recorded = record.peak_together_bytes or record.peak_rss_bytes
    exact = used.peak_rss_bytes if used is not None else None
    together = used.together_peak_bytes if used is not None else None
    alone = used is not None and (used.with_snakemake or _was_alone(used))
    if exact is not None:
        seen = [exact + own, (together or 0) + own if not alone else 0, recorded or 0]
        return MemoryUse(max(seen), is_least=not alone, is_whole=alone, snakemake=on_node)
    bound = used.peak_rss_bound_bytes if used is not None else None
    least = used.peak_rss_least_bytes if used is not None else None
    if used is not None and bound is not None and (alone or used.processes_at_once is None):
        if recorded is not None and recorded > bound + own:
            return MemoryUse(recorded, is_least=True, snakemake=on_node)
        low = max(least + own if least is not None else 0, recorded or 0)
        return MemoryUse(
            *(bound + own, True, False, low or None),
            is_whole=alone,
            snakemake=on_node,
        )
    known = [size + own for size in (together, least) if size is not None]
    if recorded is not None:
        known.append(recorded)
    if not known:
        return MemoryUse(snakemake=None)
    return MemoryUse(max(known), is_least=True, snakemake=on_node)


def _was_alone(used: Usage) -> bool:
    """Whether samples show that one process held nearly all that the tool's processes did."""
    largest = used.peak_rss_bytes or used.peak_rss_bound_bytes or 0
    together = used.together_peak_bytes or 0
    return used.processes_at_once in (0, 1) and together <= largest * _NEARLY + _LITTLE


def _next_to_the_tool(used: Usage) -> int:
    """Return what Snakemake's processes on the node held that is not in the figures of the tool."""
    own = used.snakemake_bytes or 0
    return max(0, own - (used.peak_rss_bytes or 0)) if used.with_snakemake else own
