"""The incident ladder on one run: symptom, scope, plan, changes, logs, class, next action.

Pure: what a folder or a live Snakemake adds is read by the command and handed in with the case.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.changed import changed
from snakemake_logger_plugin_observe.analysis.triage.detectors import DETECTORS
from snakemake_logger_plugin_observe.analysis.triage.gain import PredictedGain, predict_gain
from snakemake_logger_plugin_observe.analysis.triage.incident import Claim, Incident
from snakemake_logger_plugin_observe.analysis.triage.log_excerpts import (
    LogExcerpt,
    missing_evidence,
    quotes,
    settled,
)
from snakemake_logger_plugin_observe.analysis.triage.note import IncidentNote, note
from snakemake_logger_plugin_observe.analysis.triage.planned import planned
from snakemake_logger_plugin_observe.analysis.triage.scope import Scope, scope
from snakemake_logger_plugin_observe.analysis.triage.symptoms import Symptom, symptoms


@dataclass(frozen=True, slots=True)
class Triage:
    """What the ladder found, rung by rung."""

    symptoms: tuple[Symptom, ...]
    scope: Scope
    planned: tuple[Claim, ...]
    changed: tuple[Claim, ...]
    excerpts: tuple[LogExcerpt, ...]
    missing_evidence: tuple[Incident, ...]
    """Logs and benchmarks that rules of the incident should have: evidence that is missing."""
    incidents: tuple[Incident, ...]
    """Ranked by what they explain, the first first; none is an answer, too."""
    gain: PredictedGain | None
    """What the first one's action would bring; None where that cannot be told."""
    note: IncidentNote


def triage(case: Case) -> Triage:
    """Walk the ladder."""
    seen = symptoms(case)
    every = (one for detector in DETECTORS for one in detector.detect(case))
    found = rank(every, failed_jobs.for_good(case), run_failed=case.status == "failed")
    where = scope(case, found)
    read = quotes(case, where, found)
    found = settled(case, found)
    lacking = missing_evidence(case, where, found)
    won = predict_gain(case, found[0].action) if found else None
    return Triage(
        symptoms=seen,
        scope=where,
        planned=planned(case),
        changed=changed(case),
        excerpts=read,
        missing_evidence=lacking,
        incidents=found,
        gain=won,
        note=note(case, seen, where, found, read=read, lacking=lacking, won=won),
    )


def rank(
    found: Iterable[Incident], failed: Collection[int] = (), *, run_failed: bool = False
) -> tuple[Incident, ...]:
    """Return incidents by what they explain: failures first, those for good before all, then time.

    Args:
        found: the incidents.
        failed: the jobs that failed for good.
        run_failed: whether the run did: then jobs that succeeded in the end are not why.

    """

    def weight(one: Incident) -> tuple[int, int, int, str]:
        for_good = sum(1 for job_id in one.jobs if job_id in failed) if one.failures else 0
        recovered = 0 if run_failed else one.failures
        return -for_good, -recovered, -one.explains, one.id

    return tuple(sorted(found, key=weight))
