"""Why a failed job's log shows nothing, and what has to be added so that it does.

``log:`` only names a file: what is to be written to it, the rule has to send there itself.
"""

import re
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures import script_errors
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.sent_signals import was_sent
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.journal.records import LogTail
from snakemake_logger_plugin_observe.run.model import Run

_NOTHING: Final = frozenset({"it is empty", "it does not exist"})
_KEEP: Final = "--logger-observe-stderr"
_OF_SCRIPTS: Final = {
    ".py": 'import sys; sys.stderr = open(snakemake.log[0], "w")',
    ".r": 'log <- file(snakemake@log[[1]], open="wt"); sink(log); sink(log, type="message")',
    ".jl": 'redirect_stderr(open(snakemake.log[1], "w"))',
    ".sh": 'exec 2> "${snakemake_log[0]}"',
}
"""The line that sends what a script prints as errors to its log, by the script's ending."""


def log_advice(run: Run, one: Failure) -> str | None:
    """Return why the log of a failed job shows nothing and what to add; None if it shows more.

    It is a sentence without a full stop.
    """
    job = run.jobs.get(one.job_id) if one.job_id is not None else None
    if job is None:
        return None
    if not job.log:
        return _without_log(run, job, one)
    logs = next((r.attempt.logs for r in one.rows if r.attempt.number == one.decisive.attempt), ())
    own = [log for log in logs if log.path in job.log]
    if removed := _removed_with_output(run, job, own):
        return removed
    silent = bool(own) and all(log.problem in _NOTHING or log.bytes == 0 for log in own)
    if not silent or one.decisive.line is not None:
        return None
    if was_sent([one]):  # what such a signal ends prints nothing more
        return None
    sent = _nothing_sent(job, one)
    return None if sent is None else f"{sent}{_or_keep(run)}"


def _or_keep(run: Run) -> str:
    """Return the flag with which our plugin keeps what jobs print; empty where it is of no use."""
    started = run.started
    if started is None or started.wraps != "local" or _KEEP in "\n".join(started.command):
        return ""
    return f"; or run with {_KEEP} 20, which keeps the last lines that a failed job printed"


def _without_log(run: Run, job: JobDescribed, one: Failure) -> str | None:
    """Return what keeps the errors of a job without a log, if nothing shows them."""
    how = redirection(job)
    if one.cause != "exit_code" or one.decisive.line is not None or not how:
        return None
    keep = _or_keep(run)
    if run.started is None or run.started.wraps != "local":
        return None  # what it printed is in the executor's log
    return f"what it printed went to the terminal of Snakemake: give the rule log: and {how}{keep}"


def shows_its_errors(run: Run, one: Failure) -> bool:
    """Whether what the command of a failed job prints as errors was sent to its log, and read."""
    job = run.jobs.get(one.job_id) if one.job_id is not None else None
    if job is None or not job.log:
        return False
    logs = next((r.attempt.logs for r in one.rows if r.attempt.number == one.decisive.attempt), ())
    read = any(log.path in job.log and log.problem in (None, "it is empty") for log in logs)
    return read and any(_gets_errors(job.shellcmd or "", path) for path in job.log)


def _removed_with_output(run: Run, job: JobDescribed, logs: list[LogTail]) -> str | None:
    """Return that a log was in an output folder, which Snakemake removes when the job fails."""
    settings = run.started.settings if run.started is not None else {}
    if settings.get("keep_incomplete"):
        return None
    for log in logs:
        folder = next((path for path in job.output if log.path.startswith(f"{path}/")), None)
        if folder is not None and log.problem in (None, "it does not exist"):
            kept = "; its last lines were kept in the journal" if log.lines else ""
            return (
                f"{log.path} is inside the output folder {folder}, and Snakemake removes the "
                f"outputs of a failed job, the log with them{kept}: declare the log outside of "
                "that folder"
            )
    return None


def _nothing_sent(job: JobDescribed, one: Failure) -> str | None:
    command = job.shellcmd or ""
    if command:
        if re.match(r"\s*exec\s[^;\n]*>", command):
            return None  # it gets all that there is
        if any(_gets_errors(command, path) for path in job.log):
            return (
                "`2> {log}` gets what the programs print, but not what bash itself says: begin the "
                "command with `exec 2> {log};`"
            )
        if any(re.search(rf">\s*['\"]?{re.escape(path)}(?![\w./-])", command) for path in job.log):
            return (
                "`> {log}` gets what the command prints, but not its errors: begin it with "
                "`exec 2> {log};`, and write `>> {log}` where it prints to it"
            )
        return (
            "log: redirects nothing by itself: begin the command with `exec 2> {log};`, or put "
            "`2> {log}` behind each program"
        )
    name = script_errors.name_of_script(job)
    if name is None:
        if one.cause == "exception":  # of a ``run:``, and Snakemake reports it
            return None
        return "log: redirects nothing by itself: what it printed went to the terminal"
    begin = redirection(job)
    return (
        f"log: redirects nothing by itself: what {name} printed went to the terminal of Snakemake"
        f"{f'; {begin}' if begin else ''}"
    )


def redirection(job: JobDescribed) -> str:
    """Return what sends the errors of *job* to its log, as an imperative; empty if unknown."""
    if job.shellcmd:
        return "begin the command with `exec 2> {log};`"
    name = script_errors.name_of_script(job) or ""
    line = _OF_SCRIPTS.get(name[name.rfind(".") :].lower())
    return f"begin {name} with `{line}`" if line else ""


def _gets_errors(command: str, log: str) -> bool:
    """Whether *command* sends what programs print as errors to the file *log*."""
    file = rf"\s*['\"]?{re.escape(log)}['\"]?(?![\w./-])"
    if re.search(rf"(?:2>>?|&>>?|>&){file}", command):
        return True
    joined = re.search(rf"(?:^|[^0-9&])>>?{file}", command) is not None and "2>&1" in command
    return joined or re.search(rf"2>&1\s*\|\s*tee\s+(?:-a\s+)?{file}", command) is not None
