"""The last rung: six fields that could be handed to a colleague, each claim with its citation."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.gain import PredictedGain
from snakemake_logger_plugin_observe.analysis.triage.incident import Claim, Incident
from snakemake_logger_plugin_observe.analysis.triage.log_excerpts import LogExcerpt
from snakemake_logger_plugin_observe.analysis.triage.scope import Scope
from snakemake_logger_plugin_observe.analysis.triage.symptoms import Symptom
from snakemake_logger_plugin_observe.run.model import Run

_CITED: Final = 4
_OTHERS: Final = 4
_COMMAND: Final = "snakemake-observe"
_CALLED: Final = {"B": "the run's journal", "A": "its baseline's journal", "P": "a dry run's"}
NONE_FOUND: Final = "no incident found"
UNEXPLAINED: Final = (
    "escalate: nothing that is known here explains the symptom; "
    "read what the confirming command shows, and the evidence that was missing"
)


@dataclass(frozen=True, slots=True)
class IncidentNote:
    """An incident note; a field is one claim or several."""

    symptom: tuple[Claim, ...]
    affected_scope: tuple[Claim, ...]
    first_confirming_command: tuple[Claim, ...]
    evidence_consulted: tuple[Claim, ...]
    incident_class: tuple[Claim, ...]
    next_action: tuple[Claim, ...]

    def named_fields(self) -> Iterator[tuple[str, tuple[Claim, ...]]]:
        """Yield each field's name, as a person reads it, and its claims."""
        for one in fields(self):
            yield one.name.replace("_", " "), getattr(self, one.name)


def note(
    case: Case,
    seen: Sequence[Symptom],
    where: Scope,
    found: Sequence[Incident],
    *,
    read: Sequence[LogExcerpt] = (),
    lacking: Sequence[Incident] = (),
    won: PredictedGain | None = None,
) -> IncidentNote:
    """Return the note of a case, from what each rung found."""
    symptom = tuple(Claim(one.text, one.evidence) for one in seen)
    if not symptom:
        symptom = (Claim(f"none: the run was as it should be ({case.status})", _end(case)),)
    return IncidentNote(
        symptom,
        (Claim(where.text, where.evidence),),
        (Claim(_confirming(case, found[0] if found else None)),),
        (*_consulted(case, found, read), *(Claim(one.claim, one.evidence) for one in lacking)),
        tuple(_classes(found)),
        tuple(_actions(case, seen, found, won)),
    )


def _end(case: Case) -> tuple[Citation, ...]:
    return case.side.at_end(f"status: {case.status}") or case.side.at_start("the run")


def _confirming(case: Case, first: Incident | None) -> str:
    """Return the command that shows the incident by itself."""
    journal, baseline = case.paths.get("B"), case.paths.get("A")
    if (case.failures and (first is None or first.failures)) or case.status == "failed":
        words = ["jobs", "--failed", journal]
    elif first is not None and first.failures:  # of jobs that came to no end
        words = ["jobs", journal]
    elif baseline is not None:
        words = ["compare", baseline, journal]
    else:
        words = ["cost", journal]
    return shlex.join([_COMMAND, *(word for word in words if word is not None)])


def _consulted(
    case: Case, found: Sequence[Incident], read: Sequence[LogExcerpt]
) -> Iterator[Claim]:
    sides = (case.side, case.base, case.planned)
    for side in (one for one in sides if one is not None):
        path = case.paths.get(side.name)
        named = f" {path}" if path else ""
        yield Claim(f"{_CALLED[side.name]}{named}", side.at_start(f"run: {_run_id(side.run)}"))
    for number, answered in enumerate(one for one in case.asked if not one.problem):
        question = "--summary" if answered.what == "summary" else f"--list-changes {answered.what}"
        said = f"the same with {question} in place of --dry-run" if number else answered.command
        yield Claim(f"{answered.name}: {said}")
    for quote in read:
        if quote.evidence:
            yield Claim(f"{quote.kind} of {quote.job}", quote.evidence)
    told = {e.ref for quote in read for e in quote.evidence}
    others = [e for e in (found[0].evidence if found else ()) if e.kind != "journal"]
    for one in {e.ref: e for e in others if e.ref not in told}.values():
        yield Claim(f"{one.kind}: {one.quote}", (one,))


def _run_id(run: Run) -> str:
    return run.started.run_id if run.started is not None else "unknown"


def _classes(found: Sequence[Incident]) -> Iterator[Claim]:
    if not found:
        yield Claim(NONE_FOUND)
        return
    first = found[0]
    lives = f"{first.incident_class} (where: {first.where}), {first.strength}"
    yield Claim(f"{lives}: {first.claim}", first.evidence[:_CITED])
    yield Claim(f"would be wrong if: {first.wrong_if}")
    for one in found[1 : 1 + _OTHERS]:
        yield Claim(f"beside it {one.incident_class}: {one.claim}", one.evidence[:_CITED])
    for one in found[1 + _OTHERS :][:1]:
        more = len(found) - 1 - _OTHERS
        yield Claim(f"and {more} more, {one.incident_class} among them", one.evidence[:_CITED])


def _actions(
    case: Case, seen: Sequence[Symptom], found: Sequence[Incident], won: PredictedGain | None
) -> Iterator[Claim]:
    if not found:
        ended = [one for one in seen if one.id in ("killed", "interrupted")]
        if ended and len(ended) == len(seen):
            yield Claim("nothing to do: all that was planned had ended before", seen[0].evidence)
        else:
            yield Claim(UNEXPLAINED if seen or case.failures else "nothing to do")
        return
    first = found[0]
    action = first.action
    whom = "escalate: " if action.escalate else ""
    yield Claim(f"{whom}{action.text}, because {action.why}", first.evidence[:_CITED])
    if won is not None:
        yield Claim(predicted(won), first.evidence[:_CITED])
    for one in others(found):
        yield Claim(f"then, for {one.incident_class}: {one.action.text}", one.evidence[:_CITED])
    if first.check is not None:
        yield Claim(f"check that would catch it next time: {first.check}{_line_of(first.check)}")


def predicted(won: PredictedGain) -> str:
    """Return what an action would bring, as a sentence, with the command that tells more."""
    if won.saves is None:
        return f"what that would bring: {won.command}"
    return f"predicted gain: {won.saves / 1e6:.1f} s ({won.command})"


def others(found: Sequence[Incident]) -> tuple[Incident, ...]:
    """Return the incidents behind the first that explain failures of their own."""
    return tuple(one for one in found[1:] if one.failures)[:_OTHERS]


def _line_of(check: str) -> str:
    """Return a check as the line of a check file, where it is a limit."""
    for sign, table in ((" <= ", "max"), (" >= ", "min")):
        figure, found, limit = check.partition(sign)
        if found:
            return f" (in its file: {table}.{figure} = {limit})"
    return ""
