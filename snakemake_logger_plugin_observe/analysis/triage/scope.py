"""The second rung: which rules and samples it touches, one family or all."""

from collections.abc import Sequence
from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.evidence import Evidence
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident


@dataclass(frozen=True, slots=True)
class Scope:
    """What is touched: rules, how many of their jobs, and what these have in common."""

    text: str
    rules: tuple[str, ...]
    jobs: tuple[int, ...]
    evidence: tuple[Evidence, ...]


def scope(case: Case, found: Sequence[Incident]) -> Scope:
    """Return what the first incident touches, or what failed, or nothing."""
    rules = found[0].rules if found else ()
    if not rules:
        rules = tuple(dict.fromkeys(one.rule for one in case.failures if one.rule is not None))
    if not rules:
        return Scope("the whole run" if found else "nothing", (), (), case.side.at_start("the run"))
    jobs = [job for job in case.run.jobs.values() if job.rule in rules]
    everything = {job.rule for job in case.run.jobs.values()}
    text = f"{len(jobs):,} jobs of {', '.join(rules)}"
    if set(rules) == everything:
        text = f"all {len(everything)} rules"
    cited = tuple(
        one for job in jobs[:3] for one in case.side.at_job(job.job_id, f"rule: {job.rule}")
    )
    return Scope(text.replace("1 jobs", "1 job"), rules, tuple(j.job_id for j in jobs), cited)
