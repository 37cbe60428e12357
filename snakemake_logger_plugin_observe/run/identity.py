"""What makes a job, or a workflow, the same one in another run, where ids and folders differ."""

from snakemake_logger_plugin_observe.journal.events import JobDescribed, RunStarted

Identity = tuple[object, ...]


def identity(job: JobDescribed) -> Identity:
    """Return the rule of *job* with its wildcards."""
    return (job.rule, *sorted(job.wildcards.items()))


def snakefile_of(started: RunStarted) -> str | None:
    """Return a run's Snakefile relative to its working directory, the same in two checkouts."""
    if started.snakefile is None:
        return None
    return started.snakefile.removeprefix(f"{started.workdir}/")
