"""Whether a run kept to its budgets, as text: what broke and by which evidence, then the rest."""

import shlex
from typing import Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.budgets import Line
from snakemake_logger_plugin_observe.analysis.evidence import Evidence
from snakemake_logger_plugin_observe.reporters.answers import CheckAnswer, ProposalAnswer
from snakemake_logger_plugin_observe.reporters.text_cost import head, warnings
from snakemake_logger_plugin_observe.reporters.words import harmless, plural, size

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


def proposal(answer: ProposalAnswer) -> str:
    """Return the file's text, or where it was written."""
    if answer.file is None:
        return answer.text
    where = shlex.quote(str(answer.file))
    return harmless(
        f"{answer.file}: proposed from {answer.source.path}; read it, keep what shall hold, then: "
        f"snakemake-observe check {where}"
    )


def title(line: Line) -> str:
    """Return what a line asks for: ``max.jobs_planned = 30``."""
    name = line.key if line.kind == "run" else f"{_table(line)}.{line.key}"
    return f"{name} = {_amount(line.limit)}"


def verdict(line: Line) -> str:
    """Return what was found: ``54``, ``at least 54: …``, ``could not be checked: …``."""
    if line.ok is None:
        found = f" ({_value(line)})" if line.value else ""  # at least 0 says nothing
        return f"could not be checked{found}: {line.why}"
    return ": ".join(part for part in (_value(line), line.why) if part)


def source(one: Evidence) -> str:
    """Return a citation as a person reads it: a line of the journal that the head names, say."""
    if one.kind == "command":
        return one.quote
    if one.kind != "journal":
        return f"{one.ref}  {one.quote}"
    name, _, number = one.ref.partition(":")
    where = f"{'baseline ' if name == 'A' else ''}line {number}: " if number else ""
    return where + one.quote


def _shown(line: Line) -> list[str]:
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


def _broken(answer: CheckAnswer) -> list[Line]:
    return [line for line in answer.lines if answer.breaks(line)]


def _state(answer: CheckAnswer, line: Line) -> str:
    if answer.breaks(line):
        return "broken"
    return "unchecked" if line.ok is None else "kept"


def _line(answer: CheckAnswer, line: Line, state: str) -> Text:
    said = f"{title(line)}: {verdict(line)}"
    if state != "kept" and line.file_line is not None:
        said += f"  ({answer.file}:{line.file_line})"
    return Text(harmless(said))


def _table(line: Line) -> str:
    return "publish" if line.kind == "verify" else line.kind


def _value(line: Line) -> str:
    if line.kind == "publish":
        known = sum(count for _, count in line.files)
        return f"{plural(int(line.value or 0), 'file')}, {size(known)}" if line.value else "no file"
    if line.key == "same_work":
        return ""  # the verdict says it
    said = "" if line.value is None else _amount(line.value)
    return f"{line.bound} {said}" if line.bound else said


def _amount(value: float | str | bool | None) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) or value is None:
        return str(value)
    if value == int(value):
        return str(int(value))
    return f"{value:.3f}".rstrip("0") if value >= 0.001 else f"{value:.6f}".rstrip("0")
