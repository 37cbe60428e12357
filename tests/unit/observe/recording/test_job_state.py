"""The ``remote_job_state`` contract: written exactly, validated when read, and merged into one record."""

import logging
from collections.abc import Callable
from typing import Any, Never

import msgspec
import pytest
from builders import SECOND, T0, at
from hypothesis import given
from hypothesis import strategies as st

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


def test_a_state_is_written_by_the_contract() -> None:
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


def test_unknown_fields_are_omitted() -> None:
    assert JobState(3, "aws-batch", "running").payload() == CORE


def test_a_written_state_reads_back() -> None:
    assert read(WHOLE.payload()) == WHOLE
    assert read(CORE) == JobState(3, "aws-batch", "running")


@pytest.mark.parametrize("key", ["remote_job_state", "snakesee_remote"])
@pytest.mark.parametrize("version", [1, 2])
def test_both_keys_and_both_versions_are_read(key: str, version: int) -> None:
    assert read({**CORE, "schema_version": version}, key) == JobState(3, "aws-batch", "running")


def test_a_group_id_is_a_text() -> None:
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
def test_a_payload_without_its_required_fields_is_ignored(wrong: dict[str, Any]) -> None:
    assert read({**CORE, **wrong}) is None


@pytest.mark.parametrize("name", ["queued_at", "started_at", "stopped_at"])
@pytest.mark.parametrize(
    "wrong",
    [float("nan"), float("inf"), -1.0, 0, 1e300, 10**400, True, "1700000000", [1.0], 1.7e12],
)
def test_an_invalid_moment_is_unknown(name: str, wrong: Any) -> None:
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
def test_a_value_of_the_wrong_type_is_unknown(name: str, wrong: Any) -> None:
    assert read({**CORE, name: wrong}) == JobState(3, "aws-batch", "running")


def test_texts_are_cut_and_made_valid_utf_8() -> None:
    found = read({**CORE, "status_reason": "\ud800" + "x" * 10_000, "external_jobid": 77})
    assert found is not None
    assert found.external_jobid == "77"
    assert found.reason == "?" + "x" * 1999


class Failing:
    def _fail(self, *_: Any) -> Never:
        raise RuntimeError("no")

    __getattr__ = __str__ = __repr__ = __bool__ = __eq__ = __lt__ = __len__ = __iter__ = _fail
    __hash__ = _fail


class FailingDict(dict[str, Any]):
    def get(self, *_: Any) -> Never:
        raise RuntimeError("no")


@pytest.mark.parametrize("make", [Failing, lambda: FailingDict(CORE), lambda: [CORE], str, int])
def test_only_a_plain_dictionary_is_read(make: Callable[[], Any]) -> None:
    assert read(make()) is None


@pytest.mark.parametrize("name", [*WHOLE.payload(), "another"])
def test_a_value_whose_methods_raise_is_ignored(name: str) -> None:
    updated = read({**WHOLE.payload(), name: Failing()})
    core = name in CORE
    assert (updated is None) is core


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(WHOLE.payload(), values)))
def test_any_payload_becomes_a_writable_record_or_nothing(
    carried: dict[str, Any],
) -> None:
    found = read({**CORE, **carried})
    if found is not None:
        updated = updated_record(None, found, "71")
        assert updated is not None
        again = msgspec.json.decode(msgspec.json.encode(updated), type=SchedulerRecord)
        assert again == updated


def test_a_record_with_a_state_becomes_a_remote_state_note() -> None:
    made = record(remote_job_state=CORE)
    assert remote_state(made) == RemoteState(T0, JobState(3, "aws-batch", "running"))
    assert note_of(made) is None
    assert remote_state(record()) is None


# -- updates of a record ---------------------------------------------------------------------------------------


def test_states_update_one_record() -> None:
    updated = updated_record(None, JobState(3, "aws-batch", "queued", "arn:1", queued=at(1)), None)
    updated = updated_record(
        updated, JobState(3, "aws-batch", "running", "arn:1", started=at(2)), None
    )
    updated = updated_record(updated, WHOLE, None)
    assert updated == SchedulerRecord(
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


def test_a_late_state_only_fills_in_unknown_fields() -> None:
    updated = updated_record(
        None, JobState(3, "aws-batch", "succeeded", "arn:1", stopped=at(9)), None
    )
    late = JobState(3, "aws-batch", "queued", "arn:1", queued=at(1), stopped=at(7))
    updated = updated_record(updated, late, None)
    assert updated is not None
    assert (updated.state, updated.submitted, updated.ended) == ("succeeded", at(1), at(9))


def test_without_an_external_id_there_is_no_record() -> None:
    assert updated_record(None, JobState(3, "aws-batch", "queued"), None) is None
    updated = updated_record(None, JobState(3, "aws-batch", "queued"), "71")
    assert updated is not None
    assert updated.cluster_job == "71"


def test_another_external_id_starts_a_new_record() -> None:
    updated = updated_record(None, WHOLE, None)
    updated = updated_record(updated, JobState(3, "aws-batch", "queued", "arn:2"), None)
    assert updated is not None
    assert (updated.cluster_job, updated.state, updated.exit_code) == ("arn:2", "queued", None)


@given(st.permutations(PHASES[:3]))
def test_the_furthest_phase_wins_in_any_order(order: list[Any]) -> None:
    updated = None
    for phase in order:
        updated = updated_record(updated, JobState(3, "aws-batch", phase, "arn:1"), None)
    assert updated is not None
    assert updated.state == "succeeded"
