"""What changed between two runs: their settings, their workflow's files, and their jobs.

These are facts; ``same_work`` judges them. A fact that one of the journals lacks (older versions
recorded fewer) is not compared.
"""

from snakemake_logger_plugin_observe.analysis.citations import CitedRun
from snakemake_logger_plugin_observe.analysis.compare.change import Change
from snakemake_logger_plugin_observe.analysis.compare.job_differences import of_jobs
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Match, match
from snakemake_logger_plugin_observe.analysis.compare.run_differences import of_runs
from snakemake_logger_plugin_observe.analysis.compare.source_differences import of_data, of_sources
from snakemake_logger_plugin_observe.run.model import Run


def changes(before: Run, after: Run, found: Match | None = None) -> tuple[Change, ...]:
    """Return what differs between two runs: first the run's own facts, then by rule.

    Args:
        before: run A.
        after: run B.
        found: their matched jobs, if known already.

    """
    sides = (CitedRun("A", before), CitedRun("B", after))
    found = found or match(before, after)
    return (
        *of_runs(*sides),
        *of_sources(*sides),
        *of_data(*sides),
        *of_jobs(*sides, found.pairs),
    )
