"""The error that ended a run: which one it is, and what it means for that run."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures import snakemake_error
from snakemake_logger_plugin_observe.analysis.failures.error_meanings import Explanation, explain
from snakemake_logger_plugin_observe.analysis.failures.other_run import (
    LEFT_BY_ANOTHER,
    OtherRun,
    with_other_run,
)
from snakemake_logger_plugin_observe.analysis.submission.settings import settings_of
from snakemake_logger_plugin_observe.journal.events import Message
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scope import job_counts

# Snakemake ends a run in which a job failed with a sentence that says only that.
_SUMMARY: Final = re.compile(
    r"Exiting because a job execution failed"
    r"|(?:WorkflowError:\s*)?At least one job did not complete"
)
_HOOK: Final = re.compile(r", in __(onstart|onsuccess|onerror)\b")
_OF_SHELL: Final = "CalledProcessError"
_STATUS_COMMAND: Final = "the status command"
_BY_DRY_RUN: Final = ", and confirm it with a dry run"


def errors(run: Run) -> list[Message]:
    """Return the errors that Snakemake logged, without sentences that say only that a job failed.

    If it logged nothing else, they are the errors.
    """
    logged = [one for one in run.messages if one.level in ("error", "critical")]
    return [one for one in logged if not _SUMMARY.match(one.text)] or logged


def ending_error(run: Run) -> Message | None:
    """Return the error that stands for a run that failed, None if it logged none.

    Before any job it is the last: Snakemake may log an error of its own before the one that it
    reports. Else it is the first that is not the message of a job.
    """
    saying = errors(run)
    if not saying or not run.attempts:
        return saying[-1] if saying else None
    of_jobs = [one.message for one in run.attempts.values() if one.message]
    return next((one for one in saying if not _is_of_a_job(one, of_jobs)), saying[-1])


def _is_of_a_job(error: Message, messages: Sequence[str]) -> bool:
    return any(own in error.text or error.text in own for own in messages)


def is_another_run_s(run: Run) -> bool:
    """Whether a run failed because of what another run of its directory does, or left there."""
    error = ending_error(run)
    if error is None or run.attempts:
        return False
    return explain(error.text).kind in LEFT_BY_ANOTHER


def explain_run(run: Run, error: Message, other: OtherRun | None = None) -> Explanation:
    """Return what is wrong if *error* ended *run*, with paths relative to its working directory.

    Args:
        run: the run.
        error: its error.
        other: another run of its directory that went on at the same time, or was killed in it.

    """
    known = error.error
    if known is not None:
        files = {"similar": known.similar, "unreadable": known.unreadable}
        relative = {name: run.relative(path) for name, path in files.items() if path is not None}
        protected = tuple(map(run.relative, known.protected))
        known = known.but(**relative, protected=protected)
    found = explain(run.with_relative_paths(error.text), known)
    if other is not None and found.kind in LEFT_BY_ANOTHER:
        return with_other_run(found, other, run)
    if found.kind == "status_command":
        return _of_status_command(run, found)
    if hook := _hook_of(run, error):
        return _in_hook(run, found, hook)
    return found


def _of_status_command(run: Run, found: Explanation) -> Explanation:
    """Return an explanation that names the run's status command."""
    settings = settings_of(run.started) if run.started is not None else None
    own = settings.status_command if settings is not None else None
    if own is None:
        return found
    return replace(
        found,
        cause=found.cause.replace(f"{_STATUS_COMMAND} failed", f"{_STATUS_COMMAND} ({own}) failed"),
        to_do=found.to_do.replace(_STATUS_COMMAND, own),
    )


def _hook_of(run: Run, error: Message) -> str:
    """Return which code that runs once per run raised an error: ``onstart``, ...; may be empty.

    Of a shell command in one Snakemake does not say it: it is what runs between the plan and the
    first choice of jobs, and what runs when all jobs are done.
    """
    if (named := _HOOK.search(error.text)) is not None:
        return named[1]
    parsed = snakemake_error.parse(error.text)
    known = parsed.exceptions[:1] or ((error.error.exception,) if error.error is not None else ())
    if known != (_OF_SHELL,) or parsed.rule or parsed.place is None or run.planned is None:
        return ""
    if any(one.status == "failed" for one in run.attempts.values()):
        return ""
    if not run.attempts and not any(one.kind == "select_jobs" for one in run.messages):
        return "onstart"
    return "onsuccess" if _all_done(run) else ""


def _all_done(run: Run) -> bool:
    counts = job_counts(run)
    return bool(counts.done) and counts.done == counts.planned


def _in_hook(run: Run, found: Explanation, hook: str) -> Explanation:
    """Return what to do about an error in code that a dry run does not run."""
    done = ", after all jobs had succeeded: all outputs are made" if _all_done(run) else ""
    return replace(
        found,
        cause=f"{found.cause} (in {hook}{done})",
        to_do=f"{found.to_do.removesuffix(_BY_DRY_RUN)}, and run again: a dry run does not run "
        f"{hook}",
        why=f"no tool failed: the code of {hook} did",
        wrong_if=found.wrong_if or f"{hook} ends well when the same command is run again",
    )
