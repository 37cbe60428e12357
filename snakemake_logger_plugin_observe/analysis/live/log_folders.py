"""Jobs that Slurm ended at once, because the folder for their log was not there."""

from collections.abc import Sequence

from snakemake_logger_plugin_observe.analysis.live.state import LiveState, LiveView
from snakemake_logger_plugin_observe.analysis.submission import signs
from snakemake_logger_plugin_observe.analysis.submission.settings import (
    log_folders,
    of_job,
    settings_of,
)
from snakemake_logger_plugin_observe.run.model import Run


def without_a_log(run: Run, view: LiveView) -> tuple[LiveState, ...]:
    """Return the submissions whose log files Slurm could not open."""
    return tuple(
        one
        for one in view.submissions
        if signs.ended_before_its_script(run.attempts[one.key], one.record)
    )


def folders_of(run: Run, states: Sequence[LiveState]) -> tuple[str, ...]:
    """Return the folders into which the submit command has Slurm write the logs of jobs."""
    submit = settings_of(run.started).submit_command if run.started is not None else None
    if submit is None:
        return ()
    jobs = (run.job_of(run.attempts[one.key]) for one in states)
    found = (log_folders(of_job(submit, job)) for job in jobs if job is not None)
    return tuple(dict.fromkeys(folder for folders in found for folder in folders))
