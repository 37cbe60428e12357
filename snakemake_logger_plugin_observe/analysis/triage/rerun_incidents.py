"""How a finding about jobs that ran again becomes an incident."""

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Boundary, Incident


def incident(
    case: Case,
    one: Rerun,
    kind: tuple[str, Boundary],
    evidence: tuple[Citation, ...],
    claim: str | None = None,
) -> Incident:
    """Return a finding as an incident of a class, with its fix as the action.

    Args:
        case: the run.
        one: the finding.
        kind: the id of the class, and the boundary that it is about.
        evidence: the lines that show it.
        claim: what it is, if not as the finding says.

    """
    incident_class, where = kind
    return Incident(
        id=f"{incident_class}:{one.rules[0] if one.rules else one.kind}",
        incident_class=incident_class,
        where=where,
        claim=claim or one.claim,
        strength="certain" if one.certain else "likely",
        explains=min(one.time, case.run.makespan),
        failures=0,
        evidence=evidence,
        wrong_if=one.fix.wrong_if,
        action=Action(one.fix.text, one.fix.why, commands=one.commands),
        rules=one.rules,
        jobs=one.jobs,
    )


def reason_of(case: Case, one: Rerun) -> tuple[Citation, ...]:
    """Cite why the finding's example ran; empty if its journal line is not known."""
    job = case.run.jobs.get(one.example)
    return case.side.at_event(job, (job.reason if job is not None else None) or "")
