"""Which jobs missed inputs, and when: as they failed, or as the error says that ended the run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.named_files import named_in
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.attempt import SUCCEEDED
from snakemake_logger_plugin_observe.run.model import Run

_MISSING: Final = "Missing files after"


@dataclass(frozen=True, slots=True)
class MissedInputs:
    """A job that missed inputs, and when."""

    reader: JobDescribed
    files: tuple[str, ...]
    moment: Micros
    line: int | None
    message: str
    failed: bool


def missed_inputs(run: Run, failed: Sequence[Failure]) -> Iterator[MissedInputs]:
    """Yield each job that missed inputs: as it failed, or as the error that ended the run says."""
    known: set[int] = set()
    for one in failed:
        job = run.jobs.get(one.job_id) if one.job_id is not None else None
        if one.cause != "missing_input" or one.outcome != "failed" or job is None:
            continue
        attempt = one.rows[-1].attempt
        message = "\n".join(filter(None, (one.last.message, attempt.message)))
        files = named_in(job.input, run.with_relative_paths(message))
        if files:
            known.add(job.job_id)
            moment = attempt.stamps.finished or 0
            yield MissedInputs(job, files, _looked(run, files, moment), attempt.line, message, True)
    for error in run.messages:
        if error.level != "error" or _MISSING not in error.text:
            continue
        text = run.with_relative_paths(error.text)
        for job in run.jobs.values():
            last = run.last_attempt(job.job_id)
            if job.job_id in known or f"rule {job.rule} in " not in text:
                continue
            if last is None or last.status in SUCCEEDED:
                continue
            files = named_in(job.input, text)
            if files:
                known.add(job.job_id)
                moment = _looked(run, files, error.time)
                yield MissedInputs(job, files, moment, error.line, error.text, False)


def _looked(run: Run, files: tuple[str, ...], latest: Micros) -> Micros:
    """Return when Snakemake first reported *files* missing, *latest* if only their end is known."""
    for one in run.messages:
        if one.kind != "waiting_for_files" or one.time > latest:
            continue
        if named_in(files, run.with_relative_paths(one.text)) == files:
            return one.time
    return latest


def is_reported(run: Run) -> bool:
    """Whether Snakemake printed that files were missing."""
    return any(one.level == "error" and _MISSING in one.text for one in run.messages)
