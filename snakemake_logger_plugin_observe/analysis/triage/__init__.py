"""The incident ladder on one run: symptom, scope, plan, changes, logs, class, next action.

Pure: what a folder or a live Snakemake adds is read by the command and handed in with the case.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.changed import changed
from snakemake_logger_plugin_observe.analysis.triage.claim import Claim
from snakemake_logger_plugin_observe.analysis.triage.detectors import DETECTORS
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.analysis.triage.note import Note, note
from snakemake_logger_plugin_observe.analysis.triage.planned import planned
from snakemake_logger_plugin_observe.analysis.triage.quotes import Quote, quotes, settled, unproved
from snakemake_logger_plugin_observe.analysis.triage.scope import Scope, scope
from snakemake_logger_plugin_observe.analysis.triage.symptoms import Symptom, symptoms
from snakemake_logger_plugin_observe.attempt import FINAL


@dataclass(frozen=True, slots=True)
class Triage:
    """What the ladder found, rung by rung."""

    symptoms: tuple[Symptom, ...]
    scope: Scope
    planned: tuple[Claim, ...]
    changed: tuple[Claim, ...]
    quotes: tuple[Quote, ...]
    unproved: tuple[Incident, ...]
    """Logs and benchmarks that rules of the incident should have: evidence that is missing."""
    incidents: tuple[Incident, ...]
    """Ranked by what they explain, the first first; none is an answer, too."""
    note: Note


def triage(case: Case) -> Triage:
    """Walk the ladder."""
    seen = symptoms(case)
    found = rank(case, (one for detector in DETECTORS for one in detector.detect(case)))
    where = scope(case, found)
    read = quotes(case, where, found)
    found = settled(case, found)
    lacking = unproved(case, where, found)
    return Triage(
        symptoms=seen,
        scope=where,
        planned=planned(case),
        changed=changed(case),
        quotes=read,
        unproved=lacking,
        incidents=found,
        note=note(case, seen, where, found, read=read, lacking=lacking),
    )


def rank(case: Case, found: Iterable[Incident]) -> tuple[Incident, ...]:
    """Return incidents by what they explain: what failed for good, failures, then seconds."""
    lasted = (one for one in case.failures if one.outcome != "succeeded")
    for_good = set(failed_jobs.jobs(case, lasted))
    for_good |= {
        one.job_id
        for one in case.run.attempts.values()
        if one.job_id is not None and one.status not in FINAL
    }
    rules = Counter(job.rule for job_id in for_good if (job := case.run.jobs.get(job_id)))

    def lasting(one: Incident) -> int:
        if not one.failures:
            return 0
        return (
            len(for_good.intersection(one.jobs))
            if one.jobs
            else sum(rules[rule] for rule in one.rules)
        )

    return tuple(
        sorted(found, key=lambda one: (-lasting(one), -one.failures, -one.explains, one.id))
    )
