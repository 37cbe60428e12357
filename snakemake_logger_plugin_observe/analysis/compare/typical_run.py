"""A workflow's typical run, over its history: what a runbook expects of the next one."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.lineage import Lineage
from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.journal.events import JobDescribed, RunFinished
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import CLASSES

_RULES: Final = 6
_PRODUCTS: Final = 6
_MANIFESTS_SHOWN: Final = 3
MANIFESTS: Final = (".sha256", ".md5", ".sha1")
_HANDLING: Final = frozenset(
    {"submit", "job_script", "node_startup", "node_plan", "node_exit", "poll_wait"}
)


@dataclass(frozen=True, slots=True)
class RuleUse:
    """The typical times of a rule's jobs, and their log and benchmark."""

    rule: str
    jobs: int
    compute_s: float | None
    """Median per job."""
    handling_s: float
    """Median per job: submission, start on the node, and the wait for a status check."""
    log: str | None
    """A path with wildcards in braces; None if the rule has no log."""
    benchmark: str | None


@dataclass(frozen=True, slots=True)
class TypicalRun:
    """A workflow's typical run, and its extremes so far."""

    runs: int
    makespan_s: float
    longest_s: float
    jobs: int
    failed_attempts: int
    """The most that a successful run had."""
    by_class_s: dict[str, float]
    """Medians by cost class; classes without time are left out."""
    rules: tuple[RuleUse, ...]
    """The most expensive first."""
    products: tuple[str, ...]
    """Outputs that no job reads: the files that the workflow is for."""
    product_count: int
    manifests: tuple[str, ...] = ()
    """Outputs that are lists of checksums."""


def typical_run(run: Run, ended: Sequence[RunFinished]) -> TypicalRun:
    """Return the typical run of a workflow.

    Args:
        run: a run whose jobs serve as examples.
        ended: the last events of all runs that did the same amount of work, including it.

    """
    lengths = [one.makespan_s for one in ended if one.makespan_s is not None]
    lengths = lengths or [to_seconds(run.makespan)]
    by_class = {
        name: median(one.makespan.by_class_s.get(name, 0.0) for one in ended) if ended else 0.0
        for name in CLASSES
    }
    lineage = Lineage(run)
    products, makers = lineage.products, lineage.makers
    return TypicalRun(
        runs=max(1, len(ended)),
        makespan_s=median(lengths),
        longest_s=max(lengths),
        jobs=len(run.jobs),
        failed_attempts=max((one.failed_attempts for one in ended), default=0),
        by_class_s={name: spent for name, spent in by_class.items() if spent >= 0.0005},
        rules=_rules(run),
        products=tuple(products[:_PRODUCTS]),
        product_count=len(products),
        manifests=tuple(path for path in makers if path.endswith(MANIFESTS))[:_MANIFESTS_SHOWN],
    )


def _rules(run: Run) -> tuple[RuleUse, ...]:
    costliest = [share.rule for share in account(run).rules if share.rule is not None]
    found: list[RuleUse] = []
    for rule in costliest:
        jobs = [job for job in run.jobs.values() if job.rule == rule]
        if not any(job.output for job in jobs):
            continue
        attempts = [one for one in run.attempts.values() if run.rule_of(one) == rule]
        tools = [one.phases["compute"] for one in attempts if "compute" in one.phases]
        handled = [sum(one.phases.get(p, 0) for p in _HANDLING) for one in attempts]
        found.append(
            RuleUse(
                rule,
                len(jobs),
                median(tools) / 1e6 if tools else None,
                median(handled) / 1e6 if handled else 0.0,
                _pattern(jobs[0], jobs[0].log[0]) if jobs[0].log else None,
                _pattern(jobs[0], jobs[0].benchmark) if jobs[0].benchmark else None,
            )
        )
    return tuple(found[:_RULES])


def _pattern(job: JobDescribed, path: str) -> str:
    """Return *path* with wildcard names in place of their values, the longest value first."""
    for name, value in sorted(job.wildcards.items(), key=lambda item: -len(item[1])):
        if value:
            path = path.replace(value, f"{{{name}}}")
    return path
