"""What makes a job the same one in another run, where its id may be another: rule and wildcards."""

from snakemake_logger_plugin_observe.journal.events import JobDescribed

Identity = tuple[object, ...]


def identity(job: JobDescribed) -> Identity:
    """Return the rule of *job* with its wildcards."""
    return (job.rule, *sorted(job.wildcards.items()))
