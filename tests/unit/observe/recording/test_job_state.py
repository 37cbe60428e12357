"""The ``remote_job_state`` contract: written exactly, read with distrust, folded into one record."""

import logging
from collections.abc import Callable
from typing import Any, Never

import pytest
from builders import SECOND, T0, at
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.recording.job_state import (
    PHASES,
    JobState,
    in_record,
    updated_record,
)
from snakemake_logger_plugin_observe.recording.log_records import note_of, remote_state
from snakemake_logger_plugin_observe.recording.notes import RemoteState

CORE = {"schema_version": 2, "jobid": 3, "executor": "aws-batch", "phase": "running"}
WHOLE = JobState(
    job=3,
    executor="aws-batch",
    phase="failed",
    external_jobid="arn:1",
    queued=at(1),
    started=at(2),
    stopped=at(3.5),
    attempt=2,
    exit_code=137,
    reason="Host EC2 terminated",
    queue="spot",
)


def record(key: str = "remote_job_state", **attributes: Any) -> logging.LogRecord:
    made = logging.LogRecord("snakemake", logging.INFO, "x.py", 1, "Job 3 is there", None, None)
    made.created = T0 / SECOND
    made.__dict__.update(attributes)
    return made


def read(carried: Any, key: str = "remote_job_state") -> JobState | None:
    return in_record(record(**{key: carried}))


def test_a_state_is_written_as_the_contract_has_it() -> None:
    assert WHOLE.payload() == {
        "schema_version": 2,
        "jobid": 3,
        "executor": "aws-batch",
        "phase": "failed",
        "external_jobid": "arn:1",
        "queued_at": at(1) / 1e6,
        "started_at": at(2) / 1e6,
        "stopped_at": at(3.5) / 1e6,
        "attempt": 2,
        "exit_code": 137,
        "status_reason": "Host EC2 terminated",
        "queue": "spot",
    }


def test_what_is_unknown_is_left_out() -> None:
    assert JobState(3, "aws-batch", "running").payload() == CORE


def test_what_was_written_is_read_again() -> None:
    assert read(WHOLE.payload()) == WHOLE
    assert read(CORE) == JobState(3, "aws-batch", "running")


@pytest.mark.parametrize("key", ["remote_job_state", "snakesee_remote"])
@pytest.mark.parametrize("version", [1, 2])
def test_both_keys_and_both_versions_are_read(key: str, version: int) -> None:
    assert read({**CORE, "schema_version": version}, key) == JobState(3, "aws-batch", "running")


def test_a_group_goes_by_a_text() -> None:
    found = read({**CORE, "jobid": "5f2c"})
    assert found is not None
    assert found.job == "5f2c"


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema_version": 3},
        {"schema_version": True},
        {"schema_version": "2"},
        {"jobid": None},
        {"jobid": True},
        {"jobid": -1},
        {"jobid": 2**40},
        {"jobid": 3.0},
        {"jobid": ""},
        {"executor": None},
        {"executor": 7},
        {"executor": ""},
        {"phase": "RUNNING"},
        {"phase": ["running"]},
        {"phase": None},
    ],
)
def test_a_payload_without_its_core_is_none(wrong: dict[str, Any]) -> None:
    assert read({**CORE, **wrong}) is None


@pytest.mark.parametrize("name", ["queued_at", "started_at", "stopped_at"])
@pytest.mark.parametrize(
    "wrong",
    [float("nan"), float("inf"), -1.0, 0, 1e300, 10**400, True, "1700000000", [1.0], 1.7e12],
)
def test_a_moment_that_is_none_is_unknown(name: str, wrong: Any) -> None:
    assert read({**CORE, name: wrong}) == JobState(3, "aws-batch", "running")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("attempt", 0),
        ("attempt", True),
        ("attempt", "2"),
        ("exit_code", 1.5),
        ("exit_code", 10**30),
        ("external_jobid", {"a": 1}),
        ("external_jobid", ""),
        ("status_reason", b"bytes"),
        ("queue", 7),
    ],
)
def test_a_value_that_is_not_what_it_should_be_is_unknown(name: str, wrong: Any) -> None:
    assert read({**CORE, name: wrong}) == JobState(3, "aws-batch", "running")


def test_texts_are_cut_and_can_be_written() -> None:
    found = read({**CORE, "status_reason": "\ud800" + "x" * 10_000, "external_jobid": 77})
    assert found is not None
    assert found.external_jobid == "77"
    assert found.reason == "?" + "x" * 1999


class Hostile:
    def _fail(self, *_: Any) -> Never:
        raise RuntimeError("hostile")

    __getattr__ = __str__ = __repr__ = __bool__ = __eq__ = __lt__ = __len__ = __iter__ = _fail
    __hash__ = _fail


class HostileDict(dict[str, Any]):
    def get(self, *_: Any) -> Never:
        raise RuntimeError("hostile")


@pytest.mark.parametrize("make", [Hostile, lambda: HostileDict(CORE), lambda: [CORE], str, int])
def test_what_is_no_plain_dictionary_is_none(make: Callable[[], Any]) -> None:
    assert read(make()) is None


@pytest.mark.parametrize("name", [*WHOLE.payload(), "another"])
def test_a_hostile_value_raises_nothing(name: str) -> None:
    told = read({**WHOLE.payload(), name: Hostile()})
    core = name in CORE
    assert (told is None) is core


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(WHOLE.payload(), values)))
def test_whatever_is_carried_is_a_record_that_can_be_written_or_nothing(
    carried: dict[str, Any],
) -> None:
    found = read({**CORE, **carried})
    if found is not None:
        told = updated_record(None, found, "71")
        assert told is not None
        again = TypeAdapter(SchedulerRecord).validate_json(told.model_dump_json())
        assert again == told


def test_capture_makes_a_note_of_it_beside_the_message() -> None:
    made = record(remote_job_state=CORE)
    assert remote_state(made) == RemoteState(T0, JobState(3, "aws-batch", "running"))
    assert note_of(made) is None
    assert remote_state(record()) is None


# -- folded ---------------------------------------------------------------------------------------


def test_states_fold_into_one_record() -> None:
    told = updated_record(None, JobState(3, "aws-batch", "queued", "arn:1", queued=at(1)), None)
    told = updated_record(told, JobState(3, "aws-batch", "running", "arn:1", started=at(2)), None)
    told = updated_record(told, WHOLE, None)
    assert told == SchedulerRecord(
        scheduler="aws-batch",
        cluster_job="arn:1",
        resolution_s=0.001,
        state="failed",
        reason="Host EC2 terminated",
        submitted=at(1),
        started=at(2),
        ended=at(3.5),
        restarts=1,
        exit_code=137,
        partition="spot",
    )


def test_a_state_that_comes_late_only_fills_in() -> None:
    told = updated_record(None, JobState(3, "aws-batch", "succeeded", "arn:1", stopped=at(9)), None)
    late = JobState(3, "aws-batch", "queued", "arn:1", queued=at(1), stopped=at(7))
    told = updated_record(told, late, None)
    assert told is not None
    assert (told.state, told.submitted, told.ended) == ("succeeded", at(1), at(9))


def test_without_an_id_outside_there_is_no_record() -> None:
    assert updated_record(None, JobState(3, "aws-batch", "queued"), None) is None
    told = updated_record(None, JobState(3, "aws-batch", "queued"), "71")
    assert told is not None
    assert told.cluster_job == "71"


def test_another_id_begins_anew() -> None:
    told = updated_record(None, WHOLE, None)
    told = updated_record(told, JobState(3, "aws-batch", "queued", "arn:2"), None)
    assert told is not None
    assert (told.cluster_job, told.state, told.exit_code) == ("arn:2", "queued", None)


@given(st.permutations(PHASES[:3]))
def test_the_last_phase_is_the_furthest_in_whatever_order_they_come(order: list[Any]) -> None:
    told = None
    for phase in order:
        told = updated_record(told, JobState(3, "aws-batch", phase, "arn:1"), None)
    assert told is not None
    assert told.state == "succeeded"
