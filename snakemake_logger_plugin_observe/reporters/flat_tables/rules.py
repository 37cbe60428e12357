"""The table of rules: one row each, those with the longest tools first."""

from collections.abc import Callable, Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.jobs.rule_totals import RuleTotals, rule_totals
from snakemake_logger_plugin_observe.analysis.jobs.rule_use import Spread
from snakemake_logger_plugin_observe.reporters.flat_tables.column import (
    Cell,
    Column,
    FlatTable,
    Kind,
)

_Of = Callable[[RuleTotals], Spread | None]


def _value(of: _Of, field: str, kind: Kind) -> Callable[[RuleTotals], Cell]:
    def value(rule: RuleTotals) -> Cell:
        spread = of(rule)
        if spread is None:
            return 0 if field == "jobs" else None
        found: float = getattr(spread, field)
        return round(found) if kind == "integer" else round(float(found), 6)

    return value


def _spread(name: str, unit: str, kind: Kind, what: str, of: _Of) -> Iterator[Column[RuleTotals]]:
    """Yield the columns of a figure: of how many jobs it is known, mean, min, max and sum."""
    known = f"of how many jobs {what} is known"
    yield Column(f"{name}_jobs", "integer", known, _value(of, "jobs", "integer"))
    for field, word in (("mean", "mean"), ("min", "least"), ("max", "most"), ("sum", "sum")):
        meaning = f"{what}: {word}"
        yield Column(f"{name}_{field}_{unit}", kind, meaning, _value(of, field, kind))


def _figure(name: str) -> _Of:
    return lambda rule: rule.figures.get(name)


def _peak(rule: RuleTotals) -> str | None:
    spread = rule.figures.get("memory_bytes")
    if spread is None:
        return None
    if spread.max_is_bound:
        return "at_most"
    return "at_least" if spread.is_least else "exact"


_MEMORY: Final = {
    f"memory_{field}_bytes": (field, word)
    for field, word in (("mean", "mean"), ("min", "least"), ("max", "most"))
}

TABLE: Final = FlatTable(
    rule_totals,
    (
        Column("rule", "text", "the rule", lambda rule: rule.rule),
        Column("jobs", "integer", "its jobs that have an attempt", lambda rule: rule.jobs),
        Column("succeeded", "integer", "those that succeeded", lambda rule: rule.succeeded),
        Column("attempts", "integer", "all attempts of its jobs", lambda rule: rule.attempts),
        Column(
            "failed_attempts",
            "integer",
            "those that failed or were lost",
            lambda rule: rule.failed_attempts,
        ),
        *_spread(
            "since_selected",
            "s",
            "number",
            "the time from selection to end",
            lambda rule: rule.since_selected_s,
        ),
        *_spread("compute", "s", "number", "the time of the tool", _figure("compute_s")),
        *_spread("cpu", "s", "number", "the CPU time of the tool", _figure("cpu_s")),
        Column(
            "memory_jobs",
            "integer",
            "of how many jobs the peak of memory is known",
            _value(_figure("memory_bytes"), "jobs", "integer"),
        ),
        *(
            Column(
                name,
                "integer",
                f"the peak of memory: {word}",
                _value(_figure("memory_bytes"), field, "integer"),
            )
            for name, (field, word) in _MEMORY.items()
        ),
        Column(
            "memory_max_is",
            "text",
            "whether that most is `exact`, `at_most` or `at_least`",
            _peak,
        ),
        *_spread("read", "bytes", "integer", "what the tool read", _figure("read_bytes")),
        *_spread("written", "bytes", "integer", "what the tool wrote", _figure("written_bytes")),
    ),
)
