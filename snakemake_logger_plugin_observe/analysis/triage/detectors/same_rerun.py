"""Jobs ran again though the work is the same: the same rerun every time, or for the same bytes."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Kind, Rerun
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.analysis.triage.rerun_incidents import incident, reason_of

CLASS: Final = "same_rerun"
_KINDS: Final[frozenset[Kind]] = frozenset({"drawn_anew", "reordered", "own_folder", "every_time"})


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each root cause that is no change of the work."""
    for one in case.reruns:
        in_vain = one.kind == "same_bytes" and one.ran_in_vain
        evidence = reason_of(case, one)
        if evidence and (one.kind in _KINDS or in_vain):
            yield incident(case, one, (CLASS, "workflow semantics"), evidence, _claim(case, one))


def _claim(case: Case, one: Rerun) -> str:
    if one.kind == "same_bytes":
        return one.claim
    facts = [f"{len(one.jobs):,} of {plural(len(case.run.jobs), 'job')} ran again"]
    if one.kind == "own_folder" and one.runs > 1:
        facts.append(f"in each of the last {one.runs} runs")
    if one.same_bytes:
        facts.append("the same bytes")
    facts.append(f"{one.time / 1e6:.1f} s")
    return f"{', '.join(facts)}: {one.claim}"
