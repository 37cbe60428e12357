"""Jobs that will not run, since one that they need failed for good: counted by rule.

Counted in the thread that handles failures, from the DAG that is there. A job is visited once,
however many of those that it needs have failed.
"""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from snakemake_logger_plugin_observe.recording.notes import JobsBlocked

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.clock import Micros


class _BlockedJobs:
    """The jobs of one DAG that will not run."""

    def __init__(self, dag: Any) -> None:
        self._dag = dag
        self.failed: list[Any] = []
        self._seen: set[Any] = set()
        self.counts: Counter[str] = Counter()

    def add(self, failed: Iterable[Any]) -> None:
        """Count what *failed* jobs block."""
        to_see = list(failed)
        self._seen.update(to_see)
        while to_see:
            for job in self._dag.depending.get(to_see.pop(), ()):
                if job not in self._seen and self._dag.needrun(job) and not self._dag.finished(job):
                    self._seen.add(job)
                    self.counts[job.rule.name] += 1
                    to_see.append(job)

    def count_again(self) -> None:
        """Count anew: planning has replaced jobs, or added some."""
        self._seen.clear()
        self.counts.clear()
        self.add(self.failed)

    def note(self, moment: "Micros") -> JobsBlocked:
        return JobsBlocked(moment, dict(sorted(self.counts.items())))


_OF_DAG: Final["WeakKeyDictionary[Any, _BlockedJobs]"] = WeakKeyDictionary()


def after_failure(job: Any, moment: "Micros") -> JobsBlocked | None:
    """Return how many jobs are blocked, now that *job*, or a group, failed; None if no more are.

    To be called before Snakemake counts another attempt of it.
    """
    if job.restart_times > job.attempt - 1:
        return None  # it is tried again
    blocked = _OF_DAG.get(job.dag)
    if blocked is None:
        blocked = _OF_DAG[job.dag] = _BlockedJobs(job.dag)
    failed = list(job.jobs) if job.is_group() else [job]
    before = blocked.counts.total()
    blocked.failed += failed
    blocked.add(failed)
    return blocked.note(moment) if blocked.counts.total() > before else None


def after_replanning(dag: Any, moment: "Micros") -> JobsBlocked | None:
    """Return how many jobs are blocked, now that *dag* was planned again; None if none failed."""
    blocked = _OF_DAG.get(dag)
    if blocked is None:
        return None
    blocked.count_again()
    return blocked.note(moment)
