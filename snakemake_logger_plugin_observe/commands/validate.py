"""``validate``: check a journal against its schema, and recompute its figures."""

import argparse
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from rich.console import RenderableType

from snakemake_logger_plugin_observe.analysis.cost.validation import Validation, validate
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.journal.excerpts import repeated_lines
from snakemake_logger_plugin_observe.journal.reading import read_journal
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.as_json.common import head
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.reporters.words import harmless

HELP: Final = "check a journal against the schema, and recompute its figures"


@dataclass(frozen=True, slots=True)
class ValidateAnswer:
    """Whether a journal is sound."""

    source: Source
    validation: Validation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    find_journal.add_argument(parser)


def run(args: argparse.Namespace) -> Reply[ValidateAnswer]:
    """Return what is wrong with the journal; 1 if anything is."""
    path = find_journal.find(args.journal)
    reading = read_journal(path)
    found = validate(reading, reading.problems)
    repeated = [str(problem) for problem in repeated_lines(path)]
    found = replace(found, problems=(*found.problems, *repeated))
    source = Source(path, found.run, found.run.status(find_journal.is_alive(found.run)))
    return Reply(ValidateAnswer(source, found), parts, shape, 0 if found.sound else 1)


def parts(answer: ValidateAnswer, width: int) -> list[RenderableType]:
    """Return one line if the journal is sound, else a line for each problem."""
    found = answer.validation
    path = harmless(str(answer.source.path))
    if found.sound:
        text = f"{path}: {plural(found.lines, 'line')}, every figure follows from the stamps"
        ended = "" if answer.source.ended else f" (the run: {answer.source.status}, no last event)"
        return [text + ended]
    return [
        *(harmless(f"{path}: {problem}") for problem in found.problems),
        *(harmless(f"{path}: line {one.line}: {one.text}") for one in found.disagreements),
    ]


def shape(answer: ValidateAnswer) -> dict[str, Any]:
    """Return the answer as plain values."""
    found = answer.validation
    return {
        **head(answer.source),
        "valid": found.sound,
        "lines": found.lines,
        "problems": list(found.problems),
        "disagreements": [asdict(one) for one in found.disagreements],
    }
