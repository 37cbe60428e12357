"""Lines with the former names of events, fields and reasons read as they would today."""

import json
from pathlib import Path
from typing import Any

from builders import Story, an_execution, at, begun, killed, level, stamps

from snakemake_logger_plugin_observe.journal.reading import read_journal
from snakemake_logger_plugin_observe.journal.writing import to_line
from snakemake_logger_plugin_observe.run.fold import fold
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.unobserved import NO_NODE_STAMPS

FORMER_FIELDS = {"executions": "tries", "unrecorded": "alike", "unrecorded_s": "alike_s"}
FORMER_TEXTS = {
    "scheduler_iteration": "scheduler_round",
    NO_NODE_STAMPS: "nothing was heard from the node",
}


def in_former_names(value: Any) -> Any:
    if isinstance(value, dict):
        return {FORMER_FIELDS.get(key, key): in_former_names(item) for key, item in value.items()}
    if isinstance(value, list):
        return [in_former_names(item) for item in value]
    return FORMER_TEXTS.get(value, value) if isinstance(value, str) else value


def story() -> Story:
    """Return a run that uses everything that has a former name."""
    made = begun().job(1).job(2).iteration(3, 4, (3, 3.5), unrecorded=3, unrecorded_s=0.25)
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=12, finished=13)
    node = level(
        an_execution(begun=8, tool_started=8, tool_ended=10, checked=10), started=6, ended=11
    )
    made.attempt(1, known, node)
    return made.attempt(2, known).end(14)


def read(path: Path) -> Run:
    reading = read_journal(path)
    run = fold(reading)
    assert reading.problems == []
    return run


def test_a_journal_with_former_names_reads_as_the_same_run(tmp_path: Path) -> None:
    today = story()
    lines = [json.dumps(in_former_names(json.loads(to_line(one)))) for one in today.events]
    old = tmp_path / "old.jsonl"
    old.write_text("\n".join(lines) + "\n")
    text = old.read_text()
    former = (*FORMER_FIELDS.values(), *FORMER_TEXTS.values())
    assert [name for name in former if f'"{name}"' not in text] == []
    found, expected = read(old), read(today.write(tmp_path / "new.jsonl"))
    for iteration in found.iterations:  # the name of the event itself stays as it was written
        object.__setattr__(iteration, "event", "scheduler_iteration")
    assert found == expected
    assert [one.line for one in found.iterations] == [one.line for one in expected.iterations]


def test_an_event_s_line_number_is_neither_written_nor_compared(tmp_path: Path) -> None:
    written = killed()
    (first, *_) = read_journal(written.write(tmp_path / "a.jsonl"))
    fresh = first.model_copy()
    assert (first.line, fresh.line, first == fresh, first.time) == (1, None, True, at(2))
    assert to_line(first) == to_line(fresh)
