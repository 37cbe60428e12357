"""An error that only Snakemake's console shows, because a process of its own ran the job.

Snakemake runs the code of ``run:``, and what has ``shadow:``, in a process that prints the error
itself and tells the main one no more than that it failed. Without the timing executor nothing of
ours is in that process.
"""

from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meaning import Meaning
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.run.model import Run


def console_only(run: Run, one: Failure) -> Meaning | None:
    """Return where the error of a failed job is to be read; None if it was recorded, or elsewhere.

    Of other local jobs the main process prints the error, so it is in the journal.
    """
    job = run.jobs.get(one.job_id) if one.job_id is not None else None
    recorded = run.wrapped or one.cause != "other" or one.decisive.message
    if recorded or job is None or not job.local:
        return None
    return Meaning(
        "likely",
        "a process of its own ran it, as Snakemake does for run: and shadow:, and printed the "
        "error on Snakemake's console only",
        f"read the error of {job.rule} on the console and correct that; with --executor timed it "
        "is recorded",
        f"the console shows no error above `Error in rule {job.rule}`",
    )


def errors_on_the_console(attempts: int) -> str:
    """Return that the errors of a job's attempts were not recorded, as a clause about the job."""
    whose = "its error is" if attempts == 1 else f"the errors of its {attempts} attempts are"
    return f"{whose} on Snakemake's console only"
