"""Attempts that go on: what was stamped of each, until a note takes it.

Each is found by its job object, which stays the same from an attempt's first step to its last: to
ask a job for its id and attempt at each step would cost more than all else that a step does.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from snakemake_logger_plugin_observe.recording.held_logs import HeldLogs
from snakemake_logger_plugin_observe.recording.live_objects import attempt_key

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.clock import Micros
    from snakemake_logger_plugin_observe.journal.records import Status, StatusCheck
    from snakemake_logger_plugin_observe.run.attempt import Key


class ReportedEnd(NamedTuple):
    """How an executor reported the end of an attempt."""

    poll_interval_s: float | None = None
    status_check: "StatusCheck | None" = None
    message: str | None = None
    logs: tuple[str, ...] = ()
    held: HeldLogs = {}  # noqa: RUF012 - never changed
    refusal: Mapping[str, Any] | None = None
    reported_as: "Status | None" = None


_NO_REPORT: Final = ReportedEnd()


class Stamped:
    """What was stamped of one attempt."""

    __slots__ = ("described", "job", "key", "report", "stages", "stamps", "submission")

    def __init__(self, job: Any) -> None:
        """Begin with nothing but the key of the attempt that *job* is on."""
        self.job = job  # referred to: while this lives, no other job gets its id
        self.key: Key = attempt_key(job)
        self.stamps: dict[str, Micros] = {}
        """Recorded together with a later stamp: waking the recorder for each would cost more."""
        self.stages: dict[str, Micros] = {}
        """Those of the local executor, recorded when the tool starts and when it ends."""
        self.described = False
        """Whether the job's description was logged or recorded."""
        self.submission: str | None = None
        """The name of its fragment, if its processes on the node write one."""
        self.report = _NO_REPORT


class GoingOn:
    """The attempts of a run that go on; used from several threads, each attempt from one."""

    def __init__(self) -> None:
        """Begin with none."""
        self._by_job: dict[int, Stamped] = {}

    def __iter__(self) -> Iterator[Stamped]:
        return iter(list(self._by_job.values()))

    def of(self, job: Any) -> Stamped:
        """Return the attempt that *job* is on."""
        known = self._by_job.get(id(job))
        if known is None:
            known = self._by_job[id(job)] = Stamped(job)
        return known

    def begin(self, job: Any) -> Stamped:
        """Return the attempt that *job* begins, or has begun by being described."""
        known = self._by_job.get(id(job))
        if known is None or known.key[1] != job.attempt:  # then nobody reported its end
            known = self._by_job[id(job)] = Stamped(job)
        return known

    def end(self, job: Any) -> Stamped:
        """Return the attempt of *job* that has ended, and forget it."""
        return self._by_job.pop(id(job), None) or Stamped(job)
