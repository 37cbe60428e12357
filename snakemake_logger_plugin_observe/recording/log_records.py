"""Log records in, notes out: the only code that reads a record's attributes.

Foreign names (``jobid``, ``jobs``, ``rule_name``, ``groupid``) end here.
"""

import logging
from dataclasses import dataclass, field
from typing import Any, Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.recording import job_state

_NOTHING_TO_DO: Final = "Nothing to be done"
_FACTS: Final = (
    ("Building DAG of jobs", "building_dag"),
    ("Select jobs to execute", "select_jobs"),
    ("Failed to solve scheduling problem", "solver_fallback"),
    ("Waiting at most", "waiting_for_files"),
    ("Trying to restart job", "restart"),
    ("Retrieving", "retrieving"),
    ("Finished retrieval", "retrieved"),
    ("Storing", "storing"),
    ("Finished upload", "stored"),
    ("Creating conda environment", "deploying"),
    ("Installing Conda", "deploying"),
    ("Pulling singularity image", "deploying"),
    ("Updating checkpoint dependencies", "checkpoint"),
    ("Removing output files of failed job", "removing_outputs"),
    ("Job rate limit reached", "rate_limit"),
    ("Resuming incomplete job", "resuming"),
    (_NOTHING_TO_DO, "nothing_to_do"),
    ("Terminating processes on user request", "interrupted"),
    ("Will exit after finishing currently running jobs", "terminated"),
    ("Exiting because a job execution failed", "failed"),
    ("Submitted job", "submitted"),
    ("Submitted group job", "submitted"),
    ("Terminating service job", "service_ended"),
)
_KEPT_TEXT: Final = 4000


@dataclass(frozen=True, slots=True)
class Note:
    """What a record says, in the project's words; ``kind`` decides which facts it has."""

    kind: str
    time: clock.Micros
    facts: dict[str, Any] = field(default_factory=dict)


def is_about_a_job(record: logging.LogRecord) -> bool:
    """Return whether a job or group describes itself in *record*, and could be asked for more."""
    return str(getattr(record, "event", None)) in ("job_info", "group_info")


def is_planned(record: logging.LogRecord) -> bool:
    """Return whether Snakemake says in *record* what it has planned, or that nothing is to do."""
    if (event := getattr(record, "event", None)) is not None:
        return str(event) == "run_info"
    return str(record.msg).startswith(_NOTHING_TO_DO)


def moment_of(record: logging.LogRecord) -> clock.Micros:
    """Return when *record*, heard just now, was made: its own time is the plain wall clock's."""
    return clock.from_wall(clock.from_seconds(record.created))


def note(record: logging.LogRecord) -> Note | None:
    """Return what *record* says, or None where it says nothing that a journal keeps."""
    time = moment_of(record)
    event = getattr(record, "event", None)
    match str(event) if event is not None else None:
        case "workflow_started":
            return Note("workflow_started", time, _workflow(record))
        case "job_started":
            return Note("selected", time, {"job_ids": tuple(_get(record, "jobs", "job_ids") or ())})
        case "job_info":
            return Note("job", time, _job(record))
        case "group_info":
            return Note("group", time, {"group": str(_get(record, "group_id"))})
        case "job_finished":
            return Note("job_finished", time, {"job_id": _get(record, "job_id", "jobid")})
        case "job_error":
            return Note("job_error", time, _error(record))
        case "resources_info":
            return Note("resources_info", time)
        case "error":
            return Note("message", time, _message(record, "error"))
        case None:
            return _plain(record, time)
        case _:
            return None


def state(record: logging.LogRecord) -> Note | None:
    """Return the state of a job elsewhere that an executor told in *record*, or None."""
    told = job_state.in_record(record)
    if told is None:
        return None
    return Note("remote_state", clock.from_seconds(record.created), {"state": told})


def _get(record: logging.LogRecord, *names: str) -> Any:
    for name in names:
        if (value := getattr(record, name, None)) is not None:
            return value
    return None


def _workflow(record: logging.LogRecord) -> dict[str, Any]:
    return {
        "workflow_id": str(_get(record, "workflow_id") or "") or None,
        "snakefile": str(_get(record, "snakefile_main", "snakefile") or "") or None,
        "platform": _get(record, "platform"),
        "user": _get(record, "user"),
        "config_digest": _get(record, "config_md5"),
    }


def said_of_job(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a record about a job tells as well as the job itself would."""
    wildcards = _get(record, "wildcards") or {}
    return {
        "wildcards": {str(k): str(v) for k, v in dict(wildcards).items()},
        "reason": _optional_text(_get(record, "reason")),
        "threads": _get(record, "threads"),
        "priority": plain(_get(record, "priority")),
        "shellcmd": _optional_text(_get(record, "shellcmd")),
    }


def _job(record: logging.LogRecord) -> dict[str, Any]:
    """Return a job's facts from the record alone; paths carry Snakemake's annotations."""
    resources = _get(record, "resources")
    items = resources.items() if resources is not None and hasattr(resources, "items") else ()
    return {
        "job_id": _get(record, "jobid", "job_id"),
        "rule": str(_get(record, "rule_name", "name") or ""),
        "local": _get(record, "local"),
        "checkpoint": bool(_get(record, "is_checkpoint")),
        "input": _texts(_get(record, "input")),
        "output": _texts(_get(record, "output")),
        "log": _texts(_get(record, "log")),
        "benchmark": _optional_text(_get(record, "benchmark")),
        "resources": {str(k): plain(v) for k, v in items},
        **said_of_job(record),
    }


def _texts(values: Any) -> tuple[str, ...]:
    if isinstance(values, str):
        return (values,)
    return tuple(str(value) for value in values or ())


def _optional_text(value: Any) -> str | None:
    return None if value is None or value == [] else str(value)


def plain(value: Any) -> Any:
    """Return *value* as JSON holds it: foreign objects become their text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = [plain(item) for item in value]
        return sorted(items, key=str) if isinstance(value, set | frozenset) else items
    return str(value)


def _error(record: logging.LogRecord) -> dict[str, Any]:
    aux = _get(record, "aux") or {}
    external = aux.get("external_jobid") if isinstance(aux, dict) else None
    return {
        "job_id": _get(record, "jobid", "job_id"),
        "message": _optional_text(_get(record, "rule_msg")),
        "external_jobid": _optional_text(external),
        "logs": _texts(_get(record, "log")),
    }


def _message(record: logging.LogRecord, kind: str) -> dict[str, Any]:
    text = str(record.msg) if record.msg is not None else ""
    return {"level": record.levelname.lower(), "kind": kind, "text": text[:_KEPT_TEXT]}


def _plain(record: logging.LogRecord, time: clock.Micros) -> Note | None:
    if record.levelno < logging.INFO or record.msg is None:
        return None
    text = str(record.msg)
    for beginning, kind in _FACTS:
        if text.startswith(beginning):
            return Note("message", time, _message(record, kind))
    if "has been submitted with" in text:
        return Note("message", time, _message(record, "submitted"))
    if record.levelno >= logging.WARNING:
        return Note("message", time, _message(record, record.levelname.lower()))
    return None
