"""What failures that recovered on a retry have in common, rule by rule."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.signatures import all_alike, signature
from snakemake_logger_plugin_observe.run.model import Run

Pattern = Literal["every_job", "flaky", "some"]

_FLAKY_AMONG: Final = 3
"""With fewer jobs than this, a rule is not called flaky."""


@dataclass(frozen=True, slots=True)
class RulePattern:
    """What the jobs of one rule that failed and recovered have in common."""

    rule: str
    jobs: int
    """How many jobs of the rule ran."""
    failed_first: int
    """How many failed the first time that they ran."""
    recovered: int
    """How many failed, and succeeded in the end."""
    succeeded_on: int | None
    """The attempt on which they all succeeded; None if these differ."""
    pattern: Pattern
    """``every_job``: all jobs, two or more, failed first and in the same way, so the failure is
    deterministic; ``flaky``: few jobs of many failed; ``some``: neither."""
    example: Failure


def rule_patterns(run: Run, failures: Iterable[Failure]) -> tuple[RulePattern, ...]:
    """Return the pattern of each rule with a job that failed and succeeded in the end."""
    jobs: dict[str, set[int]] = {}
    for attempt in run.attempts.values():
        rule = run.rule_of(attempt)
        if rule is not None and attempt.job_id is not None and attempt.status != "cached":
            jobs.setdefault(rule, set()).add(attempt.job_id)
    by_rule: dict[str, list[Failure]] = {}
    for one in failures:
        if one.rule is not None:
            by_rule.setdefault(one.rule, []).append(one)
    return tuple(
        _pattern(rule, len(jobs[rule]), of_rule)
        for rule, of_rule in by_rule.items()
        if any(one.outcome == "succeeded" for one in of_rule)
    )


def failing_in_every_job(patterns: Iterable[RulePattern]) -> frozenset[str]:
    """Return the rules in which every job failed at first, in the same way."""
    return frozenset(one.rule for one in patterns if one.pattern == "every_job")


def _pattern(rule: str, jobs: int, of_rule: list[Failure]) -> RulePattern:
    recovered = [one for one in of_rule if one.outcome == "succeeded"]
    first = [one for one in recovered if one.failed_first]
    alike = all_alike(signature(one.occurrences[0], one.wildcards) for one in first)
    pattern: Pattern = "some"
    if len(first) == jobs and alike:
        pattern = "every_job"
    elif jobs >= _FLAKY_AMONG and len(of_rule) * 2 < jobs:
        pattern = "flaky"
    attempts = {one.succeeded_on for one in recovered}
    return RulePattern(
        rule=rule,
        jobs=jobs,
        failed_first=sum(1 for one in of_rule if one.failed_first),
        recovered=len(recovered),
        succeeded_on=attempts.pop() if len(attempts) == 1 else None,
        pattern=pattern,
        example=recovered[0],
    )
