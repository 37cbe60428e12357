"""Remove from a run what a page to be shared must not show: logs, or commands.

It is taken out before anything is concluded: what is not there can be quoted nowhere.
"""

from typing import Final

from snakemake_logger_plugin_observe.journal.events import JobDescribed, Message
from snakemake_logger_plugin_observe.journal.records import Execution
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run

_OF_THE_RECORDER: Final = ("unobserved", "clock_set", "left_out", "accounting")
"""The kinds of messages that quote nothing of the workflow."""
_SERIOUS: Final = ("warning", "error", "critical")
_GONE: Final = "(not on this page)"
_NO_LOGS: Final = (
    "made with --no-logs: what jobs printed or wrote to their logs is not on the page, and causes "
    "are judged without it"
)
_NO_COMMANDS: Final = (
    "made with --no-commands: the jobs' commands and parameters are not on the page, and causes "
    "are judged without them"
)


def withhold(run: Run, *, logs: bool, commands: bool) -> tuple[str, ...]:
    """Take logs or commands out of *run*, and return what to say of it.

    Messages may quote either, so with either they go, too: causes show in exit codes and states.
    """
    if not (logs or commands):
        return ()
    for attempt in run.attempts.values():
        _strip(attempt, logs=logs)
    run.messages = [
        one.but(text=_GONE, error=None) if _may_quote(one) else one for one in run.messages
    ]
    if commands:
        run.jobs = {key: _without_command(job) for key, job in run.jobs.items()}
        run.kept = {key: _without_command(job) for key, job in run.kept.items()}
        run.earlier_jobs = {key: _without_command(job) for key, job in run.earlier_jobs.items()}
        run.params = {}
        if run.started is not None:
            run.started = run.started.but(command=(), config_values=())
    return (*((_NO_LOGS,) if logs else ()), *((_NO_COMMANDS,) if commands else ()))


def _may_quote(one: Message) -> bool:
    """Whether a message may contain what a job ran or printed: those of progress do not."""
    return one.level in _SERIOUS and one.kind not in _OF_THE_RECORDER


def _strip(attempt: Attempt, *, logs: bool) -> None:
    attempt.message = None
    attempt.refusal = None
    if logs:
        attempt.logs = ()
    attempt.levels = tuple(
        level.but(executions=tuple(_quiet(one, logs=logs) for one in level.executions))
        for level in attempt.levels
    )


def _quiet(one: Execution, *, logs: bool) -> Execution:
    return one.but(message=None, **{"logs": ()} if logs else {})


def _without_command(job: JobDescribed) -> JobDescribed:
    """Return *job* without its command and params; a reason may quote params, too."""
    quotes = job.reason is not None and "aram" in job.reason
    hidden = {"shellcmd": None, "params": (), "script": None}
    return job.but(**hidden, **{"reason": None} if quotes else {})
