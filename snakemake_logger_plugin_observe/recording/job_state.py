"""The ``remote_job_state`` contract: executors put the states of their jobs into log records.

A record's attribute holds a small dictionary: ``remote_job_state`` (``schema_version`` 2), or the
older ``snakesee_remote`` (1), which has the same fields. Payloads are not trusted: a value that
violates the contract is dropped, and a payload without its required fields is ignored.
"""

import logging
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from msgspec import Struct

from snakemake_logger_plugin_observe import clock

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.journal.records import SchedulerRecord

KEY: Final = "remote_job_state"
VERSION: Final = 2
_OLDER_KEY: Final = "snakesee_remote"
_VERSIONS: Final = frozenset({1, VERSION})
_LAST_S: Final = 253_402_300_799  # the year 9999 is RFC 3339's last
_SHORT: Final = 300
_LONG: Final = 2000
_RESOLUTION_S: Final = 0.001

Phase = Literal["queued", "running", "succeeded", "failed"]
PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
"""In the order in which a job reaches them; the last two are both final."""


class JobState(Struct, frozen=True):
    """One state of a job; ``None`` is unknown."""

    job: int | str
    """The job's id in the main process; a group's is a text."""
    executor: str
    phase: Phase
    external_jobid: str | None = None
    queued: clock.Micros | None = None
    started: clock.Micros | None = None
    stopped: clock.Micros | None = None
    attempt: int | None = None
    exit_code: int | None = None
    reason: str | None = None
    queue: str | None = None

    def payload(self) -> dict[str, Any]:
        """Return it as a log record carries it: moments in seconds, without unknown fields."""
        fields = {
            "schema_version": VERSION,
            "jobid": self.job,
            "executor": self.executor,
            "phase": self.phase,
            "external_jobid": self.external_jobid,
            "queued_at": _seconds(self.queued),
            "started_at": _seconds(self.started),
            "stopped_at": _seconds(self.stopped),
            "attempt": self.attempt,
            "exit_code": self.exit_code,
            "status_reason": self.reason,
            "queue": self.queue,
        }
        return {name: value for name, value in fields.items() if value is not None}


def may_be_in(record: logging.LogRecord) -> bool:
    """Return whether *record* has an attribute of the contract."""
    return KEY in record.__dict__ or _OLDER_KEY in record.__dict__


def in_record(record: logging.LogRecord) -> JobState | None:
    """Return the state that *record* carries, or None; never raises."""
    for key in (KEY, _OLDER_KEY):
        try:
            carried = record.__dict__.get(key)
            state = _read(carried) if type(carried) is dict else None
        except Exception:  # a foreign value's own methods may raise anything
            state = None
        if state is not None:
            return state
    return None


def _read(carried: dict[Any, Any]) -> JobState | None:
    version, job = _integer(carried.get("schema_version")), carried.get("jobid")
    executor, phase = _text(carried.get("executor")), carried.get("phase")
    named = _integer(job, least=0) if type(job) is int else _text(job)
    if version not in _VERSIONS or named is None or executor is None:
        return None
    if type(phase) is not str or phase not in PHASES:
        return None
    external = carried.get("external_jobid")
    return JobState(
        job=named,
        executor=executor,
        phase=phase,
        external_jobid=_text(str(external) if type(external) is int else external),
        queued=_moment(carried.get("queued_at")),
        started=_moment(carried.get("started_at")),
        stopped=_moment(carried.get("stopped_at")),
        attempt=_integer(carried.get("attempt"), least=1),
        exit_code=_integer(carried.get("exit_code"), least=-(2**31)),
        reason=_text(carried.get("status_reason"), longest=_LONG),
        queue=_text(carried.get("queue")),
    )


def _integer(value: Any, least: int = 0) -> int | None:
    return value if type(value) is int and least <= value < 2**31 else None


def _text(value: Any, longest: int = _SHORT) -> str | None:
    """Return a text that can be written as JSON, cut to *longest*; None if it is empty."""
    if type(value) is not str:
        return None
    return value[:longest].encode("utf-8", "replace").decode("utf-8") or None


def _moment(value: Any) -> clock.Micros | None:
    if type(value) not in (int, float) or not 0 < value < _LAST_S:
        return None
    return clock.from_seconds(value)


def _seconds(moment: clock.Micros | None) -> float | None:
    return None if moment is None else moment / 1_000_000


def updated_record(
    before: "SchedulerRecord | None", state: JobState, external_jobid: str | None
) -> "SchedulerRecord | None":
    """Return the record of a submission, updated by *state*.

    A job's state never goes back: one that arrives late only fills in missing fields.

    Args:
        before: the record so far, if there is one.
        state: what the executor reported.
        external_jobid: the id that the executor gave the submission, if it reported one.

    Returns:
        The record, or *before* if the submission has no id outside of Snakemake.

    """
    from snakemake_logger_plugin_observe.journal.records import SchedulerRecord

    cluster_job = state.external_jobid or (before.cluster_job if before else external_jobid)
    if cluster_job is None:
        return before
    reported: dict[str, Any] = {
        "state": state.phase,
        "reason": state.reason,
        "submitted": state.queued,
        "started": state.started,
        "ended": state.stopped,
        "restarts": None if state.attempt is None else state.attempt - 1,
        "exit_code": state.exit_code,
        "partition": state.queue,
    }
    reported = {name: value for name, value in reported.items() if value is not None}
    if before is None or before.cluster_job != cluster_job:
        return SchedulerRecord(
            scheduler=state.executor,
            cluster_job=cluster_job,
            resolution_s=_RESOLUTION_S,
            **reported,
        )
    if before.state in PHASES and PHASES.index(before.state) > PHASES.index(state.phase):
        reported = {
            name: value for name, value in reported.items() if getattr(before, name) is None
        }
    return before.but(**reported)
