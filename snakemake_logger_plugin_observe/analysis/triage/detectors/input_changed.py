"""An input was changed while its job ran, and what was made of it counts as up to date."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.analysis.triage.rerun_incidents import incident

CLASS: Final = "input_changed"


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each input that was changed while its jobs ran."""
    for one in case.reruns:
        if one.kind == "changed_input" and (evidence := _evidence(case, one)):
            yield incident(case, one, (CLASS, "operating context"), evidence)


def _evidence(case: Case, one: Rerun) -> tuple[Citation, ...]:
    for attempt in case.run.attempts.values():
        found = attempt.changed_inputs
        if attempt.job_id == one.example and found is not None:
            file = next((file for file in found.files if file.path in one.files), None)
            if file is not None:
                quote = f"{file.path}: {file.bytes_before} → {file.bytes} bytes"
                return case.side.at_event(found, quote)
    return case.side.at_event(
        case.run.planned, f"read by jobs that are up to date: {named(one.files)}"
    )
