"""Whether requests for memory limit what jobs use: not where jobs succeeded with much more."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.request_use import RequestUse
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import resource_use
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run

_CLEARLY: Final = 1.5
"""A job that used so many times its request shows that no limit was there: shared memory that is
counted for each of its processes, or a cluster that rounds requests up, explain less than that."""
_AS_MUCH: Final = 0.8
_A_TENTH: Final = 0.1


@dataclass(frozen=True)
class MemoryLimit:
    """What the jobs of a run that succeeded show about a limit on memory.

    Of a run that is folded as it goes on, and keeps no job that has succeeded, ``take`` gets each.
    """

    run: Run

    def take(self, run: Run, attempt: Attempt) -> None:
        """Take in an *attempt* of *run* that has ended."""
        is_local = _is_local(attempt)
        most = max(_over_request(run, attempt), self._most_over.get(is_local, 0))
        self._most_over[is_local] = most

    def is_refuted(self, attempt: Attempt, use: RequestUse) -> bool:
        """Whether jobs succeeded with about as much over their requests as *attempt* used.

        A job that requested little shows nothing about one that used gigabytes: the sizes that are
        compared are in bytes over the request, and count from a tenth of the request on.
        """
        used, requested = use.memory_bytes or 0, use.memory_requested_bytes or 0
        over = max(_AS_MUCH * (used - requested), _A_TENTH * requested)
        return self._most_over.get(_is_local(attempt), 0) >= over > 0

    @cached_property
    def _most_over(self) -> dict[bool, int]:
        """Return the most bytes over its request of a job that succeeded, here and in a cluster."""
        most: dict[bool, int] = {}
        for attempt in self.run.attempts.values():
            is_local = _is_local(attempt)
            most[is_local] = max(_over_request(self.run, attempt), most.get(is_local, 0))
        return most


def _over_request(run: Run, attempt: Attempt) -> int:
    """Return the bytes over its request of an attempt that succeeded; 0 if it is not clearly so."""
    if attempt.status != "success":
        return 0
    use = resource_use(run, attempt)
    used = use.memory_least_bytes if use.memory_peak_is_bound else use.memory_peak_bytes
    requested = use.memory_requested_bytes
    return used - requested if used and requested and used >= _CLEARLY * requested else 0


def _is_local(attempt: Attempt) -> bool:
    return attempt.external_jobid is None
