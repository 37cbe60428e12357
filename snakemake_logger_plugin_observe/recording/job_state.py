"""The ``remote_job_state`` contract: how log records carry what executors tell of their jobs.

A record's attribute holds a small dictionary: ``remote_job_state`` (``schema_version`` 2), or the
older ``snakesee_remote`` (1), which has the same fields. What others sent is read with distrust: a
value that is not what the contract says is left out, and a payload without its core is none.
"""

import logging
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from snakemake_logger_plugin_observe import clock

KEY: Final = "remote_job_state"
VERSION: Final = 2
_OLDER_KEY: Final = "snakesee_remote"
_VERSIONS: Final = frozenset({1, VERSION})
_LAST_S: Final = 253_402_300_799  # the year 9999 is RFC 3339's last
_SHORT: Final = 300
_LONG: Final = 2000

Phase = Literal["queued", "running", "succeeded", "failed"]
PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
"""In the order in which a job goes through them; the last two are both ends."""


@dataclass(frozen=True, slots=True)
class JobState:
    """One state of a job, by the contract; ``None`` is unknown."""

    job: int | str
    """The job's id in the main process; a group goes by a text."""
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
        """Return it as a record carries it: seconds since the epoch, unknown fields left out."""
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


def in_record(record: logging.LogRecord) -> JobState | None:
    """Return the state that *record* carries, or None where it carries none; never raises."""
    for key in (KEY, _OLDER_KEY):
        try:
            carried = record.__dict__.get(key)
            state = _read(carried) if type(carried) is dict else None
        except Exception:  # a value whose own methods fail is no value
            state = None
        if state is not None:
            return state
    return None


def _read(carried: dict[Any, Any]) -> JobState | None:
    version, job = _whole(carried.get("schema_version")), carried.get("jobid")
    executor, phase = _text(carried.get("executor")), carried.get("phase")
    named = _whole(job, least=0) if type(job) is int else _text(job)
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
        attempt=_whole(carried.get("attempt"), least=1),
        exit_code=_whole(carried.get("exit_code"), least=-(2**31)),
        reason=_text(carried.get("status_reason"), longest=_LONG),
        queue=_text(carried.get("queue")),
    )


def _whole(value: Any, least: int = 0) -> int | None:
    return value if type(value) is int and least <= value < 2**31 else None


def _text(value: Any, longest: int = _SHORT) -> str | None:
    """Return a text that can be written as JSON; one too long is cut, an empty one is none."""
    if type(value) is not str:
        return None
    return value[:longest].encode("utf-8", "replace").decode("utf-8") or None


def _moment(value: Any) -> clock.Micros | None:
    if type(value) not in (int, float) or not 0 < value < _LAST_S:
        return None
    return clock.from_seconds(value)


def _seconds(moment: clock.Micros | None) -> float | None:
    return None if moment is None else moment / 1_000_000
