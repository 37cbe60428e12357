"""Jobs read what a failed job of an earlier run had left."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

CLASS: Final = "leftover_input"


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each failed job whose outputs were read."""
    for one in case.reruns:
        quote = f"input: {', '.join(case.run.jobs[one.example].input)}"
        evidence = case.side.at_job(one.example, quote)
        if one.kind == "leftover" and evidence:
            yield Incident(
                id=f"{CLASS}:{one.rules[0]}",
                incident_class=CLASS,
                where="storage and visibility",
                claim=one.claim,
                strength="certain",
                explains=min(one.time, case.run.makespan),
                failures=0,
                evidence=evidence,
                wrong_if=one.fix.wrong_if,
                action=Action(one.fix.text, one.fix.why),
                rules=one.rules,
                jobs=one.jobs,
            )
