"""Which jobs a run took up again: those that failed, or had not ended, in the run that it resumes.

Snakemake's own reason for them is only that their outputs were missing.
"""

from dataclasses import dataclass

from snakemake_logger_plugin_observe.run.attempt import FAILED, FINAL
from snakemake_logger_plugin_observe.run.identity import identity
from snakemake_logger_plugin_observe.run.model import Run


@dataclass(frozen=True, slots=True)
class TakenUp:
    """Jobs of a run, by what had become of them in the run before."""

    failed: tuple[int, ...] = ()
    unended: tuple[int, ...] = ()


def taken_up(run: Run, before: Run) -> TakenUp:
    """Return the jobs of *run* that *before*, which it resumes, had begun in vain."""
    status = {
        identity(job): last.status
        for job_id, job in before.jobs.items()
        if (last := before.last_attempt(job_id)) is not None
    }
    became = {job_id: status.get(identity(job), "") for job_id, job in run.jobs.items()}
    return TakenUp(
        failed=tuple(job_id for job_id, how in became.items() if how in FAILED),
        unended=tuple(job_id for job_id, how in became.items() if how and how not in FINAL),
    )
