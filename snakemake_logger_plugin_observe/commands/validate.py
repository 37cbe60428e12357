"""``validate``: check a journal against its schema, and recompute its figures."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from rich.console import RenderableType

from snakemake_logger_plugin_observe.analysis.cost.validation import Validation, validate
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.analysis.screen.checked import check_screen
from snakemake_logger_plugin_observe.analysis.whatif.fidelity import Replay
from snakemake_logger_plugin_observe.analysis.whatif.model_from_run import build_model
from snakemake_logger_plugin_observe.analysis.whatif.processors import simulate_here
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.journal.ends import end_begins_at
from snakemake_logger_plugin_observe.journal.excerpts import repeated_lines
from snakemake_logger_plugin_observe.journal.reading import read_journal
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.as_json.common import head
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.reporters.words import duration, harmless
from snakemake_logger_plugin_observe.run.model import Run

_MOST_REPLAYED: Final = 1_000
"""A larger run is not simulated here: ``whatif`` does that."""
HELP: Final = "check a journal against the schema, and recompute its figures"


@dataclass(frozen=True, slots=True)
class ValidateAnswer:
    """Whether a journal is sound."""

    source: Source
    validation: Validation
    replay: Replay | None = None
    """The run simulated with the settings that it had; None without an end, or of a large one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    find_journal.add_argument(parser)


def run(args: argparse.Namespace) -> Reply[ValidateAnswer]:
    """Return what is wrong with the journal; 1 if anything is."""
    path = find_journal.find(args.journal)
    reading = read_journal(path)
    found = validate(reading, reading.problems, check_screen)
    repeated = [str(problem) for problem in repeated_lines(path)]
    found = replace(found, problems=(*found.problems, *repeated, *_misplaced(path, found.run)))
    source = Source(path, found.run, found.run.status(find_journal.is_alive(found.run)))
    answer = ValidateAnswer(source, found, _replay(found.run) if found.sound else None)
    return Reply(answer, parts, shape, 0 if found.sound else 1)


def _misplaced(path: Path, run: Run) -> Iterator[str]:
    """Say so if the last line does not stand where it says that it does."""
    last = run.finished
    if last is None or last.screen is None:
        return
    written, stands_at = last.screen.begins_at, end_begins_at(path)
    if stands_at not in (None, written):
        yield (
            f"line {last.line}: screen.begins_at: {written} as written, and it begins at byte "
            f"{stands_at}: lines were lost or added"
        )


def _replay(run: Run) -> Replay | None:
    if run.finished is None or not run.makespan or not 0 < len(run.attempts) <= _MOST_REPLAYED:
        return None
    model = build_model(run)
    simulation, model = simulate_here(model)
    return Replay(run.makespan, simulation.makespan(model))


def parts(answer: ValidateAnswer, width: int) -> list[RenderableType]:
    """Return one line if the journal is sound, else a line for each problem."""
    found = answer.validation
    path = harmless(str(answer.source.path))
    if found.sound:
        text = f"{path}: {plural(found.lines, 'line')}, every figure follows from the stamps"
        ended = "" if answer.source.ended else f" (the run: {answer.source.status}, no last event)"
        return [text + ended, *_replayed(answer.replay)]
    return [
        *(harmless(f"{path}: {problem}") for problem in found.problems),
        *(harmless(f"{path}: line {one.line}: {one.text}") for one in found.disagreements),
    ]


def _replayed(replay: Replay | None) -> list[str]:
    """Return a line on the run simulated with the settings that it had."""
    if replay is None:
        return []
    far = "" if replay.is_faithful else ": predictions for other settings are off by as much"
    text = (
        f"simulated with the settings that it had: {duration(replay.simulated)}, measured "
        f"{duration(replay.measured)} ({100 * replay.off:.2g} % off){far}"
    )
    return [text]


def shape(answer: ValidateAnswer) -> dict[str, Any]:
    """Return the answer as plain values."""
    found = answer.validation
    return {
        **head(answer.source),
        "valid": found.sound,
        "lines": found.lines,
        "problems": list(found.problems),
        "disagreements": [asdict(one) for one in found.disagreements],
        "replay": {
            "measured_s": to_seconds(answer.replay.measured),
            "simulated_s": to_seconds(answer.replay.simulated),
            "faithful": answer.replay.is_faithful,
        }
        if answer.replay
        else None,
    }
