"""Answers as text for people: the answer first, one screen, no legend, the next command last."""

import io

from rich.console import Console, RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.reporters.answers import (
    AccountingAnswer,
    Answer,
    CheckAnswer,
    CompareAnswer,
    CostAnswer,
    JobsAnswer,
    PathAnswer,
    ProposalAnswer,
    RunbookAnswer,
    SchemaAnswer,
    TriageAnswer,
    ValidateAnswer,
    WhatIfAnswer,
    WhyAnswer,
)
from snakemake_logger_plugin_observe.reporters.as_text import (
    check,
    compare,
    cost,
    jobs,
    triage,
    whatif,
    why,
)
from snakemake_logger_plugin_observe.reporters.as_text import path as text_path
from snakemake_logger_plugin_observe.reporters.words import harmless


def render(answer: Answer, *, width: int = 100, color: bool = False) -> str:
    """Return *answer* for a terminal *width* characters wide, plain unless *color*."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for part in _parts(answer, width):
        whole_line = isinstance(part, str) or (isinstance(part, Text) and bool(part.no_wrap))
        console.print(part, soft_wrap=whole_line)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


def _parts(answer: Answer, width: int) -> list[RenderableType]:
    match answer:
        case CostAnswer():
            return cost.parts(answer, width)
        case WhatIfAnswer():
            return whatif.parts(answer, width)
        case PathAnswer():
            return text_path.parts(answer, width)
        case JobsAnswer():
            return jobs.parts(answer, width)
        case WhyAnswer():
            return why.parts(answer, width)
        case CompareAnswer():
            return compare.parts(answer, width)
        case TriageAnswer():
            return triage.parts(answer, width)
        case RunbookAnswer():
            return [harmless(_runbook(answer))]
        case AccountingAnswer():
            return [_accounting(answer)]
        case ValidateAnswer():
            return _validation(answer)
        case CheckAnswer():
            return check.parts(answer, width)
        case ProposalAnswer():
            return [check.proposal(answer)]
        case SchemaAnswer():
            import json

            return [json.dumps(answer.schema, indent=2)]


def _accounting(answer: AccountingAnswer) -> str:
    known = f"Slurm's accounting knows {answer.known:,} of {plural(answer.asked, 'job')}"
    new = plural(answer.added, "new record") if answer.added else "nothing new"
    return harmless(f"{answer.source.path}: {known}; {new}")


def _runbook(answer: RunbookAnswer) -> str:
    if answer.kept:
        return f"{answer.path}: is there already, and is kept as it is"
    return f"{answer.path}: written; it is yours now, and is not written again"


def _validation(answer: ValidateAnswer) -> list[RenderableType]:
    found = answer.verification
    path = harmless(str(answer.source.path))
    if found.sound:
        said = f"{path}: {plural(found.lines, 'line')}, every figure follows from the stamps"
        ended = answer.source.status in ("killed", "running")
        return [said + (f" (the run: {answer.source.status}, no last event)" if ended else "")]
    lines: list[RenderableType] = [harmless(f"{path}: {problem}") for problem in found.problems]
    lines += [harmless(f"{path}: line {one.line}: {one.text}") for one in found.disagreements]
    return lines
