"""The last rung: six fields that could be handed to a colleague, each claim with its citation."""

from collections.abc import Sequence
from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.evidence import Evidence
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.analysis.triage.scope import Scope
from snakemake_logger_plugin_observe.analysis.triage.symptoms import Symptom

_CITED = 4


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a note: what it says, and where that can be looked up."""

    text: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """An incident note."""

    symptom: Field
    affected_scope: Field
    first_confirming_command: Field
    evidence_consulted: Field
    incident_class: Field
    next_action: Field


def note(case: Case, seen: Sequence[Symptom], where: Scope, found: Sequence[Incident]) -> Note:
    """Return the note of a case, from what each rung found."""
    first = found[0] if found else None
    symptom = Field("; ".join(one.text for one in seen), tuple(e for s in seen for e in s.evidence))
    if not seen:
        symptom = Field("none: the run was as it should be", case.side.at_end("status"))
    consulted = [case.side.at_start("the run")]
    if case.base is not None:
        consulted.append(case.base.at_start("the baseline"))
    cited = tuple(e for some in consulted for e in some)
    if first is None:
        return Note(
            symptom,
            Field(where.text, where.evidence),
            Field("snakemake-observe cost"),
            Field("journal B" + (" and its baseline A" if case.base else ""), cited),
            Field("no incident found"),
            Field("nothing to do"),
        )
    return Note(
        symptom,
        Field(where.text, where.evidence),
        Field(_confirming(first)),
        Field(
            ", ".join(dict.fromkeys(e.ref for e in first.evidence)),
            (*cited, *first.evidence[:_CITED]),
        ),
        Field(f"{first.incident_class} (lives in: {first.lives_in})", first.evidence[:_CITED]),
        Field(f"{first.action.text}: {first.action.why}", first.evidence[:_CITED]),
    )


def _confirming(first: Incident) -> str:
    """Return the command that shows the incident by itself."""
    if first.failures:
        return "snakemake-observe jobs --failed"
    return (
        "snakemake-observe compare"
        if first.id.startswith("discovery")
        else "snakemake-observe cost"
    )
