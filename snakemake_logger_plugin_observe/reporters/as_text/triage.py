"""The text of ``triage``: the incident, the seven steps, and a command that confirms it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.phrasing import cut, named, plural
from snakemake_logger_plugin_observe.analysis.triage.incident import Claim, Incident
from snakemake_logger_plugin_observe.analysis.triage.log_excerpts import LogExcerpt
from snakemake_logger_plugin_observe.analysis.triage.note import (
    not_named,
    others,
    predicted,
    subject,
)
from snakemake_logger_plugin_observe.analysis.triage.steps import Triage
from snakemake_logger_plugin_observe.pasting import Command
from snakemake_logger_plugin_observe.reporters.answers import TriageAnswer
from snakemake_logger_plugin_observe.reporters.as_text import live
from snakemake_logger_plugin_observe.reporters.as_text.common import (
    ending,
    head,
    next_command,
    reader,
    warnings,
)
from snakemake_logger_plugin_observe.reporters.claims import citations
from snakemake_logger_plugin_observe.reporters.tables import plain_table
from snakemake_logger_plugin_observe.reporters.words import clock_time, duration, harmless

_CHANGES: Final = 6
_INCIDENTS: Final = 4
_RULES: Final = 3
_LONGEST: Final = 400


def parts(answer: TriageAnswer, width: int) -> list[RenderableType]:
    """Return the answer, part by part."""
    found: list[RenderableType] = [*head(answer.source), *_compared_with(answer), Text()]
    found += [_headline(answer), Text(), *live.parts(answer.source), _steps(answer), Text()]
    baseline = answer.baseline.problems if answer.baseline is not None else ()
    found += warnings([*answer.missing, *answer.source.problems, *baseline])
    return ending(found, *_last(answer))


def _compared_with(answer: TriageAnswer) -> list[RenderableType]:
    lines: list[RenderableType] = []
    if answer.baseline is not None:
        run = answer.baseline.run
        when = clock_time(run.start) if run.start is not None else "unknown start"
        owner = answer.baseline.owner
        by = f" · by {owner}" if owner is not None else ""
        text = f"  A  the baseline: {when} · {duration(run.makespan)}{by} · {answer.baseline.path}"
        lines.append(Text(harmless(text), "dim", no_wrap=True))
    if path := answer.paths.get("P"):
        lines.append(Text(harmless(f"  P  a dry run: {path}"), "dim", no_wrap=True))
    return lines


def _headline(answer: TriageAnswer) -> Text:
    """Return the answer in one sentence."""
    if not answer.triage.incidents:
        goes_on = answer.source.status == "running" or answer.source.live is not None
        so_far = " so far" if goes_on else ""
        if answer.triage.symptoms:
            return Text(f"No incident found{so_far}, but there are symptoms.", "bold yellow")
        return Text(f"No incident found{so_far}.", "bold green")
    first = answer.triage.incidents[0]
    text = f"{first.incident_class} ({first.strength}): {first.claim}"
    return Text(harmless(text), "bold red")


def _steps(answer: TriageAnswer) -> Table:
    found = answer.triage
    table = plain_table(header=False)
    table.add_column("step", no_wrap=True)
    table.add_column("claim", overflow="fold")
    symptoms = [Claim(one.text, one.evidence) for one in found.symptoms] or [Claim("none")]
    steps: list[tuple[str, Iterable[Text]]] = [
        ("symptom", map(_line, symptoms)),
        ("affected scope", [_line(Claim(found.scope.text, found.scope.evidence))]),
        ("planned work", _or_unknown(found.planned, "unknown")),
        ("what changed", _first(found.changed)),
        ("logs, benchmarks", _quotes(found.excerpts, found.missing_evidence)),
        ("incident class", _classes(found.incidents)),
        ("next action", _actions(found)),
    ]
    for number, (name, lines) in enumerate(steps, 1):
        for place, line in enumerate(lines):
            table.add_row(Text(f"{number} {name}" if not place else "", "bold"), line)
    return table


def _line(claim: Claim) -> Text:
    text = " ".join(claim.text.split())
    line = Text(harmless(cut(text, _LONGEST)))
    if cited := citations(claim):
        line.append(harmless(f"  {' '.join(cited)}"), "dim")
    return line


def _or_unknown(claims: Sequence[Claim], unknown: str) -> Iterator[Text]:
    yield from map(_line, claims)
    if not claims:
        yield Text(unknown, "dim")


def _first(claims: Sequence[Claim]) -> Iterator[Text]:
    shown = claims if len(claims) <= _CHANGES + 1 else claims[:_CHANGES]
    yield from _or_unknown(shown, "unknown without a baseline; add --baseline JOURNAL or --live")
    if more := len(claims) - len(shown):
        yield Text(f"… and {more} more (--format json)", "dim")


def _quotes(quotes: Sequence[LogExcerpt], missing_evidence: Sequence[Incident]) -> Iterator[Text]:
    if not quotes and not missing_evidence:
        yield Text("none read", "dim")
    for one in quotes:
        if one.text is None:
            yield Text(harmless(f"{one.path}: {one.problem}"), "dim")
            if one.advice is not None:
                yield Text(harmless(f"  {one.advice}"))
            continue
        where = one.path if one.line is None else f"{one.path}:{one.line}"
        of_attempt = f" of attempt {one.attempt}" if one.attempt is not None else ""
        line = Text(harmless(f"{where}{of_attempt}"))
        text = " ".join((one.figures or one.text).split())
        line.append(harmless(f"  {text[:_LONGEST]}"), "dim")
        yield line
    yield from (_line(Claim(one.claim, one.evidence)) for one in missing_evidence[:_RULES])
    if (more := len(missing_evidence) - _RULES) > 0:
        yield Text(f"… and {plural(more, 'more rule')} without (--format json)", "dim")


def _classes(found: Sequence[Incident]) -> Iterator[Text]:
    if not found:
        yield Text("no incident found")
    for one in found[:_INCIDENTS]:
        explains = f", explains {_explained(one)}" if one.explains or one.failures else ""
        claim = f"{one.incident_class} (where: {one.where}), {one.strength}{explains}"
        yield _line(Claim(f"{claim}: {one.claim}", one.evidence[:3]))
        yield Text(harmless(f"  would be wrong if: {one.wrong_if}"), "dim")
    if len(found) > _INCIDENTS:
        yield Text(f"… and {len(found) - _INCIDENTS} more (--format json)", "dim")


def _explained(one: Incident) -> str:
    jobs = "job" if one.failures == 1 else "jobs"
    many = (
        f"{one.failures:,} {jobs} in flight" if one.cut_off else f"{one.failures:,} failed {jobs}"
    )
    failures = [many] if one.failures else []
    return " and ".join([*failures, *([duration(one.explains)] if one.explains else [])])


def _actions(triage: Triage) -> Iterator[Text]:
    found = triage.incidents
    if not found:
        yield from map(_line, triage.note.next_action)
        return
    first = found[0]
    escalate = "escalate: " if first.action.escalate else ""
    yield Text(harmless(f"{escalate}{first.action.text}"))
    yield Text(harmless(f"  because {first.action.why}"), "dim")
    for one in others(found):
        yield Text(harmless(f"then, for {subject(one)}: {one.action.text}"))
    if more := not_named(found):
        yield Text(harmless(f"… and {len(more)} more to correct: {named(map(subject, more))}"))
    if triage.gain is not None:
        yield Text(harmless(f"  {predicted(triage.gain)}"))
    yield from map(_line, triage.faster)
    if first.check is not None:
        yield Text(harmless(f"  check: {first.check}"))


def _last(answer: TriageAnswer) -> Iterator[Text]:
    if answer.noted is not None:
        yield Text(harmless(f"The note was written to {answer.noted}."))
    if answer.saved is not None:
        yield Text(harmless(f"The evidence was saved to {answer.saved}: INDEX.txt lists it."))
    yield from map(next_command, dict.fromkeys(_commands(answer.triage)))
    if answer.noted is None and answer.triage.incidents:
        options = ("--note", "incident.md", "--save", "evidence")
        purpose = "write a note, save the evidence"
        yield reader("triage", answer.source, *options, purpose=purpose)


def _commands(found: Triage) -> Iterator[Command]:
    """Yield what to run: what confirms the incident, then what its actions need."""
    for claim in found.note.first_confirming_command:
        yield from claim.commands
    for one in (*found.incidents[:1], *others(found.incidents)):
        yield from one.action.commands
    if found.gain is not None and found.gain.command is not None:
        yield found.gain.command
    for claim in found.faster:
        yield from claim.commands
