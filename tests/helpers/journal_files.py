"""Journals in files, whole and cut, for tests of what reads and writes them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from builders import Story, a_record, at, grouped, retried

from snakemake_logger_plugin_observe.journal.events import (
    Accounting,
    Event,
    decoder,
)
from snakemake_logger_plugin_observe.journal.reading import read_journal
from snakemake_logger_plugin_observe.reporters.as_json.records import shape

START = Story().lines[0]
WHOLE = b"".join(line + b"\n" for line in [*retried().lines, *grouped().lines[1:]])
LATER = [
    Accounting(time=at(100), job_id=1, attempt=1, record=a_record("77")),
    Accounting(time=at(100), job_id=1, attempt=2, record=a_record("78", restarts=1)),
]


def read(path: Path) -> tuple[list[Event], list[str]]:
    """Return the events of the journal at *path*, and its problems as texts."""
    reading = read_journal(path)
    events = list(reading)
    return events, [str(problem) for problem in reading.problems]


def fields_of(line: bytes | str) -> dict[str, Any]:
    """Return the fields of a journal line as JSON, with the defaults that it leaves out."""
    event = decoder().decode(line)
    return {"event": event.event, **shape(event)}


def write_lines(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


@contextmanager
def a_file(data: bytes) -> Iterator[Path]:
    """Give a path whose file holds *data*; Hypothesis cannot take a test's own folder."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal.jsonl")
        path.write_bytes(data)
        yield path
