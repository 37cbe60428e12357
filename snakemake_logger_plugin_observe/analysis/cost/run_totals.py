"""What a run's last line says of its jobs and its rules, so that a list of runs reads no more."""

from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.account import Account
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.journal.records import JobTally, RuleTimes
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scope import job_counts

_MOST_RULES: Final = 100


def job_tally(run: Run) -> JobTally:
    """Return how far the jobs of *run* got by its end."""
    counts = job_counts(run)
    return JobTally(
        planned=counts.planned,
        up_to_date=counts.up_to_date,
        done=counts.done,
        failed=counts.failed,
        cancelled=counts.cancelled,
        in_flight=counts.in_flight,
        not_reached=counts.not_reached,
    )


def rule_times(accounts: Account) -> dict[str, RuleTimes]:
    """Return what the jobs of each rule took, the costliest rules first."""
    found: dict[str, RuleTimes] = {}
    for share in accounts.rules:
        if share.rule is None or len(found) == _MOST_RULES:
            continue
        compute = None if share.by_phase.get("unobserved") else share.by_phase.get("compute")
        found[share.rule] = RuleTimes(
            jobs=share.jobs,
            total_s=to_seconds(share.total - share.by_phase.get("slot_wait", 0)),
            compute_s=to_seconds(compute) if compute is not None else None,
        )
    return found
