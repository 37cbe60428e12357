"""A removed temporary file was made again for one more job, and finished jobs ran again."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

CLASS: Final = "temp_made_again"


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each rule whose removed outputs made finished jobs run again."""
    for one in case.reruns:
        evidence = case.side.at_job(one.example, case.run.jobs[one.example].reason or "")
        if one.kind == "temp_again" and evidence and (one.ran_in_vain or case.is_large(one.time)):
            yield Incident(
                id=f"{CLASS}:{one.rules[0]}",
                incident_class=CLASS,
                where="workflow semantics",
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
