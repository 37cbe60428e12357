"""Each rule of a run: its jobs and attempts, how they ended, and what those that succeeded took."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from snakemake_logger_plugin_observe.analysis.jobs.rule_use import (
    FIGURES,
    RuleFigures,
    Spread,
    rule_uses,
)
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.run.attempt import FAILED, Attempt
from snakemake_logger_plugin_observe.run.model import Run


@dataclass(frozen=True, slots=True)
class RuleTotals:
    """The jobs of one rule that were begun in a run."""

    rule: str
    jobs: int
    """How many of them have an attempt, which may still wait."""
    succeeded: int
    attempts: int
    failed_attempts: int
    since_selected_s: Spread | None = None
    """From their selection to their end, of the attempts that succeeded."""
    figures: dict[str, Spread | None] = field(default_factory=dict)
    """By name, as in ``FIGURES``, of the attempts that succeeded and ran a command."""


def rule_totals(run: Run) -> list[RuleTotals]:
    """Return the totals of each rule with an attempt, those with the longest tools first."""
    by_rule: dict[str, list[Attempt]] = {}
    for attempt in run.attempts.values():
        rule = run.rule_of(attempt)
        if rule is not None:
            by_rule.setdefault(rule, []).append(attempt)
    figures = {one.rule: one for one in rule_uses(run)}
    known = [*(rule for rule in figures if rule in by_rule), *sorted(by_rule.keys() - figures)]
    return [_totals(rule, by_rule[rule], figures.get(rule)) for rule in known]


def _totals(rule: str, attempts: Sequence[Attempt], known: RuleFigures | None) -> RuleTotals:
    succeeded = [one for one in attempts if one.status == "success"]
    lengths = [to_seconds(one.since_selected) for one in succeeded if one.segments]
    return RuleTotals(
        rule,
        jobs=len({one.job_id for one in attempts}),
        succeeded=len({one.job_id for one in succeeded}),
        attempts=len(attempts),
        failed_attempts=sum(one.status in FAILED for one in attempts),
        since_selected_s=_spread(lengths),
        figures=known.figures if known is not None else dict.fromkeys(FIGURES),
    )


def _spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    total = sum(values)
    return Spread(len(values), total / len(values), min(values), max(values), total)
