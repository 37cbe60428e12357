"""A value that does not fit its field costs that field, not the event; nothing else is lost."""

import decimal
import fractions
import math
from pathlib import Path
from typing import Any

import pytest
from builders import at
from msgspec import ValidationError
from msgspec.structs import fields
from recordings import Record

from snakemake_logger_plugin_observe.journal.events import EVENTS, Event, JobDescribed, decoder
from snakemake_logger_plugin_observe.journal.records import Stamps
from snakemake_logger_plugin_observe.journal.writing import to_line
from snakemake_logger_plugin_observe.recording import notes
from snakemake_logger_plugin_observe.recording.event_of import event_of
from snakemake_logger_plugin_observe.recording.log_records import known_threads, plain


class Annotated(str):
    """As Snakemake's own strings: flags beside the text."""

    __slots__ = ("flags",)


def a_callable(wildcards: Any) -> Any:
    return wildcards


ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        0,
        2**80,
        1.5,
        -0.0,
        math.nan,
        math.inf,
        1e300,
        1j,
        "",
        "<TBD>",
        "1.5",
        "x" * 9999,
    ),
    *(
        "\udcff",
        "\x00\x1b[2J",
        Annotated("a.txt"),
        Path("a.txt"),
        b"\xff",
        [],
        [None],
        [[1]],
        ["a", 1],
    ),
    *(
        {},
        {"a": None},
        {1: 2},
        {"a": {"b": [1.5]}},
        set(),
        {1, "a"},
        frozenset({"a"}),
        ("a",),
        (1, 2),
    ),
    *(
        a_callable,
        object(),
        ValueError("no"),
        fractions.Fraction(1, 3),
        decimal.Decimal("1.5"),
        range(3),
    ),
)
NEEDED: dict[str, Any] = {
    "time": at(1),
    "schema_version": 1,
    "run_id": "a" * 32,
    "observe_version": "1",
    "host": "here",
    "pid": 1,
    "workdir": "/w",
    "cluster_job": "7",
    "when": "start",
    "path": "a.txt",
    "phase": "plan",
    "end": at(2),
    "idle": at(2),
    "job_id": 1,
    "rule": "map",
    "group": "g",
    "attempt": 1,
    "stamps": Stamps(),
    "status": "success",
    "record": {"cluster_job": "7"},
    "level": "info",
    "kind": "note",
    "text": "text",
    "reason": "why",
    "since": at(1),
    "until": at(2),
    "job_account": {"by_class_s": {}, "by_phase_s": {}},
    "makespan": {"by_class_s": {}, "by_phase_s": {}},
}


def needed(model: type[Event]) -> dict[str, Any]:
    """Return the fields that an event of *model* must have."""
    return {one.name: NEEDED[one.name] for one in fields(model) if one.required}


FIELDS = [
    pytest.param(model, one.name, id=f"{model.event}.{one.name}")
    for model in EVENTS
    for one in fields(model)
    if not one.required and one.name not in ("line", "left_out")
]


@pytest.mark.parametrize(("model", "name"), FIELDS)
def test_whatever_a_field_is_given_the_event_is_written_and_read(
    model: type[Event], name: str
) -> None:
    plain_event = event_of(model, **needed(model))
    for odd in ODD:
        event = event_of(model, **{**needed(model), name: plain(odd)})
        line = to_line(event)
        read = decoder().decode(line)
        assert type(read) is type(event)
        for other in model.__struct_fields__:
            if other not in (name, "left_out"):
                assert getattr(read, other) == getattr(plain_event, other), (odd, line)
        lost = [text.partition(":")[0] for text in event.left_out]
        assert lost in ([], [name])
        if lost:
            assert getattr(read, name) == getattr(plain_event, name)


def test_an_event_without_a_field_that_it_must_have_is_no_event() -> None:
    with pytest.raises(ValidationError, match="job_id"):
        event_of(JobDescribed, time=at(1), rule="map", job_id="<TBD>")


def test_a_field_that_does_not_fit_is_named_with_the_reason() -> None:
    event = event_of(JobDescribed, time=at(1), rule="map", job_id=1, priority=[1], retries="?")
    assert [text.split(":")[0] for text in event.left_out] == ["priority", "retries"]
    assert "Expected int" in event.left_out[1]


@pytest.mark.parametrize("priority", [1, 1.5, -2.25, "high", None])
def test_a_priority_is_any_number(record: Record, priority: Any) -> None:
    recording = record().job(1, priority=priority).remote(1).finish()
    (job,) = (event for event in recording.events if event.event == "job")
    assert job.priority == priority
    assert recording.faults == []


def test_a_job_keeps_its_description_and_the_journal_names_what_is_missing(record: Record) -> None:
    odd = {"threads": "<TBD>", "retries": {}, "input_sizes": {"a": "big"}, "reason": "new"}
    recording = record().job(1, **odd).job(2, retries={}).remote(1).finish()
    jobs = [event for event in recording.events if event.event == "job"]
    assert [(job.job_id, job.rule, job.threads, job.retries) for job in jobs] == [
        *((1, "map", None, None), (2, "map", None, None))
    ]
    assert jobs[0].reason == "new"
    left_out = [
        event.text.split(": ")[:3] for event in recording.events if event.event == "message"
    ]
    assert left_out[1:] == [
        ["job", "a value that does not fit is left out", field]
        for field in ("threads", "input_sizes", "retries")
    ]
    assert recording.faults == []


def test_what_others_report_about_a_run_does_not_cost_its_journal(record: Record) -> None:
    recording = record(cores="many", resources=[1], config_keys=None, targets=3).job(1).finish()
    assert recording.kinds()[0] == "run_started"
    assert recording.events[0].cores is None
    assert recording.events[0].executor == "timed"


def test_an_executor_s_odd_interval_does_not_cost_an_attempt_s_end(record: Record) -> None:
    recording = record().job(1).selected(4, 1).accepted(5, (1, 1), "77", "1")
    end = {"key": (1, 1), "status": "success", "poll_interval_s": math.inf}
    recording.put(notes.Finished, 9, **end).finish()
    (end,) = (event for event in recording.events if event.event == "attempt_finished")
    assert (end.status, end.poll_interval_s, end.external_jobid) == ("success", None, "77")


# -- values of Snakemake as JSON -------------------------------------------------------------------


@pytest.mark.parametrize("odd", ODD)
def test_every_value_becomes_json_values(odd: Any) -> None:
    def is_json(value: Any) -> bool:
        if isinstance(value, dict):
            return all(type(key) is str and is_json(item) for key, item in value.items())
        if isinstance(value, list):
            return all(map(is_json, value))
        return value is None or isinstance(value, bool | int | float | str)

    assert is_json(plain(odd))


def test_what_is_nested_too_deeply_is_written_as_text() -> None:
    deep: Any = "bottom"
    for _ in range(100_000):
        deep = [deep]
    event = event_of(JobDescribed, time=at(1), rule="map", job_id=1, resources={"a": plain(deep)})
    assert b'"<list>"' in to_line(event)
    assert decoder().decode(to_line(event)).resources == event.resources


def test_threads_that_a_dry_run_does_not_know_are_unknown() -> None:
    assert [known_threads(one) for one in (4, None, "<TBD>")] == [4, None, None]
