"""The text of ``check``: whether the run passes, the lines that FAIL with evidence, the rest."""

from typing import Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.check.budgets import CheckLine
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.pasting import command, path
from snakemake_logger_plugin_observe.reporters.answers import CheckAnswer, ProposalAnswer
from snakemake_logger_plugin_observe.reporters.as_text.common import (
    ending,
    head,
    next_command,
    reader,
    warnings,
)
from snakemake_logger_plugin_observe.reporters.check_lines import source, title, value, verdict
from snakemake_logger_plugin_observe.reporters.command_lines import Document
from snakemake_logger_plugin_observe.reporters.tables import plain_table
from snakemake_logger_plugin_observe.reporters.words import harmless

_EVIDENCE_SHOWN: Final = 3
_OUTPUT_SHOWN: Final = 5
_FAIL, _UNCHECKED, _PASS = "FAIL", "not checked", "PASS"
_COLORS: Final = {_FAIL: "red", _UNCHECKED: "yellow", _PASS: "green"}


def parts(answer: CheckAnswer, width: int) -> list[RenderableType]:
    """Return the answer, part by part."""
    found: list[RenderableType] = [*head(answer.source), Text(), _verdict(answer)]
    table = plain_table(header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for wanted in _COLORS:
        for line in answer.lines:
            state = _state(answer, line)
            if state == wanted:
                table.add_row(Text(state, _COLORS[state]), _line(answer, line, state))
                for text in _evidence(line) if state == _FAIL else ():
                    table.add_row("", Padding(Text(harmless(text)), (0, 0, 0, 2)))
    found.append(table)
    if any(line.kind in ("publish", "verify") for line in _failed(answer)):
        text = f"Published files were looked up, and commands run, in {answer.folder}"
        found.append(Text(harmless(text), "dim"))
    found += warnings([*answer.notes, *answer.source.problems])
    if any(line.key in ("failed_jobs", "retries", "masked_failures") for line in _failed(answer)):
        failed = reader("jobs", answer.source, "--failed", purpose="what failed, and why")
        return ending(found, failed)
    if any(line.kind in ("max", "min") for line in _failed(answer)):
        cost = reader("cost", answer.source, purpose="where the time of this run went")
        return ending(found, cost)
    return found


def proposal_parts(answer: ProposalAnswer, width: int) -> list[RenderableType]:
    """Return the text of the check file, or where it was written."""
    if answer.file is None:
        return [Document(answer.text)]
    full = ", the newest run of all jobs" if answer.source.of_all_jobs else ""
    text = f"{answer.file}: proposed from {answer.source.path}{full}. Keep the lines that you want."
    check = command(
        "snakemake-observe", "check", path(str(answer.file)), purpose="checks a run against them"
    )
    return [harmless(text), next_command(check)]


def _evidence(line: CheckLine) -> list[str]:
    shown = [source(one) for one in line.evidence]
    if line.kind == "verify":
        return shown[-_OUTPUT_SHOWN:]
    more = len(shown) - _EVIDENCE_SHOWN
    return shown[:_EVIDENCE_SHOWN] + ([f"… {more} more"] if more > 0 else [])


def _verdict(answer: CheckAnswer) -> Text:
    states = [_state(answer, line) for line in answer.lines]
    if set(states) == {_UNCHECKED}:
        lines = plural(len(states), "line")
        text = f"Nothing in {answer.file} could be checked for this run: {lines}"
        return Text(harmless(text), "bold yellow")
    counts = ", ".join(f"{states.count(state)} {state}" for state in _COLORS if state in states)
    outcome = "passes" if answer.passed else "fails"
    text = f"This run {outcome} {answer.file}: {plural(len(states), 'line')}, {counts}"
    return Text(harmless(text), "bold green" if answer.passed else "bold red")


def _failed(answer: CheckAnswer) -> list[CheckLine]:
    return [line for line in answer.lines if answer.breaks(line)]


def _state(answer: CheckAnswer, line: CheckLine) -> str:
    if answer.breaks(line):
        return _FAIL
    return _UNCHECKED if line.ok is None else _PASS


def _line(answer: CheckAnswer, line: CheckLine, state: str) -> Text:
    text = f"{title(line)}: {value(line) if state == _UNCHECKED else verdict(line)}"
    if state != _PASS and line.file_line is not None:
        text += f"  ({answer.file}:{line.file_line})"
    return Text(harmless(text))
