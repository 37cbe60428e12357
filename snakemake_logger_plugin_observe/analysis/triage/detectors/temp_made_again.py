"""A removed temporary file was made again for one more job, and finished jobs ran again."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.analysis.triage.rerun_incidents import incident, reason_of

CLASS: Final = "temp_made_again"


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each rule whose removed outputs made finished jobs run again."""
    for one in case.reruns:
        evidence = reason_of(case, one)
        if one.kind == "temp_again" and evidence and (one.ran_in_vain or case.is_large(one.time)):
            yield incident(case, one, (CLASS, "workflow semantics"), evidence)
