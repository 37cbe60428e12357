"""Failure evidence: the ends of a failed attempt's log files, and the error printed about it."""

import re
from collections import deque
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.journal.records import LogTail
from snakemake_logger_plugin_observe.recording.attempt_end import LiveAttempt
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run

_ERRORS_KEPT: Final = 50
_OF_A_RULE: Final = "RuleException:\n"
_COMMAND: Final = re.compile(r"Command '.*' (?=returned non-zero exit status|died with)", re.DOTALL)
# A file's time is that of the kernel's last tick, or of its file server.
_SLACK_HERE: Final[clock.Micros] = 2_000_000
_SLACK_ON_NODES: Final[clock.Micros] = 600_000_000


class FailureEvidence:
    """Collects the evidence of one run's failed attempts when they end."""

    def __init__(self, run: Run, workdir: Path, mask: Masker) -> None:
        """Collect for *run*, masked; its log files' paths are relative to *workdir*."""
        self.run = run
        self._workdir = workdir
        self._mask = mask
        self._seen: dict[str, tuple[int, ...]] = {}
        self._errors: deque[tuple[clock.Micros, str, int | None]] = deque(maxlen=_ERRORS_KEPT)

    def error(self, moment: clock.Micros, text: str, job_id: int | None) -> None:
        """Remember an error that Snakemake printed: it may be about a job that ends next."""
        self._errors.append((moment, text, job_id))

    def log_tails(self, live: LiveAttempt) -> dict[int | None, tuple[LogTail, ...]]:
        """Return the ends of the log files of a failed submission: its jobs' and its executor's."""
        from snakemake_logger_plugin_observe.external.log_tails import printed_tail, tails

        # A node's file system may use another clock; a local job's is this machine's own.
        here = bool(live.executions)
        ended = live.stamps["finished"] if here else None
        selected = live.stamps.get("selected")
        slack = _SLACK_HERE if here else _SLACK_ON_NODES
        began = selected - slack if selected is not None else None
        jobs = jobs_of(self.run, live.attempt)
        by_job: dict[int | None, tuple[LogTail, ...]] = {
            job.job_id: tails(
                job.log,
                self._workdir,
                mask=self._mask,
                last_written=ended,
                first_written=began,
                held=live.held_logs,
                seen=self._seen,
            )
            for job in jobs
        }
        for job in jobs:
            if not any(log.lines for log in by_job[job.job_id]):
                by_job[job.job_id] += tuple(
                    printed_tail(f"({one.source})", one.data, one.lines, mask=self._mask)
                    for one in live.printed.get(job.job_id, ())
                )
        jobs_logs = {path for job in jobs for path in job.log}
        executor_logs = [path for path in live.executor_logs if path not in jobs_logs]
        by_job[live.attempt.job_id] = (
            *by_job.get(live.attempt.job_id, ()),
            *tails(executor_logs, self._workdir, mask=self._mask, of_executor=True),
        )
        return by_job

    def printed_error(self, live: LiveAttempt) -> str | None:
        """Return the error that Snakemake printed about a job or a group that failed.

        What ended a tool is known from elsewhere, unless no executor is timed.
        """
        job_id = live.attempt.job_id
        if job_id is None or not self.run.wrapped:
            for member, said in self.errors_of_jobs(live).items():
                return said if member == job_id else f"{self.run.jobs[member].rule}: {said}"
        job = self.run.jobs.get(job_id) if job_id is not None else None
        reported = live.stamps.get("reported")
        if job is None or reported is None:
            return None
        for moment, text, about in reversed(self._errors):
            if moment >= reported and (
                about == job_id if about is not None else _is_about(job, text)
            ):
                return text
        return None

    def errors_of_jobs(self, live: LiveAttempt) -> dict[int, str]:
        """Return the first error about each job of a submission since it was selected, by job id.

        In the order in which they were printed.
        """
        selected = live.stamps.get("selected")
        if selected is None:
            return {}
        jobs = {job.job_id for job in jobs_of(self.run, live.attempt)}
        found: dict[int, str] = {}
        for moment, text, about in self._errors:
            if moment >= selected and about is not None and about in jobs:
                found.setdefault(about, _of_a_tool(text))
        return found


def jobs_of(run: Run, attempt: Attempt) -> list[JobDescribed]:
    """Return the job of *attempt*, or its group's jobs, if they were described."""
    single = attempt.job_id
    ids = (single,) if single is not None else run.members(attempt.group or "")
    return [job for id_ in ids if (job := run.jobs.get(id_)) is not None]


def _is_about(job: JobDescribed, text: str) -> bool:
    """Whether an error that names *job*'s rule also names its id or one of its outputs."""
    if f"rule {job.rule} " not in text:
        return False
    lines = text.splitlines()
    named = any(f"{line} ".startswith(f"{path} ") for path in job.output for line in lines)
    return named or f"Job {job.job_id} " in text


def _of_a_tool(text: str) -> str:
    """Return an error without what its job's description has: the command that failed."""
    if not text.startswith(_OF_A_RULE):
        return text
    return " ".join(_COMMAND.sub("", text.removeprefix(_OF_A_RULE)).split())
