"""Failed submissions: what the submit command said of a failed job, and what to do about it."""

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.submission import advice
from snakemake_logger_plugin_observe.analysis.submission.said import Said, said_about
from snakemake_logger_plugin_observe.run.model import Run


def said_of(run: Run, one: Failure) -> Said:
    """Return what the submit command said at the failure to fix."""
    return said_about(run, one.decisive_row.attempt)


def to_do_about(run: Run, one: Failure) -> str:
    """Return what to do about a job whose submission failed, as an imperative."""
    return advice.to_do(said_of(run, one), run.job_of(one.decisive_row.attempt), executor_of(run))


def executor_of(run: Run) -> str | None:
    """Return the executor that submits the jobs of *run*, inside the timing executor."""
    if run.started is None:
        return None
    return run.started.wraps or run.started.executor


def submitted(run: Run) -> int:
    """Return how many submissions of *run* the cluster accepted; local jobs are none."""
    jobs = ((one, run.job_of(one)) for one in run.attempts.values() if not one.is_member)
    return sum(
        one.stamps.accepted is not None and not (job is not None and job.local) for one, job in jobs
    )
