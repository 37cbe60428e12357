"""Jobs read what a failed job of an earlier run had left, or it counts as up to date."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.analysis.triage.rerun_incidents import incident

CLASS: Final = "leftover_input"


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each failed job whose outputs were read."""
    for one in case.reruns:
        if one.kind == "leftover" and (evidence := _evidence(case, one)):
            yield incident(case, one, (CLASS, "storage and visibility"), evidence)


def _evidence(case: Case, one: Rerun) -> tuple[Citation, ...]:
    reader = case.run.jobs.get(one.example)
    if reader is not None:
        return case.side.at_job(one.example, f"input: {', '.join(reader.input)}")
    return case.side.at_event(case.run.planned, f"up to date: {named(one.files)}")
