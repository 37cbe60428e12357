"""The JSON Schema of a journal line is valid, and holds of every line that is written."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import strategies
from builders import T0, Story, chain, grouped, killed, logger_only, replanned, retried
from hypothesis import given
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from snakemake_logger_plugin_observe.journal.events import (
    EVENTS,
    SCHEMA_VERSION,
    AttemptFinished,
    Event,
    json_schema,
)
from snakemake_logger_plugin_observe.journal.records import Stamps
from snakemake_logger_plugin_observe.journal.writing import to_line

SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_schema_is_valid_draft_2020_12() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_names_its_version() -> None:
    assert SCHEMA["title"] == f"run journal line, schema version {SCHEMA_VERSION}"


def test_the_schema_has_every_event() -> None:
    names = {kind.event for kind in EVENTS}
    assert set(SCHEMA["discriminator"]["mapping"]) == names


@given(strategies.events)
def test_the_schema_accepts_every_written_event(event: Event) -> None:
    VALIDATOR.validate(json.loads(to_line(event)))


@pytest.mark.parametrize("story", [chain, grouped, killed, logger_only, replanned, retried])
def test_the_schema_accepts_whole_journals(story: Callable[[], Story]) -> None:
    for line in story().lines:
        VALIDATOR.validate(json.loads(line))


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"event": "gap", "reason": "no time"},
        {"event": "gap", "time": "2026-03-01T12:00:00Z", "reason": "time is a text"},
        {"event": "never_heard_of", "time": 1},
        {"event": "attempt_finished", "time": 1, "status": "great"},
    ],
)
def test_the_schema_rejects_other_lines(line: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VALIDATOR.validate(line)


def test_the_schema_accepts_lines_with_bytes_that_are_not_utf_8() -> None:
    fields = {"time": T0, "attempt": 1, "job_id": 1, "status": "failed", "message": "gr\udcfc"}
    event = AttemptFinished(**fields, stamps=Stamps(ready=T0, finished=T0))
    line = json.loads(to_line(event))
    VALIDATOR.validate(line)
    assert line == json.loads(to_line(event.but(message="gr\\udcfc")))
