"""What every JSON answer has, and the small answers."""

import argparse
import json
from typing import Any

import pytest
from answers import PATH, accounting, as_json, cost, failed_validation, jobs, shape
from builders import (
    chain,
    killed,
)

from snakemake_logger_plugin_observe.commands import schema
from snakemake_logger_plugin_observe.journal.events import (
    SCHEMA_VERSION,
    json_schema,
)
from snakemake_logger_plugin_observe.reporters.forms import FORMS

RUN_KEYS = {"run_id", "status", "start", "end", "makespan_s"}


def test_the_document_is_the_shaped_answer() -> None:
    assert as_json(cost(chain().run)) == json.loads(json.dumps(shape(cost(chain().run))))


@pytest.mark.parametrize("make", [cost, jobs])
def test_an_answer_has_a_schema_version_and_its_run(make: Any) -> None:
    found = as_json(make(chain().run))
    assert found["schema_version"] == SCHEMA_VERSION
    assert set(found["run"]) >= RUN_KEYS
    assert found["run"] == {
        "run_id": "0123456789abcdef0123456789abcdef",
        "status": "success",
        "scope": None,
        "resumes": None,
        "jobs": {
            "planned": None,
            "up_to_date": None,
            "done": 2,
            "failed": 0,
            "cancelled": 0,
            "in_flight": 0,
            "not_reached": None,
            "ended_since": 0,
        },
        "start": "2026-03-01T12:00:00.000000Z",
        "end": "2026-03-01T12:00:21.000000Z",
        "alive_until": "2026-03-01T12:00:21.000000Z",
        "makespan_s": 21.0,
        "makespan_is_bound": False,
        "journal": str(PATH),
        "owner": None,
        "problems": [],
    }


def test_the_length_of_a_run_without_an_end_is_a_lower_bound() -> None:
    found = as_json(jobs(killed().heartbeat(41).run))["run"]
    assert (found["status"], found["end"]) == ("killed", None)
    assert (found["makespan_s"], found["makespan_is_bound"]) == (41.0, True)
    assert found["alive_until"] == "2026-03-01T12:00:41.000000Z"


def test_imported_accounting() -> None:
    found = as_json(accounting(chain().run, 1, 1))
    assert set(found.pop("run")) >= RUN_KEYS
    assert found == {"schema_version": 1, "jobs": 2, "known": 1, "added": 1}


def test_a_failed_validation() -> None:
    found = as_json(failed_validation())
    assert set(found) == {
        *("schema_version", "run", "valid", "lines", "problems", "disagreements", "replay"),
    }
    assert (found["valid"], found["lines"]) == (False, 7)
    assert found["problems"] == ["line 8: torn line: the writer was cut off here"]
    assert found["disagreements"] == [
        {
            "line": 5,
            "text": "attempt of job 1: compute is 9.0 s as written, 6.5 s from the stamps",
        }
    ]


def test_the_schema_is_the_schema_of_the_journal() -> None:
    reply = schema.run(argparse.Namespace())
    for form in FORMS.values():
        assert json.loads(form(reply)) == json_schema()
