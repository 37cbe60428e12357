"""Jobs that Snakemake itself failed: their tools had ended well, or had not been started."""

import re
from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures import error_meanings
from snakemake_logger_plugin_observe.analysis.failures.error_meanings import Explanation
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.journal.records import ErrorDetails
from snakemake_logger_plugin_observe.run.model import Run

_RAISED: Final = re.compile(
    r"(?:ImproperOutput|ProtectedOutput|InputOpen|Rule)Exception|WorkflowError|SourceFileError"
    r"|FileNotFoundError"
)
"""What Snakemake raises about a job; to look up every exception of many failed jobs takes long."""
_ENDS_WELL: Final = "the same job ends well when Snakemake runs it again"


def error_of(run: Run, one: Failure) -> Explanation | None:
    """Return what Snakemake's own error about a failed job means; None if its tool failed.

    An error that the code of a rule raised may have the words of one of Snakemake's, so only kinds
    count that Snakemake finds out itself, and a missing script only if it is the job's.
    """
    message = one.decisive.message
    if one.cause not in ("exception", "other") or not message or not _RAISED.match(message):
        return None
    job = run.jobs.get(one.job_id) if one.job_id is not None else None
    found = error_meanings.explain(
        run.with_relative_paths(message),
        ErrorDetails(rule=one.rule),
        job.directories if job is not None else None,
    )
    script = run.relative(job.script) if job is not None and job.script else None
    is_script = script is not None and found.names(script)
    if not (is_script if found.kind == "missing_script" else found.of_jobs):
        return None
    return found if found.wrong_if else replace(found, wrong_if=_ENDS_WELL)
