"""What an attempt leaves: what its logs say last, what was printed about it, and what it made."""

import functools
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.external.log_tails import tails
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.journal.records import LogTail, OutputFile
from snakemake_logger_plugin_observe.recording.attempt_end import LiveAttempt
from snakemake_logger_plugin_observe.recording.log_records import Note
from snakemake_logger_plugin_observe.recording.output_checksums import OutputsWatch
from snakemake_logger_plugin_observe.run.model import Run

_ERRORS_KEPT: Final = 50


class Remains:
    """Looks at what the attempts of one run leave, when they end."""

    def __init__(
        self,
        run: Run,
        workdir: Path,
        outputs: tuple[OutputsWatch, Callable[[Note], None]] | None,
    ) -> None:
        """Look in *workdir*; outputs alone where there is someone to look at them, and to tell."""
        self.run = run
        self._workdir = workdir
        self._outputs = outputs
        self._errors: deque[tuple[clock.Micros, str]] = deque(maxlen=_ERRORS_KEPT)

    def error(self, moment: clock.Micros, text: str) -> None:
        """Remember an error that Snakemake printed: a job that ends next may be its subject."""
        self._errors.append((moment, text))

    def last_lines(self, live: LiveAttempt) -> dict[int | None, tuple[LogTail, ...]]:
        """Return the ends of the log files of a failed submission's jobs, and of its executor's."""
        # A node's file system may keep another time; a local job's is this machine's own.
        ended = live.stamps["finished"] if live.executions else None
        jobs = self._jobs_of(live)
        told: dict[int | None, tuple[LogTail, ...]] = {
            job.job_id: tails(job.log, self._workdir, last_written=ended) for job in jobs
        }
        their_own = {path for job in jobs for path in job.log}
        executors = [path for path in live.aux_logs if path not in their_own]
        told[live.job_id] = (
            *told.get(live.job_id, ()),
            *tails(executors, self._workdir, of_executor=True),
        )
        return told

    def said_about(self, live: LiveAttempt) -> str | None:
        """Return the error that Snakemake printed about a job whose tool had not failed."""
        job = self.run.jobs.get(live.job_id) if live.job_id is not None else None
        reported = live.stamps.get("reported")
        if job is None or reported is None:
            return None
        for moment, text in reversed(self._errors):
            if moment >= reported and _is_about(job, text):
                return text
        return None

    def look_at_outputs(self, live: LiveAttempt) -> None:
        """Have the outputs of a submission that succeeded looked at, if anyone wants that."""
        if self._outputs is None:
            return
        watch, put = self._outputs
        for job in self._jobs_of(live):
            if not job.output:
                continue
            about = {"job_id": job.job_id, "group": live.group, "attempt": live.number}
            watch.look_at(job.output, functools.partial(_tell_outputs, put, about))

    def _jobs_of(self, live: LiveAttempt) -> list[JobDescribed]:
        ids = [live.job_id] if live.job_id is not None else self.run.members(live.group or "")
        return [job for one in ids if (job := self.run.jobs.get(one)) is not None]


def _tell_outputs(
    put: Callable[[Note], None], about: dict[str, Any], files: tuple[OutputFile, ...]
) -> None:
    put(Note("outputs", clock.now(), {**about, "files": files}))


def _is_about(job: JobDescribed, text: str) -> bool:
    """Whether an error that names *job*'s rule names the job too: by its id, or by an output."""
    if f"rule {job.rule} " not in text:
        return False
    lines = text.splitlines()
    named = any(f"{line} ".startswith(f"{path} ") for path in job.output for line in lines)
    return named or f"Job {job.job_id} " in text
