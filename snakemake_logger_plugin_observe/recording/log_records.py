"""Turns Snakemake's log records into notes: the only code that reads a record's attributes.

Notes use this project's names for them, not Snakemake's (``jobid``, ``jobs``, ``rule_name``).
"""

import logging
import numbers
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.analysis.failures import tracebacks
from snakemake_logger_plugin_observe.probe import ask
from snakemake_logger_plugin_observe.recording import job_state, notes

_NOTHING_TO_DO: Final = "Nothing to be done"
_SELECTION: Final = "Select jobs to execute"
_KINDS_BY_TEXT: Final = (
    ("Building DAG of jobs", "building_dag"),
    (_SELECTION, "select_jobs"),
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
    ("Removing temporary output", "removing_temporary"),
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
_BEGINNINGS: Final = tuple(beginning for beginning, _ in _KINDS_BY_TEXT)
_KEPT_TEXT: Final = 4000
_NOT_KNOWN_YET: Final = "<TBD>"
_DEEPEST: Final = 20
_MOST_TEXT: Final = 16_000  # it is cut to less once its secrets are masked


class JobTexts(NamedTuple):
    """Fields that a log record about a job contains, so they need not be computed again."""

    wildcards: dict[str, str]
    reason: str | None
    threads: int | None
    priority: int | float | str | None
    shellcmd: str | None


def kind_of(record: logging.LogRecord) -> str | None:
    """Return the name of the event that *record* is about; None of a plain message."""
    event = record.__dict__.get("event")
    return None if event is None else str(event)


def error_of(
    record: logging.LogRecord,
    moment: clock.Micros,
    job_id: int | None,
    facts: notes.ErrorFacts | None,
) -> notes.LogMessage:
    """Return the error in *record*, made at *moment*, with what is known beyond its text."""
    if facts is None and (name := _get(record, "exception")) is not None:
        facts = notes.ErrorFacts(str(name))
    found = _message(record, moment, "error")
    return replace(found, job_id=job_id, error=facts)


def is_planned(record: logging.LogRecord) -> bool:
    """Return whether *record* shows that the DAG is planned, or that nothing needs to run."""
    if (kind := kind_of(record)) is not None:
        return kind == "run_info"
    return str(record.msg).startswith(_NOTHING_TO_DO)


def is_selection(record: logging.LogRecord) -> bool:
    """Return whether *record*, a plain message, says that jobs are about to be selected."""
    return type(record.msg) is str and record.msg.startswith(_SELECTION)


def moment_of(record: logging.LogRecord) -> clock.Micros:
    """Return when *record* was made, by this process's clock; it must just have been logged."""
    return clock.from_wall(clock.from_seconds(record.created))


def note_of(
    record: logging.LogRecord, moment: clock.Micros | None = None
) -> notes.FromRecord | None:
    """Return *record*, made at *moment*, as a note; None if journals have nothing of its kind."""
    kind = kind_of(record)
    time = moment_of(record) if moment is None else moment
    match kind:
        case "workflow_started":
            return _workflow(record, time)
        case "job_started":
            return selected(record, time)
        case "job_info":
            return _job(record, time)
        case "group_info":
            return notes.GroupInfo(time, str(_get(record, "group_id")))
        case "job_finished":
            return notes.JobEndLogged(time, _get(record, "job_id", "jobid"))
        case "job_error":
            return _error(record, time)
        case "resources_info":
            return notes.DagReady(time)
        case "error":
            return _message(record, time, "error")
        case None:
            return _plain(record, time)
        case _:
            return None


def selected(record: logging.LogRecord, moment: clock.Micros) -> notes.Selected:
    """Return which jobs were selected, from a record that says so."""
    fields = record.__dict__
    return notes.Selected(moment, tuple(fields.get("jobs") or fields.get("job_ids") or ()))


def remote_state(record: logging.LogRecord) -> notes.RemoteState | None:
    """Return the state of a remote job that an executor put into *record*, or None."""
    state = job_state.in_record(record)
    if state is None:
        return None
    return notes.RemoteState(clock.from_seconds(record.created), state)


def _get(record: logging.LogRecord, *names: str) -> Any:
    for name in names:
        if (value := getattr(record, name, None)) is not None:
            return value
    return None


def _workflow(record: logging.LogRecord, time: clock.Micros) -> notes.WorkflowStarted:
    return notes.WorkflowStarted(
        time,
        workflow_id=str(_get(record, "workflow_id") or "") or None,
        snakefile=str(_get(record, "snakefile_main", "snakefile") or "") or None,
        platform=_get(record, "platform"),
        user=_get(record, "user"),
    )


def job_texts(record: logging.LogRecord) -> JobTexts:
    """Return the fields of a job that *record* contains."""
    fields = record.__dict__
    wildcards, priority = fields.get("wildcards"), fields.get("priority")
    return JobTexts(
        {str(k): str(v) for k, v in dict(wildcards).items()} if wildcards else {},
        _optional_text(fields.get("reason")),
        known_threads(fields.get("threads")),
        priority if type(priority) is int else plain(priority),
        _optional_text(fields.get("shellcmd")),
    )


def _job(record: logging.LogRecord, time: clock.Micros) -> notes.JobInfo:
    """Return a job's description from its record alone; paths have Snakemake's annotations."""
    resources = _get(record, "resources")
    items = resources.items() if resources is not None and hasattr(resources, "items") else ()
    return notes.JobInfo(
        time,
        job_id=_get(record, "jobid", "job_id"),
        rule=str(_get(record, "rule_name", "name") or ""),
        local=_get(record, "local"),
        checkpoint=bool(_get(record, "is_checkpoint")),
        input=_texts(_get(record, "input")),
        output=_texts(_get(record, "output")),
        log=_texts(_get(record, "log")),
        benchmark=_optional_text(_get(record, "benchmark")),
        resources={str(k): plain(v) for k, v in items},
        **job_texts(record)._asdict(),
    )


def _texts(values: Any) -> tuple[str, ...]:
    if isinstance(values, str):
        return (values,)
    return tuple(str(value) for value in values or ())


def _optional_text(value: Any) -> str | None:
    return None if value is None or value == [] else str(value)


def known_threads(value: Any) -> Any:
    """Return a number of threads, or None if a dry run cannot know it yet (``<TBD>``)."""
    return None if value == _NOT_KNOWN_YET else value


def plain(value: Any, depth: int = _DEEPEST) -> Any:
    """Return *value* as JSON values; a foreign object becomes its text, a deep one its type."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)
    if not depth:
        return f"<{type(value).__name__}>"
    if isinstance(value, dict):
        return {str(key): plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = [plain(item, depth - 1) for item in value]
        return sorted(items, key=str) if isinstance(value, set | frozenset) else items
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    return ask(lambda: str(value), f"<{type(value).__name__}>")


def _error(record: logging.LogRecord, time: clock.Micros) -> notes.JobErrorLogged:
    aux = _get(record, "aux") or {}
    external = aux.get("external_jobid") if isinstance(aux, dict) else None
    return notes.JobErrorLogged(
        time,
        job_id=_get(record, "jobid", "job_id"),
        message=_optional_text(_get(record, "rule_msg")),
        external_jobid=_optional_text(external),
        logs=_texts(_get(record, "log")),
    )


def _message(record: logging.LogRecord, time: clock.Micros, kind: str) -> notes.LogMessage:
    text = str(record.msg) if record.msg is not None else ""
    return notes.LogMessage(
        time, record.levelname.lower(), kind, tracebacks.shortened(text, _MOST_TEXT)
    )


def _plain(record: logging.LogRecord, time: clock.Micros) -> notes.LogMessage | None:
    if record.levelno < logging.INFO or record.msg is None:
        return None
    kind = _kind_by_text(str(record.msg))
    if kind is None and record.levelno >= logging.WARNING:
        kind = record.levelname.lower()
    return None if kind is None else _message(record, time, kind)


def _kind_by_text(text: str) -> str | None:
    if text.startswith(_BEGINNINGS):
        return next(kind for beginning, kind in _KINDS_BY_TEXT if text.startswith(beginning))
    return "submitted" if "has been submitted with" in text else None
