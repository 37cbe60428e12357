"""What Slurm's accounting says: parsed with distrust, asked in few queries, folded into a run."""

from collections.abc import Callable
from pathlib import Path

import pytest
from builders import T0, at, chain
from hypothesis import given
from hypothesis import strategies as st

from snakemake_logger_plugin_observe.accounting import (
    AccountingError,
    Inquiry,
    parse,
    query,
    slurm_ids,
    told_by,
)
from snakemake_logger_plugin_observe.events import Accounting, SchedulerRecord
from snakemake_logger_plugin_observe.journal import append, read_journal
from snakemake_logger_plugin_observe.run import Attempt, Run

FIELDS = (
    *("JobID", "Submit", "Eligible", "Start", "End", "State", "Reason", "ExitCode", "NodeList"),
    *("Partition", "ReqCPUS", "AllocCPUS", "ReqMem", "TimelimitRaw", "UserCPU", "SystemCPU"),
    "MaxRSS",
)
JOB = {
    "JobID": "5",
    "Submit": "1000",
    "Eligible": "1003",
    "Start": "1010",
    "End": "1049",
    "State": "COMPLETED",
    "Reason": "None",
    "ExitCode": "0:0",
    "NodeList": "n1",
    "Partition": "main",
    "ReqCPUS": "2",
    "AllocCPUS": "2",
    "ReqMem": "200M",
    "TimelimitRaw": "5",
    "UserCPU": "00:03.797",
    "SystemCPU": "00:00.744",
    "MaxRSS": "",
}


def sacct(*rows: dict[str, str]) -> str:
    return "".join("|".join({**JOB, **row}[name] for name in FIELDS) + "\n" for row in rows)


def the(*rows: dict[str, str]) -> SchedulerRecord:
    (record,) = parse(sacct(*rows))
    return record


def test_a_job_s_record_is_read_and_its_steps_count_for_memory_alone() -> None:
    record = the(
        {},
        {"JobID": "5.batch", "MaxRSS": "140079104", "State": "FAILED"},
        {"JobID": "5.0", "MaxRSS": "131903488"},
        {"JobID": "5.extern"},
    )
    assert record == SchedulerRecord(
        cluster_job="5",
        state="COMPLETED",
        submitted=1000_000_000,
        eligible=1003_000_000,
        started=1010_000_000,
        ended=1049_000_000,
        exit_code=0,
        nodes="n1",
        partition="main",
        cpus_requested=2,
        cpus_allocated=2,
        memory_requested_bytes=200 * 2**20,
        time_limit_s=300,
        user_s=3.797,
        system_s=0.744,
        peak_rss_bytes=140079104,
    )
    assert (record.held_s, record.queued_s) == (3, 7)


def test_tasks_of_an_array_are_told_apart_and_those_that_wait_are_left_out() -> None:
    text = sacct({"JobID": "20_2"}, {"JobID": "20_3"}, {"JobID": "20_[4-9]"}, {"JobID": "20_3.0"})
    assert [record.cluster_job for record in parse(text)] == ["20_2", "20_3"]


def test_of_a_requeued_job_s_starts_the_last_one_counts() -> None:
    record = the({"State": "REQUEUED", "NodeList": "n1"}, {"Submit": "1060", "NodeList": "n2"})
    assert (record.restarts, record.nodes) == (1, "n2")


def test_an_older_job_with_the_same_id_is_not_this_one() -> None:
    assert parse(sacct({}), since=2000) == []


def test_what_is_not_known_is_none() -> None:
    record = the({"Start": "Unknown", "End": "Unknown", "TimelimitRaw": "", "ReqMem": "?"})
    assert (record.started, record.ended, record.exit_code) == (None, None, None)
    assert (record.time_limit_s, record.memory_requested_bytes, record.queued_s) == (None,) * 3


@pytest.mark.parametrize(
    ("text", "mib"), [("1.5G", 1536), ("200Mn", 200), ("200Mc", 400), ("204800K", 200), ("0", None)]
)
def test_memory_is_read_in_every_version_s_way(text: str, mib: int | None) -> None:
    assert the({"ReqMem": text}).memory_requested_bytes == (None if mib is None else mib * 2**20)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:03.797", 3.797), ("01:02:03", 3723), ("2-01:02:03", 176523), ("INVALID", None)],
)
def test_a_span_of_cpu_is_read(text: str, seconds: float | None) -> None:
    assert the({"UserCPU": text}).user_s == seconds


def test_a_cancelled_job_s_state_is_one_word_and_its_signal_is_told() -> None:
    record = the({"State": "CANCELLED by 0", "ExitCode": "0:15"})
    assert (record.state, record.exit_code, record.signal) == ("CANCELLED", 0, 15)


@given(
    st.lists(st.text(), max_size=4), st.lists(st.dictionaries(st.sampled_from(FIELDS), st.text()))
)
def test_no_text_brings_it_down(lines: list[str], rows: list[dict[str, str]]) -> None:
    parse("\n".join(lines) + "\n" + sacct(*rows))


def test_ids_that_slurm_cannot_have_given_are_not_asked_about() -> None:
    ids = ["5", None, "20_3", "5", "pbs.12", "5; rm", "-j", ""]
    assert slurm_ids(ids) == ["5", "20_3"]


# -- the query itself ---------------------------------------------------------------------------


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Make a command called sacct that does what a script says; return where its calls are."""

    def make(script: str) -> Path:
        path = tmp_path / "sacct"
        path.write_text(f'#!/bin/sh\necho "$SLURM_TIME_FORMAT $*" >> {tmp_path}/calls\n{script}\n')
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return tmp_path / "calls"

    return make


def test_ids_are_asked_about_in_few_calls_and_moments_need_no_time_zone(
    commands: Callable[[str], Path],
) -> None:
    calls = commands(f"printf '{sacct({})}'")
    query([str(number) for number in range(1, 402)], since=0)
    first, second = calls.read_text().splitlines()
    assert first.startswith("%s -n -P -D --noconvert -j 1,2,3,")
    assert " -j 401 " in second


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo no database >&2; exit 3", "sacct failed with exit code 3: no database"),
        ("sleep 30", "sacct did not answer in time"),
    ],
)
def test_an_accounting_that_fails_says_so_in_one_line(
    commands: Callable[[str], Path], script: str, why: str
) -> None:
    commands(script)
    with pytest.raises(AccountingError) as failed:
        query(["5"], since=0, patience_s=0.5)
    assert str(failed.value) == why


def test_without_sacct_there_is_one_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(AccountingError, match=r"^sacct cannot be run \(No such file"):
        query(["5"], since=0)


def test_an_inquiry_hurries_when_its_answer_is_wanted(commands: Callable[[str], Path]) -> None:
    commands(f"printf '{sacct({})}'")
    records, problem = Inquiry(["5"], 0).answer()
    assert ([record.cluster_job for record in records], problem) == (["5"], None)


# -- folded into a run --------------------------------------------------------------------------


def test_a_record_is_its_attempt_s_and_news_only_once() -> None:
    run = Run()
    run.attempts[(1, 1)] = Attempt(1, None, 1, external_jobid="5")
    run.attempts[(2, 1)] = Attempt(2, "group", 1, external_jobid="5")  # a member's share
    records = [the({}), SchedulerRecord(cluster_job="99")]
    (event,) = told_by(records, run, at(60))
    assert (event.job_id, event.attempt, event.record) == (1, 1, records[0])
    run.add(event)
    assert run.attempts[(1, 1)].accounting == records[0]
    assert list(told_by(records, run, at(61))) == []
    assert run.last_moment == 0  # it may be asked for long after the run


def test_a_record_of_an_attempt_that_is_not_there_is_passed_over() -> None:
    run = Run()
    run.add(Accounting(time=at(1), job_id=7, attempt=1, record=the({})))
    assert run.attempts == {}


def test_appended_events_follow_a_line_that_was_torn(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = chain().lines
    path.write_bytes(b"".join(line + b"\n" for line in lines) + b'{"event": "to')
    append(path, [Accounting(time=T0, job_id=1, attempt=1, record=the({}))])
    reading = read_journal(path)
    assert [type(event) for _, event in reading][-1] is Accounting
    assert len(reading.problems) == 1
