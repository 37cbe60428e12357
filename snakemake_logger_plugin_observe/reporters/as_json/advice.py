"""What to change about a run, as plain values."""

from collections.abc import Iterable
from typing import Any

from snakemake_logger_plugin_observe.analysis.advice.advised import Advice, whatif
from snakemake_logger_plugin_observe.analysis.whatif.scenario import parse_scenario
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.pasting import path
from snakemake_logger_plugin_observe.reporters.answers import Source


def shape_advice(source: Source, found: Iterable[Advice] | None) -> list[dict[str, Any]] | None:
    """Return each piece of advice with what it would save; None if that is not known."""
    if found is None:
        return None
    journal = (path(str(source.path)),)
    return [
        {
            "kind": one.lever.kind,
            "change": one.lever.text,
            "why": one.lever.why,
            "saves_s": to_seconds(one.saves),
            "saves_between_s": None if one.between is None else [*map(to_seconds, one.between)],
            "at_most": one.lever.at_most,
            "rule": one.lever.rule,
            "settings": parse_scenario(one.lever.move).as_values(),
            "whatif": whatif(journal, one.lever.move, "").line if one.lever.move else None,
        }
        for one in found
    ]
