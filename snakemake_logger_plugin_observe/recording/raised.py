"""What an error that Snakemake logs is about: its exception, its rule and its job.

Snakemake prints some errors as Python's tracebacks alone, and of others only the rule: which job it
worked on, and why that job had to run, only the exception itself and the frames that it went
through can tell.
"""

import os
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from snakemake_logger_plugin_observe.probe import ask, callers_variable
from snakemake_logger_plugin_observe.recording.live_objects import id_of
from snakemake_logger_plugin_observe.recording.notes import ErrorFacts

if TYPE_CHECKING:
    from types import FrameType

_CONTEXTS: Final = 5
_MOST_OUTPUTS: Final = 200
_LONGEST_CHAIN: Final = 100
_FRAMES: Final = 200
"""A recursion that does not end has many more."""


def logged_error() -> tuple[int | None, ErrorFacts | None]:
    """Return the id of the job that the error being logged is about, and what else is known of it.

    To be called in the thread that logs it.
    """
    error = callers_variable("print_exception", "ex")
    if not isinstance(error, BaseException):
        return None, None
    rule = ask(lambda: str(error.rule.name))  # type: ignore[attr-defined]  # Snakemake's own have it
    job = next((one for one in _jobs(error) if rule in (None, one.rule.name)), None)
    if job is None:
        return None, ErrorFacts(type(error).__name__, rule, unreadable=_unreadable(error))
    return ask(lambda: int(id_of(job))), ErrorFacts(
        type(error).__name__,
        str(job.rule.name),
        ask(lambda: {str(k): str(v) for k, v in job.wildcards_dict.items()}, {}),
        ask(lambda: str(job.dag.reason(job))) or None,
        **(_of_protected(job) if type(error).__name__ == "ProtectedOutputException" else {}),
    )


def _of_protected(job: Any) -> dict[str, Any]:
    """Return what Snakemake does not say of protected outputs: it names those of one job."""
    first = ask(lambda: _first_to_run(job), job)
    return {
        "protected": ask(lambda: tuple(_protected(job.dag)), ()),
        "first_rule": ask(lambda: str(first.rule.name)) if first is not job else None,
        "first_reason": ask(lambda: str(job.dag.reason(first))) if first is not job else None,
    }


def _protected(dag: Any) -> Iterator[str]:
    """Yield the write-protected outputs of the jobs that are to run."""
    outputs = (str(path) for job in dag.needrun_jobs() for path in job.output)
    for path in islice(outputs, _MOST_OUTPUTS):
        if os.path.exists(path) and not os.access(path, os.W_OK) and not os.path.islink(path):
            yield path


def _first_to_run(job: Any) -> Any:
    """Return the job that has to run by itself, because of which *job* has to run."""
    for _ in range(_LONGEST_CHAIN):
        made = next(iter(job.dag.reason(job).updated_input_run), None)
        makers = job.dag.dependencies[job].items()
        maker = next((one for one, files in makers if made in files), None)
        if made is None or maker is None:
            break
        job = maker
    return job


def _unreadable(error: BaseException | None) -> str | None:
    """Return the file and line that is no valid YAML, which Snakemake does not print."""
    for _ in range(_CONTEXTS):
        error = error.__context__ if error is not None else None
        mark = getattr(error, "problem_mark", None)
        if mark is not None:
            return ask(lambda mark=mark: f"{mark.name}:{mark.line + 1}")  # type: ignore[misc,no-any-return]
    return None


def _jobs(error: BaseException) -> Iterator[Any]:
    """Yield the jobs in the frames that *error* went through, the innermost first."""
    frames: list[FrameType] = []
    trace = error.__traceback__
    while trace is not None and len(frames) < _FRAMES:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    for frame in reversed(frames):
        for name in ("job", "self"):
            value = frame.f_locals.get(name)
            if _is_a_job(value):
                yield value


def _is_a_job(value: Any) -> bool:
    return bool(ask(lambda: value.rule.name and value.dag and not value.is_group(), False))
