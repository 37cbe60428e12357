"""Jobs read what a failed job of an earlier run had left."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.analysis.triage.rerun_incidents import incident

CLASS: Final = "leftover_input"


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each failed job whose outputs were read."""
    for one in case.reruns:
        quote = f"input: {', '.join(case.run.jobs[one.example].input)}"
        evidence = case.side.at_job(one.example, quote)
        if one.kind == "leftover" and evidence:
            yield incident(case, one, (CLASS, "storage and visibility"), evidence)
