"""Whether a run kept to its budgets, as text: what broke and by which evidence, then the rest."""

import shlex
from typing import Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.check.budgets import CheckLine
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.reporters.answers import CheckAnswer, ProposalAnswer
from snakemake_logger_plugin_observe.reporters.as_text.cost import head, warnings
from snakemake_logger_plugin_observe.reporters.check_lines import source, title, verdict
from snakemake_logger_plugin_observe.reporters.words import harmless

_EVIDENCE_SHOWN: Final = 3
_OUTPUT_SHOWN: Final = 5
_COLORS: Final = {"broken": "red", "unchecked": "yellow", "kept": "green"}


def parts(answer: CheckAnswer, width: int) -> list[RenderableType]:
    """Return the answer, part by part."""
    found: list[RenderableType] = [*head(answer.source), Text(), _verdict(answer)]
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for wanted in _COLORS:
        for line in answer.lines:
            state = _state(answer, line)
            if state == wanted:
                table.add_row(Text(state, _COLORS[state]), _line(answer, line, state))
                for said in _shown(line) if state == "broken" else ():
                    table.add_row("", Padding(Text(harmless(said)), (0, 0, 0, 2)))
    found.append(table)
    if any(line.kind in ("publish", "verify") for line in _broken(answer)):
        said = f"Published files were looked for, and commands run, in {answer.folder}"
        found.append(Text(harmless(said), "dim"))
    found += warnings([*answer.notes, *answer.source.problems])
    if any(line.key in ("failed_jobs", "retries", "masked_failures") for line in _broken(answer)):
        found.append(Text("→ snakemake-observe jobs --failed    what failed, and why"))
    elif any(line.kind in ("max", "min") for line in _broken(answer)):
        found.append(Text("→ snakemake-observe cost    where the time of this run went"))
    return found


def proposal_parts(answer: ProposalAnswer, width: int) -> list[RenderableType]:
    """Return the file's text, or where it was written."""
    if answer.file is None:
        return [answer.text]
    where = shlex.quote(str(answer.file))
    said = (
        f"{answer.file}: proposed from {answer.source.path}; read it, keep what shall hold, then: "
        f"snakemake-observe check {where}"
    )
    return [harmless(said)]


def _shown(line: CheckLine) -> list[str]:
    said = [source(one) for one in line.evidence]
    if line.kind == "verify":
        return said[-_OUTPUT_SHOWN:]
    more = len(said) - _EVIDENCE_SHOWN
    return said[:_EVIDENCE_SHOWN] + ([f"… {more} more"] if more > 0 else [])


def _verdict(answer: CheckAnswer) -> Text:
    states = [_state(answer, line) for line in answer.lines]
    counts = [
        f"{states.count(state)} {said}"
        for state, said in (
            ("broken", "broken"),
            ("unchecked", "could not be checked"),
            ("kept", "kept"),
        )
        if state in states
    ]
    said = "keeps to" if answer.passed else "breaks"
    text = f"This run {said} {answer.file}: {plural(len(states), 'line')}, {', '.join(counts)}"
    if set(states) == {"unchecked"}:
        text = (
            f"Of this run nothing in {answer.file} could be checked: {plural(len(states), 'line')}"
        )
        return Text(harmless(text), "bold yellow")
    return Text(harmless(text), "bold green" if answer.passed else "bold red")


def _broken(answer: CheckAnswer) -> list[CheckLine]:
    return [line for line in answer.lines if answer.breaks(line)]


def _state(answer: CheckAnswer, line: CheckLine) -> str:
    if answer.breaks(line):
        return "broken"
    return "unchecked" if line.ok is None else "kept"


def _line(answer: CheckAnswer, line: CheckLine, state: str) -> Text:
    said = f"{title(line)}: {verdict(line)}"
    if state != "kept" and line.file_line is not None:
        said += f"  ({answer.file}:{line.file_line})"
    return Text(harmless(said))
