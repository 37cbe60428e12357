"""The steps of triage: symptoms, scope, plan, changes, logs, incidents, and the note."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.still_out import first_cancel, still_out
from snakemake_logger_plugin_observe.analysis.run_again import once_this_run_has_ended
from snakemake_logger_plugin_observe.analysis.triage import cluster_jobs, failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.changed import changed
from snakemake_logger_plugin_observe.analysis.triage.detectors import DETECTORS, killed_run, stuck
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import (
    KILLED,
    MISREPORTED,
    OF_FAILURES,
)
from snakemake_logger_plugin_observe.analysis.triage.gain import PredictedGain, predict_gain
from snakemake_logger_plugin_observe.analysis.triage.incident import Claim, Incident
from snakemake_logger_plugin_observe.analysis.triage.log_excerpts import (
    LogExcerpt,
    log_excerpts,
    missing_evidence,
    with_lasting_citations,
)
from snakemake_logger_plugin_observe.analysis.triage.note import IncidentNote, note
from snakemake_logger_plugin_observe.analysis.triage.planned import planned
from snakemake_logger_plugin_observe.analysis.triage.scope import Scope, scope
from snakemake_logger_plugin_observe.analysis.triage.symptoms import Symptom, symptoms
from snakemake_logger_plugin_observe.analysis.triage.tuning import advice_on, as_simulated, faster
from snakemake_logger_plugin_observe.run.model import Run

_CANCEL_BY_THEMSELVES: Final = (KILLED, MISREPORTED, stuck.CLASS)


@dataclass(frozen=True, slots=True)
class Triage:
    """The results of each step."""

    symptoms: tuple[Symptom, ...]
    scope: Scope
    planned: tuple[Claim, ...]
    changed: tuple[Claim, ...]
    excerpts: tuple[LogExcerpt, ...]
    missing_evidence: tuple[Incident, ...]
    """Affected rules without a log or a benchmark."""
    incidents: tuple[Incident, ...]
    """The first explains most; may be empty."""
    gain: PredictedGain | None
    """What the first incident's action would save; None if it is about failures, not time."""
    note: IncidentNote
    faster: tuple[Claim, ...] = ()
    """What would make the run faster, and no incident is about."""


def triage(case: Case) -> Triage:
    """Return what each step finds in *case*."""
    seen = symptoms(case)
    every = (one for detector in DETECTORS for one in detector.detect(case))
    never_succeeded = failed_jobs.never_succeeded(case)
    incidents = rank(every, never_succeeded, run_failed=case.status == "failed")
    advice = advice_on(case, incidents)
    incidents = cancelling_first(case.run, as_simulated(case, incidents, advice))
    if case.status == "running":
        incidents = tuple(map(_once_it_has_ended, incidents))
    affected = scope(case, incidents)
    excerpts = log_excerpts(case, affected, incidents)
    incidents = with_lasting_citations(case, incidents)
    lacking = missing_evidence(case, affected, incidents)
    incidents = within_the_run(case, incidents)
    gain = predict_gain(case, incidents[0]) if incidents else None
    quicker = faster(case, incidents, advice)
    return Triage(
        symptoms=seen,
        scope=affected,
        planned=planned(case),
        changed=changed(case),
        excerpts=excerpts,
        missing_evidence=lacking,
        incidents=incidents,
        gain=gain,
        note=note(
            *(case, seen, affected, incidents),
            excerpts=excerpts,
            missing_evidence=lacking,
            gain=gain,
            faster=quicker,
        ),
        faster=quicker,
    )


def _once_it_has_ended(one: Incident) -> Incident:
    return replace(one, action=replace(one.action, text=once_this_run_has_ended(one.action.text)))


def cancelling_first(run: Run, incidents: tuple[Incident, ...]) -> tuple[Incident, ...]:
    """Return *incidents*, the first with an action that cancels what the run left in the queue."""
    ids = still_out(run)
    if not ids or not incidents or incidents[0].incident_class in _CANCEL_BY_THEMSELVES:
        return incidents
    first = incidents[0]
    record = next(one.accounting for one in run.attempts.values() if one.accounting is not None)
    action = replace(
        first.action,
        text=f"{first_cancel(run)}{first.action.text}",
        commands=tuple(
            {
                one.line: one
                for one in (*cluster_jobs.commands(record.scheduler, ids), *first.action.commands)
            }.values()
        ),
    )
    return (replace(first, action=action), *incidents[1:])


def within_the_run(case: Case, incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    """Return incidents that explain no more time than passed: jobs that ran at once lost more."""
    most = case.run.makespan
    return tuple(replace(one, explains=min(one.explains, most)) for one in incidents)


def rank(
    incidents: Iterable[Incident],
    never_succeeded: Collection[int] = (),
    *,
    run_failed: bool = False,
) -> tuple[Incident, ...]:
    """Return incidents by what they explain: jobs that never succeeded, other failures, time.

    Before all, jobs of another run that write the same files, and why a run stands still: until
    that is gone, nothing else matters. Of a run that failed, what failed comes before where its
    time went. Of two that explain as much, one that only says that jobs were cut off comes second.
    One that stands for several ways of failing counts as each of them does on average.

    Args:
        incidents: the incidents.
        never_succeeded: the jobs that failed and did not recover.
        run_failed: whether the run failed; jobs that recovered do not explain that.

    """

    def weight(one: Incident) -> tuple[bool, bool, float, bool, float, float, bool, str]:
        failed = sum(1 for job_id in one.jobs if job_id in never_succeeded) if one.failures else 0
        recovered = 0 if run_failed else one.failures
        about_time = run_failed and not one.failures and one.incident_class not in OF_FAILURES
        return (
            one.id != killed_run.LEFT_BEFORE,
            *(one.incident_class != stuck.CLASS, -failed / one.ways, about_time),
            *(-recovered / one.ways, -one.explains / one.ways, one.cut_off, one.id),
        )

    return tuple(sorted(incidents, key=weight))
