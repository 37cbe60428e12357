"""What changed and is in no output, because the jobs were up to date: nothing ran because of it."""

from collections.abc import Iterator

from snakemake_logger_plugin_observe.analysis.compare.change import RUN
from snakemake_logger_plugin_observe.analysis.phrasing import job_name, named
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Claim
from snakemake_logger_plugin_observe.journal.events import JobDescribed


def unseen(case: Case) -> Iterator[Claim]:
    """Yield what the up-to-date jobs of a run that needs nothing may not have seen."""
    run = case.run
    marked = {job_id for job_id, made in run.made.items() if made.touched is not None}
    touched = [job for job_id, job in run.kept.items() if job_id in marked]
    if touched:
        jobs = named([job_name(job) for job in touched])
        yield Claim(
            f"{jobs}: marked as new by a --touch run, which made nothing; force with -R what must "
            "have the changes before it",
            case.side.at_event(run.planned, f"up to date: {jobs}"),
        )
    readers = [job for job in run.kept.values() if _may_read_config(job)]
    if case.comparison is None or not readers:
        return
    for change in case.comparison.work.changes:
        if change.subject == RUN and change.what.startswith("config "):
            jobs = named([job_name(job) for job in readers])
            yield Claim(
                f"{change.what} changed, and {jobs} did not run because of it: if a script or "
                "a command reads it by itself, pass it as a param, or force the rule with -R",
                change.evidence,
            )


def _may_read_config(job: JobDescribed) -> bool:
    """Whether a job has code of its own, which can read the configuration without a rerun."""
    return bool(job.output and (job.shellcmd or job.script or job.code_digest))
