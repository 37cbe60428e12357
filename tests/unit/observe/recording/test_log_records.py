"""Log records in, notes out: every kind of record, in every spelling of the interface."""

import logging
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from builders import SECOND, T0

from snakemake_logger_plugin_observe.recording import notes
from snakemake_logger_plugin_observe.recording.log_records import (
    JobTexts,
    error_of,
    is_planned,
    is_selection,
    job_texts,
    kind_of,
    note_of,
    plain,
)


class LogEvent(Enum):
    """As Snakemake's own, whose text is its value."""

    WORKFLOW_STARTED = "workflow_started"
    JOB_STARTED = "job_started"

    def __str__(self) -> str:
        return self.value


def record(
    event: Any = None, level: int = logging.INFO, msg: str | None = None, **attributes: Any
) -> logging.LogRecord:
    made = logging.LogRecord("snakemake", level, "x.py", 1, msg, None, None)
    made.created = T0 / SECOND
    if event is not None:
        made.event = event
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def noted(*args: Any, **attributes: Any) -> Any:
    return note_of(record(*args, **attributes))


def test_workflow_started_becomes_a_note() -> None:
    note = note_of(
        record(
            LogEvent.WORKFLOW_STARTED,
            workflow_id=Path("abc"),
            snakefile=Path("/work/Snakefile"),
        )
    )
    assert note == notes.WorkflowStarted(T0, workflow_id="abc", snakefile="/work/Snakefile")


def test_workflow_started_is_read_with_newer_attribute_names() -> None:
    found = noted("workflow_started", snakefile_main="S", platform="linux", user="ann")
    assert found == notes.WorkflowStarted(T0, snakefile="S", platform="linux", user="ann")


@pytest.mark.parametrize("name", ["jobs", "job_ids"])
def test_job_started_is_the_selection_of_jobs(name: str) -> None:
    note = note_of(record(LogEvent.JOB_STARTED, **{name: [3, "group-id"]}))
    assert note == notes.Selected(T0, (3, "group-id"))


def test_a_selection_may_be_empty() -> None:
    assert noted("job_started") == notes.Selected(T0, ())


class Wildcards(dict):
    """Stands in for Snakemake's named lists."""


class AnnotatedPath:
    def __str__(self) -> str:
        return "in.txt (storage)"


@pytest.mark.parametrize(("id_name", "rule_name"), [("jobid", "rule_name"), ("job_id", "name")])
def test_a_job_is_read_with_all_attribute_names_and_plain_values(
    id_name: str, rule_name: str
) -> None:
    found = noted(
        "job_info",
        **{id_name: 3, rule_name: "map"},
        wildcards=Wildcards(sample=5),
        local=False,
        is_checkpoint=True,
        input=[AnnotatedPath()],
        output="one.txt",
        log=[],
        benchmark=Path("b.txt"),
        reason="Missing output files: one.txt",
        resources={"mem_mb": 5, "tmpdir": Path("/tmp/x")},
        threads=4,
        priority=Path("high"),
        shellcmd="sort in.txt",
    )
    assert found == notes.JobInfo(
        T0,
        job_id=3,
        rule="map",
        wildcards={"sample": "5"},
        local=False,
        checkpoint=True,
        input=("in.txt (storage)",),
        output=("one.txt",),
        log=(),
        benchmark="b.txt",
        reason="Missing output files: one.txt",
        resources={"mem_mb": 5, "tmpdir": "/tmp/x"},
        threads=4,
        priority="high",
        shellcmd="sort in.txt",
    )


def test_a_job_s_id_may_be_0() -> None:
    assert noted("job_info", jobid=0, rule_name="all").job_id == 0
    assert noted("job_finished", jobid=0, job_id=None) == notes.JobEndLogged(T0, 0)


def test_missing_attributes_of_a_job_are_unknown() -> None:
    found = noted("job_info", jobid=3, rule_name="map", benchmark=[], shellcmd=None)
    assert (found.benchmark, found.shellcmd, found.threads) == (None, None, None)
    assert (found.input, found.resources, found.wildcards) == ((), {}, {})


def test_group_info_becomes_a_note() -> None:
    assert noted("group_info", group_id=7) == notes.GroupInfo(T0, "7")


@pytest.mark.parametrize("name", ["jobid", "job_id"])
def test_job_finished_becomes_a_note(name: str) -> None:
    assert noted("job_finished", **{name: 3}) == notes.JobEndLogged(T0, 3)


def test_job_error_becomes_a_note() -> None:
    found = noted(
        "job_error",
        jobid=3,
        rule_msg="Error in rule map",
        aux={"external_jobid": 77},
        log=["a.log", "slurm.log"],
    )
    assert found == notes.JobErrorLogged(
        T0, 3, "Error in rule map", external_jobid="77", logs=("a.log", "slurm.log")
    )


@pytest.mark.parametrize("aux", [None, {}, "text"])
def test_a_job_error_may_have_no_external_id(aux: Any) -> None:
    assert noted("job_error", job_id=3, aux=aux) == notes.JobErrorLogged(T0, 3)


def test_resources_info_means_the_dag_is_ready() -> None:
    assert noted("resources_info", nodes=["a"]) == notes.DagReady(T0)


def test_an_error_becomes_a_message() -> None:
    note = noted("error", level=logging.ERROR, msg="No rule to make x")
    assert note == notes.LogMessage(T0, "error", "error", "No rule to make x")


def test_an_error_has_what_is_known_of_it_beyond_its_text() -> None:
    logged = record("error", level=logging.ERROR, msg="no", exception="LockException")
    by_name = notes.LogMessage(T0, "error", "error", "no", None, notes.ErrorFacts("LockException"))
    assert error_of(logged, T0, None, None) == by_name
    facts = notes.ErrorFacts("FileNotFoundError", "map", {"n": "1"}, "forced")
    known = notes.LogMessage(T0, "error", "error", "no", 3, facts)
    assert error_of(logged, T0, 3, facts) == known


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Building DAG of jobs...", "building_dag"),
        ("Nothing to be done (all requested files are present).", "nothing_to_do"),
        ("Waiting at most 5 seconds for missing files:\nx", "waiting_for_files"),
        ("Updating checkpoint dependencies.", "checkpoint"),
        ("Terminating processes on user request, this might take some time.", "interrupted"),
        ("Exiting because a job execution failed. Look below", "failed"),
        ("Job 3 has been submitted with SLURM jobid 77 (log: x)", "submitted"),
        ("Retrieving input from storage.", "retrieving"),
    ],
)
def test_a_plain_message_that_states_a_fact_has_its_kind(text: str, kind: str) -> None:
    assert noted(msg=text) == notes.LogMessage(T0, "info", kind, text)


def test_every_warning_is_recorded() -> None:
    note = noted(level=logging.WARNING, msg="unusual")
    assert note == notes.LogMessage(T0, "warning", "warning", "unusual")


def test_a_long_message_is_cut_to_what_may_be_kept_and_masked() -> None:
    assert len(noted(level=logging.WARNING, msg="x" * 100_000).text) == 16_000


@pytest.mark.parametrize(
    "logged",
    [
        record(msg="3 of 7 steps (43%) done"),
        record(msg=None),
        record(level=logging.DEBUG, msg="Building DAG of jobs..."),
        record("run_info", msg="Job stats:"),
        record("progress", done=1, total=2),
        record("shellcmd", cmd="x"),
    ],
)
def test_other_records_are_ignored(logged: logging.LogRecord) -> None:
    assert note_of(logged) is None


class Text(str):
    __slots__ = ("flags",)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (0.5, 0.5),
        (Path("x/y"), "x/y"),
        ({1: Path("x")}, {"1": "x"}),
        ((1, Path("x")), [1, "x"]),
        ({"b", "a"}, ["a", "b"]),
        ({"a": [{"b": {Path("c")}}]}, {"a": [{"b": ["c"]}]}),
    ],
)
def test_foreign_objects_become_plain_values(value: Any, expected: Any) -> None:
    assert plain(value) == expected


def test_a_subclass_of_str_becomes_a_plain_str() -> None:
    assert type(plain(Text("x"))) is str


@pytest.mark.parametrize("event", ["job_info", "error", None])
def test_a_record_is_about_the_event_that_it_names(event: str | None) -> None:
    assert kind_of(record(event)) == event


@pytest.mark.parametrize(
    ("logged", "planned"),
    [
        (record("run_info", msg="Job stats:"), True),
        (record(msg="Nothing to be done (all requested files are present)."), True),
        (record("resources_info", msg="Provided cores: 1"), False),
        (record("error", msg="Nothing to be done for it"), False),
        (record(msg="Building DAG of jobs..."), False),
        (record(), False),
    ],
)
def test_run_info_or_nothing_to_do_means_planned(logged: logging.LogRecord, planned: bool) -> None:
    assert is_planned(logged) is planned


def test_a_record_s_texts_about_a_job_are_reused() -> None:
    texts = job_texts(record("job_info", wildcards={"s": 1}, threads=2, reason="new"))
    assert texts == JobTexts({"s": "1"}, "new", 2, None, None)


@pytest.mark.parametrize(
    ("logged", "selects"),
    [
        (record(msg="Select jobs to execute..."), True),
        (record(msg="Execute 1 jobs..."), False),
        (record(), False),
    ],
)
def test_a_selection_is_known_by_its_text(logged: logging.LogRecord, selects: bool) -> None:
    assert is_selection(logged) is selects
