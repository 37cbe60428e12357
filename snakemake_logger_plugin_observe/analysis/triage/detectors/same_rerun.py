"""Jobs ran again though the work is the same: the same rerun every time, or for the same bytes."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.reruns.rerun import EVERY_TIME
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.analysis.triage.rerun_incidents import incident, reason_of

CLASS: Final = "same_rerun"


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each root cause that is no change of the work."""
    for one in case.reruns:
        evidence = reason_of(case, one)
        if evidence and one.needless and (one.kind in EVERY_TIME or one.kind == "same_bytes"):
            claim = one.in_short(len(case.run.jobs))
            yield incident(case, one, (CLASS, "workflow semantics"), evidence, claim)
