"""The attempts in which some phases took longest: whom to name, and what to cite."""

from collections.abc import Iterable

from snakemake_logger_plugin_observe.analysis.evidence import Evidence
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.attempt import Attempt
from snakemake_logger_plugin_observe.clock import Micros

_CITED = 3


def spent_in(attempt: Attempt, phases: Iterable[str]) -> Micros:
    """Return what *phases* took of an attempt."""
    return sum(attempt.phases.get(phase, 0) for phase in phases)


def spenders(case: Case, phases: Iterable[str]) -> list[Attempt]:
    """Return the attempts in which *phases* took any time, the longest first."""
    wanted = tuple(phases)
    found = [(spent_in(attempt, wanted), attempt) for attempt in case.run.attempts.values()]
    return [one for took, one in sorted(found, key=lambda each: -each[0]) if took]


def rules_of(case: Case, attempts: Iterable[Attempt]) -> tuple[str, ...]:
    """Return the rules of *attempts*, in their order; groups have none."""
    names = (case.run.rule_of(attempt) for attempt in attempts)
    return tuple(dict.fromkeys(name for name in names if name is not None))


def cite(case: Case, attempts: Iterable[Attempt], *phases: str) -> tuple[Evidence, ...]:
    """Cite the first of *attempts*, with what *phases* took of each."""
    cited: list[Evidence] = []
    for attempt in list(attempts)[:_CITED]:
        told = (f"{p}: {attempt.phases[p] / 1e6:.2f} s" for p in phases if p in attempt.phases)
        cited.extend(case.side.at_line(attempt.line, ", ".join(told)))
    return tuple(cited)


def half_of(case: Case, micros: Micros) -> float:
    """Return half of what was spent as a share of the makespan: a limit to keep to next time."""
    return round(max(0.05, micros / 2 / max(1, case.run.makespan)), 2)
