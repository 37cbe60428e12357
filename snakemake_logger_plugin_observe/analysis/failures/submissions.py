"""Failed submissions: what the submit command said of a failed job, and what to do about it."""

from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.submission import advice
from snakemake_logger_plugin_observe.analysis.submission.said import Said, said_about
from snakemake_logger_plugin_observe.run.model import Run

_SEE_WHETHER_IT_ANSWERS: Final = (
    "see whether the cluster answers at all on the host where Snakemake runs (sinfo, or scontrol "
    "ping, on Slurm); if not, ask its administrators, and run again once it does"
)


def said_of(run: Run, one: Failure) -> Said:
    """Return what the submit command said at the failure to fix."""
    return said_about(run, one.decisive_row.attempt)


def to_do_about(run: Run, one: Failure) -> str:
    """Return what to do about a job whose submission failed, as an imperative."""
    if had_no_answer_again(one):
        return _SEE_WHETHER_IT_ANSWERS
    return advice.to_do(said_of(run, one), run.job_of(one.decisive_row.attempt), run.inner_executor)


def had_no_answer_again(one: Failure) -> bool:
    """Whether a job was submitted again after there was no answer, and that got none either."""
    return one.cause == "unanswered" and one.outcome == "failed" and len(one.occurrences) > 1


def submitted(run: Run) -> int:
    """Return how many submissions of *run* the cluster accepted; local jobs are none."""
    jobs = ((one, run.job_of(one)) for one in run.attempts.values() if not one.is_member)
    return sum(
        one.stamps.accepted is not None and not (job is not None and job.local) for one, job in jobs
    )
