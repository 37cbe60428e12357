"""The incident note: six fields to hand to a colleague, each claim with its citations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.live.summary import not_known, soon_noticed
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import STUCK
from snakemake_logger_plugin_observe.analysis.triage.gain import PredictedGain
from snakemake_logger_plugin_observe.analysis.triage.incident import Claim, Incident
from snakemake_logger_plugin_observe.analysis.triage.log_excerpts import LogExcerpt
from snakemake_logger_plugin_observe.analysis.triage.scope import Scope
from snakemake_logger_plugin_observe.analysis.triage.symptoms import Symptom
from snakemake_logger_plugin_observe.analysis.triage.unseen import unseen
from snakemake_logger_plugin_observe.pasting import Command, command, path, toml_key
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scope import UNENDED

_CITED: Final = 4
_OTHERS: Final = 4
_COMMAND: Final = "snakemake-observe"
_OF_RERUNS: Final = frozenset({"input_changed", "leftover_input", "same_rerun", "temp_made_again"})
"""Incidents that the runs before show: ``why`` explains them."""
_JOURNALS: Final = {
    "B": "the run's journal",
    "A": "its baseline's journal",
    "P": "a dry run's journal",
}
NONE_FOUND: Final = "no incident found"
UNEXPLAINED: Final = (
    "escalate: no detector explains the symptom; run the confirming command, and provide the "
    "missing evidence"
)


@dataclass(frozen=True, slots=True)
class IncidentNote:
    """The six fields of an incident note, each with one or more claims."""

    symptom: tuple[Claim, ...]
    affected_scope: tuple[Claim, ...]
    first_confirming_command: tuple[Claim, ...]
    evidence_consulted: tuple[Claim, ...]
    incident_class: tuple[Claim, ...]
    next_action: tuple[Claim, ...]

    def named_fields(self) -> Iterator[tuple[str, tuple[Claim, ...]]]:
        """Yield each field's name in words, and its claims."""
        for one in fields(self):
            yield one.name.replace("_", " "), getattr(self, one.name)


def note(
    case: Case,
    seen: Sequence[Symptom],
    affected: Scope,
    incidents: Sequence[Incident],
    *,
    excerpts: Sequence[LogExcerpt] = (),
    missing_evidence: Sequence[Incident] = (),
    gain: PredictedGain | None = None,
    faster: Sequence[Claim] = (),
) -> IncidentNote:
    """Return the note of a case, from the results of each step."""
    symptom = tuple(Claim(one.text, one.evidence) for one in seen)
    if not symptom:
        how = f"none: the run is healthy ({case.status})"
        if incidents:  # no sign of trouble in the run itself: only what it did shows it
            how = f"none in the run itself ({case.status})"
        symptom = (Claim(how, _end(case)),)
    return IncidentNote(
        symptom,
        (Claim(affected.text, affected.evidence),),
        (Claim("", commands=(_confirming(case, incidents[0] if incidents else None),)),),
        (
            *_consulted(case, incidents, excerpts),
            *(Claim(one.claim, one.evidence) for one in missing_evidence),
        ),
        tuple(_classes(incidents)),
        tuple(_actions(case, seen, incidents, gain, faster)),
    )


def _end(case: Case) -> tuple[Citation, ...]:
    return case.side.at_end(f"status: {case.status}") or case.side.at_start("the run")


def _confirming(case: Case, first: Incident | None) -> Command:
    """Return the command that confirms the first incident, or that shows a healthy run."""
    journal, baseline = case.journal, case.paths.get("A")
    if (case.failures and (first is None or first.failures)) or case.status == "failed":
        arguments, shows = ["jobs", "--failed", *journal], "what failed"
    elif (first is not None and first.failures) or case.status in UNENDED:  # jobs were cut off
        arguments, shows = ["jobs", *journal], "how far its jobs got"
    elif first is not None and first.incident_class in _OF_RERUNS:
        arguments, shows = ["why", *journal], "why its jobs ran"
    elif case.status == "nothing_to_do":
        arguments, shows = ["why", *journal], "why nothing had to run"
    elif baseline is not None:
        arguments, shows = ["compare", path(baseline), *journal], "what differs from the baseline"
    else:
        arguments, shows = ["cost", *journal], "where its time went"
    return command(_COMMAND, *arguments, purpose="confirms it" if first is not None else shows)


def _consulted(
    case: Case, incidents: Sequence[Incident], excerpts: Sequence[LogExcerpt]
) -> Iterator[Claim]:
    sides = (case.side, case.baseline_side, case.plan_side)
    for side in (one for one in sides if one is not None):
        journal = case.paths.get(side.name)
        own = f" {journal}" if journal else ""
        yield Claim(f"{_JOURNALS[side.name]}{own}", side.at_start(f"run: {_run_id(side.run)}"))
    for number, answered in enumerate(one for one in case.live_answers if not one.problem):
        question = "--summary" if answered.what == "summary" else f"--list-changes {answered.what}"
        if number:
            yield Claim(f"{answered.name}: the same with {question} instead of --quiet rules")
        else:
            yield Claim(answered.name, commands=(answered.command,))
    for excerpt in excerpts:
        if excerpt.evidence:
            yield Claim(f"{excerpt.kind} of {excerpt.job}", excerpt.evidence)
    shown = {e.ref for excerpt in excerpts for e in excerpt.evidence}
    others = [e for e in (incidents[0].evidence if incidents else ()) if e.kind != "journal"]
    for one in {e.ref: e for e in others if e.ref not in shown}.values():
        yield Claim(f"{one.kind}: {one.quote}", (one,))


def _run_id(run: Run) -> str:
    return run.started.run_id if run.started is not None else "unknown"


def _classes(incidents: Sequence[Incident]) -> Iterator[Claim]:
    if not incidents:
        yield Claim(NONE_FOUND)
        return
    first = incidents[0]
    label = f"{first.incident_class} (where: {first.where}), {first.strength}"
    yield Claim(f"{label}: {first.claim}", first.evidence[:_CITED])
    yield Claim(f"would be wrong if: {first.wrong_if}")
    for one in incidents[1 : 1 + _OTHERS]:
        yield Claim(f"also {one.incident_class}: {one.claim}", one.evidence[:_CITED])
    for one in incidents[1 + _OTHERS :][:1]:
        more = len(incidents) - 1 - _OTHERS
        yield Claim(f"and {more} more, including {one.incident_class}", one.evidence[:_CITED])


def _actions(
    case: Case,
    seen: Sequence[Symptom],
    incidents: Sequence[Incident],
    gain: PredictedGain | None,
    faster: Sequence[Claim],
) -> Iterator[Claim]:
    if not incidents:
        ended = [one for one in seen if one.id in ("killed", "interrupted")]
        if case.live is not None and (unknown := not_known(case.run, case.live)):
            yield Claim(unknown, seen[0].evidence if seen else ())
        elif case.live is not None and not seen and (wait := soon_noticed(case.run, case.live)):
            yield Claim(f"nothing to do so far: {wait}")
        elif case.status == "unknown":
            yield Claim("look on the run's own machine whether it still goes on", seen[0].evidence)
        elif ended and len(ended) == len(seen):
            yield Claim("nothing to do: all planned jobs had ended before", seen[0].evidence)
        else:
            done = "nothing to correct" if faster else "nothing to do"
            so_far = " so far" if case.status == "running" or case.live is not None else ""
            yield Claim(UNEXPLAINED if seen or case.failures else f"{done}{so_far}")
            yield from faster
            if not seen and not case.failures:
                yield from unseen(case)
        return
    first = incidents[0]
    action = first.action
    escalate = "escalate: " if action.escalate else ""
    text = f"{escalate}{action.text}, because {action.why}"
    yield Claim(text, first.evidence[:_CITED], action.commands)
    if gain is not None:
        shown = (gain.command,) if gain.command is not None else ()
        yield Claim(predicted(gain), first.evidence[:_CITED], shown)
    for one in others(incidents):
        text = f"then, for {subject(one)}: {one.action.text}"
        yield Claim(text, one.evidence[:_CITED], one.action.commands)
    yield from faster
    if first.check is not None:
        yield Claim(f"a check that catches it next time: {first.check}{_line_of(first.check)}")


def predicted(gain: PredictedGain) -> str:
    """Return what an action would save; ``gain.command``, if any, shows the details."""
    if gain.saves is None:
        return "the gain can be predicted" if gain.command else "how much that saves is not known"
    return f"predicted gain: {'at most ' if gain.at_most else ''}{gain.saves / 1e6:.1f} s"


def others(incidents: Sequence[Incident]) -> tuple[Incident, ...]:
    """Return the incidents after the first with a next step of their own.

    They explain failures, or why more of the run stands still.
    """
    return tuple(filter(_has_own_step, incidents[1:]))[:_OTHERS]


def not_named(incidents: Sequence[Incident]) -> tuple[Incident, ...]:
    """Return the incidents with a next step of their own, behind the few of ``others``."""
    return tuple(filter(_has_own_step, incidents[1:]))[_OTHERS:]


def _has_own_step(one: Incident) -> bool:
    return bool(one.failures) or one.incident_class == STUCK


def subject(one: Incident) -> str:
    """Return what an incident is about: jobs, its rules, or its class if it has none."""
    if one.about:
        return one.about
    return named(one.rules) if one.rules else one.incident_class


def _line_of(check: str) -> str:
    """Return a limit as the line of a check file."""
    for sign, table in ((" <= ", "max"), (" >= ", "min")):
        figure, separator, limit = check.rpartition(sign)
        if separator:
            name, dot, part = figure.partition(".")
            key = f"{name}.{toml_key(part)}" if dot else name
            return f" (in the check file: {table}.{key} = {limit})"
    return ""
