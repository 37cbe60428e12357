"""What the jobs of each rule took and used: mean, minimum, maximum and sum."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.jobs.resource_use import ResourceUse, resource_use
from snakemake_logger_plugin_observe.run.model import Run


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure of several jobs: seconds or bytes."""

    jobs: int
    """Of how many jobs it is known."""
    mean: float
    min: float
    max: float
    sum: float
    is_bound: bool = False
    """Whether of some of them only an upper bound is known, and so of mean, min and sum."""
    max_is_bound: bool = False
    """Whether the largest is such a bound."""
    is_least: bool = False
    """Whether of some of them only a lower bound is known, and so of mean and max."""


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """The figures of a rule's jobs that succeeded."""

    rule: str
    jobs: int
    figures: dict[str, Spread | None]
    """By name, of those in ``FIGURES``; None where no job's is known."""


FIGURES: Final[dict[str, Callable[[ResourceUse], float | None]]] = {
    "compute_s": lambda use: use.compute_s,
    "cpu_s": lambda use: use.cpu_s,
    "memory_bytes": lambda use: use.memory_peak_bytes,
    "read_bytes": lambda use: use.read_bytes,
    "written_bytes": lambda use: use.written_bytes,
}
"""The figures of a job: its tool's seconds, CPU seconds, peak of memory, bytes read and written."""


def rule_uses(run: Run, rules: Iterable[str] | None = None) -> list[RuleFigures]:
    """Return what the jobs of each rule used (of *rules* only, if given), the longest tools first.

    Of a job that was tried again, the attempt that succeeded counts.
    """
    by_rule: dict[str, list[ResourceUse]] = {}
    wanted = None if rules is None else set(rules)
    for attempt in run.attempts.values():
        rule = run.rule_of(attempt)
        if rule is None or attempt.status != "success" or (wanted and rule not in wanted):
            continue
        use = resource_use(run, attempt)
        if not use.ran_nothing:
            by_rule.setdefault(rule, []).append(use)
    found = [
        RuleFigures(rule, len(uses), {name: _spread(name, uses) for name in FIGURES})
        for rule, uses in by_rule.items()
    ]
    return sorted(found, key=_tools_time, reverse=True)


def _tools_time(one: RuleFigures) -> float:
    spread = one.figures["compute_s"]
    return spread.sum if spread is not None else 0


def _spread(name: str, uses: list[ResourceUse]) -> Spread | None:
    of_all = ((use, FIGURES[name](use)) for use in uses)
    of_memory = name == "memory_bytes"
    known = [
        (value, of_memory and use.memory_peak_is_bound)
        for use, value in of_all
        if value is not None
    ]
    if not known:
        return None
    values = [value for value, _ in known]
    total = sum(values)
    return Spread(
        len(values),
        total / len(values),
        min(values),
        max(values),
        total,
        is_bound=any(bound for _, bound in known),
        max_is_bound=max(known)[1],
        is_least=of_memory and any(use.memory_peak_is_least for use in uses),
    )
