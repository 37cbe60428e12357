"""Slurm accounting: parsing untrusted output, few queries, no duplicate events."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import (
    SACCT_FIELDS,
    SECOND,
    T0,
    Story,
    a_record,
    at,
    begun,
    grouped,
    printing,
    retried,
    sacct,
    stamps,
)
from hypothesis import example, given
from hypothesis import strategies as st

from snakemake_logger_plugin_observe.external import sacct_records
from snakemake_logger_plugin_observe.external.sacct_records import parse
from snakemake_logger_plugin_observe.external.slurm_accounting import (
    accounting_events,
    query,
    slurm_ids,
)
from snakemake_logger_plugin_observe.external.slurm_commands import SlurmError
from snakemake_logger_plugin_observe.journal.events import Accounting, decoder
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.journal.writing import to_line

Command = Callable[[str, str], Path]
BEGAN = T0 // SECOND

# As Slurm 22.05 printed them: a job whose node went away and that was started again, a task of an
# array, a cancelled job and one that ran out of time.
PRINTED = """\
39|1795393479|1795393479|1795393480|1795393483|REQUEUED|None|0:0|n1|main|1|1|200M|5|00:03.169|00:00.244|00:00:00|
39.batch|1795393480|1795393480|1795393480|1795393483|CANCELLED||0:15|n1||1|1|||00:01.004|00:00.003|00:00:00|140259328
39.0|1795393481|1795393481|1795393481|1795393485|FAILED||1:0|n1||1|1|||00:02.165|00:00.241|00:00:00|128368640
39|1795393485|1795393485|1795393486|1795393503|COMPLETED|None|0:0|n1|main|1|1|200M|5|00:03.649|00:00.484|00:00:00|
39.batch|1795393486|1795393486|1795393486|1795393503|COMPLETED||0:0|n1||1|1|||00:01.967|00:00.276|00:00:00|140124160
39.0|1795393487|1795393487|1795393487|1795393501|COMPLETED||0:0|n1||1|1|||00:01.682|00:00.207|00:00:00|132399104
15_2|1795392926|1795392927|1795392927|1795392943|COMPLETED|None|0:0|n1|main|1|1|201M|5|00:05.262|00:00.558|00:00:00|
15_2.batch|1795392927|1795392927|1795392927|1795392943|COMPLETED||0:0|n1||1|1|||00:03.576|00:00.391|00:00:00|269451264
15_2.0|1795392935|1795392935|1795392935|1795392940|COMPLETED||0:0|n1||1|1|||00:01.686|00:00.166|00:00:00|132636672
42|1795393643|1795393643|1795393644|1795393646|CANCELLED by 0|None|0:0|n1|main|1|1|100M|5|00:00.001|00:00.001|00:00:00|
42.batch|1795393644|1795393644|1795393644|1795393646|CANCELLED||0:15|n1||1|1|||00:00.001|00:00:00|00:00:00|11059200
26|1795393195|1795393195|1795393195|1795393259|TIMEOUT|None|0:15|n1|main|1|1|200M|1|00:02.565|00:00.171|00:00:00|
26.batch|1795393195|1795393195|1795393195|1795393259|CANCELLED||0:15|n1||1|1|||00:01.002|00:00.003|00:00:00|140132352
"""


def the(*rows: dict[str, Any]) -> SchedulerRecord:
    (record,) = parse(sacct(*rows))
    return record


# -- what is printed ----------------------------------------------------------------------------


def test_a_job_s_record_is_read() -> None:
    assert the({}) == a_record()
    assert (a_record().scheduler, a_record().resolution_s, a_record().restarts) == ("slurm", 1, 0)


def test_a_limit_of_a_year_is_what_slurm_prints_where_there_is_none() -> None:
    assert the({"TimelimitRaw": str(365 * 24 * 60)}).time_limit_s is None


def test_the_output_of_a_real_sacct_is_parsed() -> None:
    found = {record.cluster_job: record for record in parse(PRINTED)}
    expected = {
        job: (one.state, one.restarts, one.exit_code, one.signal, one.peak_rss_bytes)
        for job, one in found.items()
    }
    assert expected == {
        "39": ("COMPLETED", 1, 0, None, 140259328),
        "15_2": ("COMPLETED", 0, 0, None, 269451264),
        "42": ("CANCELLED", 0, 0, None, 11059200),
        "26": ("TIMEOUT", 0, 0, 15, 140132352),
    }
    (first,) = found["39"].earlier_starts
    assert (first.state, first.nodes, first.started, first.ended) == (
        *("REQUEUED", "n1"),
        *(1795393480_000_000, 1795393483_000_000),
    )
    assert {job: (one.cancelled_by, one.peak_together_bytes) for job, one in found.items()} == {
        "39": (None, 140124160 + 132399104),  # of its second start
        "15_2": (None, 269451264 + 132636672),
        "42": ("0", 11059200),
        "26": (None, 140132352),
    }
    again = found["39"]
    assert (again.submitted, again.started, again.user_s) == (
        1795393485_000_000,
        1795393486_000_000,
        3.649,
    )


def test_steps_count_only_for_their_job_s_memory() -> None:
    record = the(
        {},
        {"JobID": "71.batch", "MaxRSS": "140079104", "State": "FAILED", "UserCPU": "99:00"},
        {"JobID": "71.0", "MaxRSS": "131903488", "ExitCode": "9:0"},
        {"JobID": "71.extern", "MaxRSS": ""},
    )
    assert record == a_record(peak_rss_bytes=140079104, peak_together_bytes=271982592)


def test_a_step_without_its_job_is_skipped() -> None:
    assert parse(sacct({"JobID": "71.0", "MaxRSS": "1"})) == []


def test_array_tasks_have_their_own_records_and_pending_ones_are_skipped() -> None:
    text = sacct({"JobID": "20_2"}, {"JobID": "20_3"}, {"JobID": "20_[4-9]"}, {"JobID": "20_3.0"})
    assert [record.cluster_job for record in parse(text)] == ["20_2", "20_3"]


def test_the_last_start_of_a_requeued_job_counts_in_any_order() -> None:
    first = {"State": "REQUEUED", "NodeList": "node1"}
    second = {"State": "NODE_FAIL", "Submit": 20, "Start": 21, "NodeList": "node2"}
    last = {"Submit": 30, "Eligible": 30, "Start": 33, "End": 40, "NodeList": "node3"}
    record = the(first, last, second)
    assert (record.restarts, record.nodes, record.state) == (2, "node3", "COMPLETED")
    assert (record.submitted, record.started, record.ended) == (at(30), at(33), at(40))


def test_an_older_job_with_the_same_id_and_its_steps_are_skipped() -> None:
    older = {"Submit": 5, "Start": 5, "End": 6}
    rows = ({"JobID": "71", **older}, {"JobID": "71.0", "MaxRSS": "9", **older})
    assert parse(sacct(*rows), since=BEGAN + 6) == []
    own = {"Submit": 8, "Eligible": 8}
    (record,) = parse(sacct(*rows, own, {"JobID": "71.0", "MaxRSS": "7", **own}), since=BEGAN + 6)
    assert record == a_record(submitted=8, eligible=8, peak_rss_bytes=7, peak_together_bytes=7)


def test_a_job_with_an_unknown_submit_time_is_not_skipped() -> None:
    assert [one.submitted for one in parse(sacct({"Submit": "Unknown"}), since=BEGAN)] == [None]


@pytest.mark.parametrize("line", ["", "71", "71|1|2", "sacct: error: no", "|" * 17, "|" * 16])
def test_lines_that_are_not_rows_are_skipped(line: str) -> None:
    assert parse(f"{line}\n{sacct({})}{line}\n") == [a_record()]


@pytest.mark.parametrize("job", ["", "71+0", "node7", "-j", "71_", "12345678901", "٣"])
def test_ids_that_are_not_slurm_s_are_skipped(job: str) -> None:
    assert parse(sacct({"JobID": job})) == []


def test_moments_not_known_yet_are_none() -> None:
    record = the({"Eligible": "Unknown", "Start": "Unknown", "End": "Unknown"})
    assert (record.submitted, record.eligible, record.started) == (at(5), None, None)
    assert (record.ended, record.exit_code) == (None, None)


@pytest.mark.parametrize(
    ("state", "code", "expected"),
    [
        ("COMPLETED", "0:0", ("COMPLETED", 0, None)),
        ("FAILED", "3:0", ("FAILED", 3, None)),
        ("FAILED", "0:9", ("FAILED", 0, 9)),
        ("CANCELLED by 0", "0:15", ("CANCELLED", 0, 15)),
        ("OUT_OF_MEMORY", "0:125", ("OUT_OF_MEMORY", 0, 125)),
        ("", "", (None, None, None)),
    ],
)
def test_an_ended_job_has_its_state_exit_code_and_signal(
    state: str, code: str, expected: Any
) -> None:
    record = the({"State": state, "ExitCode": code})
    assert (record.state, record.exit_code, record.signal) == expected


def test_a_job_has_slurm_s_reason_or_none() -> None:
    assert the({"Reason": "Dependency"}).reason == "Dependency"
    assert (the({"Reason": "None"}).reason, the({"Reason": ""}).reason) == (None, None)


@pytest.mark.parametrize(
    ("text", "mib"),
    [
        ("200M", 200),
        ("200Mn", 200),
        ("200Mc", 400),
        ("1.5G", 1536),
        ("204800K", 200),
        ("209715200", 200),
        ("0", None),
        ("0n", None),
        ("?", None),
        ("", None),
        ("16E", None),
    ],
)
def test_requested_memory_is_read_in_every_version_s_format(text: str, mib: int | None) -> None:
    """The job requested two CPUs; ``c`` means memory per CPU."""
    assert the({"ReqMem": text}).memory_requested_bytes == (None if mib is None else mib * 2**20)


def test_memory_per_cpu_is_unknown_without_the_number_of_cpus() -> None:
    assert the({"ReqMem": "200Mc", "ReqCPUS": ""}).memory_requested_bytes is None


@pytest.mark.parametrize(
    ("text", "peak"), [("131903488", 131903488), ("128812K", 131903488), ("0", 0), ("", None)]
)
def test_a_peak_of_memory_is_read_plain_or_with_its_unit(text: str, peak: int | None) -> None:
    assert the({}, {"JobID": "71.0", "MaxRSS": text}).peak_rss_bytes == peak


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:03.797", 3.797),
        ("00:00:00", 0),
        ("01:02:03", 3723),
        ("2-01:02:03", 176523),
        ("01:02:03.5", 3723.5),
        ("INVALID", None),
        ("", None),
        ("3", None),
    ],
)
def test_a_span_of_cpu_time_is_read(text: str, seconds: float | None) -> None:
    record = the({"UserCPU": text, "SystemCPU": text})
    assert (record.user_s, record.system_s) == (seconds, seconds)


@pytest.mark.parametrize(
    ("text", "limit_s"), [("5", 300), ("", None), ("UNLIMITED", None), ("Partition_Limit", None)]
)
def test_a_time_limit_is_in_seconds(text: str, limit_s: float | None) -> None:
    assert the({"TimelimitRaw": text}).time_limit_s == limit_s


@pytest.mark.parametrize(
    ("cell", "text", "name"),
    [
        ("Submit", "9" * 15, "submitted"),
        ("Start", "9" * 12, "started"),
        ("TimelimitRaw", "4294967294", "time_limit_s"),
        ("ReqMem", "999999999999T", "memory_requested_bytes"),
        ("ReqMem", "9999999999999Gc", "memory_requested_bytes"),
        ("UserCPU", "999999-00:00:00", "user_s"),
    ],
)
def test_a_figure_out_of_range_is_unknown_and_the_rest_is_read(
    cell: str, text: str, name: str
) -> None:
    """``4294967294`` is Slurm's "no value"."""
    assert getattr(the({cell: text}), name) is None


_digits = st.text("0123456789", min_size=1, max_size=25)
_numbers = st.one_of(
    _digits,
    st.builds("{}{}{}".format, _digits, st.sampled_from("KMGTE."), st.sampled_from(["", "n", "c"])),
    st.builds("{}-{}:{}:{}.{}".format, _digits, _digits, _digits, _digits, _digits),
    st.builds("{}:{}".format, _digits, _digits),
    st.sampled_from(["", "Unknown", "None", "?", "71", "71.0", "71.batch", "20_2", "20_[1-3]"]),
)
_cells = _numbers | st.text(max_size=8)
_rows = st.dictionaries(st.sampled_from(SACCT_FIELDS), _cells)


def raw(rows: list[dict[str, str]]) -> str:
    """Return rows as ``sacct`` prints them, every cell as it is given."""
    plain = dict(zip(SACCT_FIELDS, sacct({})[:-1].split("|"), strict=True))
    return "".join("|".join({**plain, **row}.values()) + "\n" for row in rows)


@given(st.lists(st.text(), max_size=3), st.lists(_rows, max_size=4), st.integers(0, 2 * BEGAN))
@example([], [{"NodeList": "\N{REPLACEMENT CHARACTER}"}], 0)
def test_a_record_parsed_from_any_output_can_be_written_and_read(
    lines: list[str], rows: list[dict[str, str]], since: int
) -> None:
    for record in parse("\n".join([*lines, raw(rows)]), since):
        event = Accounting(time=T0, job_id=1, attempt=1, record=record)
        assert decoder().decode(to_line(event)) == event
        assert all(s is None or s >= 0 for s in (record.held_s, record.queued_s))


@given(st.lists(_rows, max_size=4))
def test_no_job_has_two_records(rows: list[dict[str, str]]) -> None:
    jobs = [record.cluster_job for record in parse(raw(rows))]
    assert len(jobs) == len(set(jobs))


# -- the wait, split ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moments", "held_s", "queued_s"),
    [
        ({"submitted": 5, "eligible": 6, "started": 8}, 1, 2),
        ({"submitted": 5, "eligible": 5, "started": 5}, 0, 0),
        ({"submitted": 5, "eligible": None, "started": 8}, None, None),
        ({"submitted": None, "eligible": 6, "started": 8}, None, 2),
        ({"submitted": 5, "eligible": 6, "started": None}, 1, None),
        ({"submitted": 7, "eligible": 6, "started": 5}, None, None),
    ],
)
def test_a_wait_is_split_at_the_eligible_time(
    moments: dict[str, float | None], held_s: float | None, queued_s: float | None
) -> None:
    record = a_record(**moments)
    assert (record.held_s, record.queued_s) == (held_s, queued_s)


# -- the query ----------------------------------------------------------------------------------


def test_ids_that_are_not_slurm_s_are_not_queried() -> None:
    ids = ["5", None, "20_3", "5", "pbs.12", "5; rm", "-j", "", "5.0", "5\n", "12345678901", "٣"]
    assert slurm_ids(ids) == ["5", "20_3"]


def test_ids_are_queried_400_at_a_time(command: Command) -> None:
    calls = command("sacct", "exit 0")
    assert query([str(number) for number in range(1, 402)], since=0) == []
    first, second = calls.read_text().splitlines()
    assert [line.split()[6].count(",") for line in (first, second)] == [399, 0]
    assert " -j 401 " in second


def test_sacct_is_called_for_timestamps_without_zone_and_for_duplicates(command: Command) -> None:
    calls = command("sacct", "exit 0")
    query(["5", "20_3"], since=0)
    fields = ",".join(SACCT_FIELDS)
    assert calls.read_text() == f"%s -n -P -D --noconvert -j 5,20_3 -o {fields}\n"


def test_without_an_id_sacct_is_not_called(command: Command) -> None:
    calls = command("sacct", "exit 0")
    assert query(["not one", ""], since=0) == []
    assert not calls.exists()


def test_records_of_all_calls_are_one_answer(command: Command) -> None:
    which = "case $* in *' 401 '*) id=401;; *) id=1;; esac\n"
    command("sacct", which + printing(sacct({"JobID": "$id"})))
    found = query([str(number) for number in range(1, 402)], since=BEGAN)
    assert [record.cluster_job for record in found] == ["1", "401"]


def test_jobs_submitted_over_five_minutes_before_the_run_are_skipped(
    command: Command,
) -> None:
    rows = ({"JobID": "1", "Submit": -301}, {"JobID": "2", "Submit": -299})
    command("sacct", printing(sacct(*rows)))
    assert [record.cluster_job for record in query(["1", "2"], since=BEGAN)] == ["2"]


def test_records_of_other_jobs_are_skipped(command: Command) -> None:
    """A query for an array also returns its tasks."""
    command("sacct", printing(sacct({"JobID": "71_1"}, {"JobID": "71_2"}, {"JobID": "72"})))
    assert [record.cluster_job for record in query(["71", "72"], since=BEGAN)] == ["72"]


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo no database >&2; exit 3", "sacct failed with exit code 3: no database"),
        ("printf 'a\\nb\\n\\tc\\n' >&2; exit 1", "sacct failed with exit code 1: a b c"),
        ("yes long | head -c 9999 >&2; exit 1", f"sacct failed with exit code 1: {'long ' * 40}"),
        ("kill -9 $$", "sacct failed with exit code -9: "),
    ],
)
def test_a_failing_sacct_is_reported_in_one_line(command: Command, script: str, why: str) -> None:
    command("sacct", script)
    with pytest.raises(SlurmError) as failed:
        query(["5"], since=0)
    assert str(failed.value).strip() == why.strip()


def test_a_hanging_sacct_is_not_waited_for(command: Command) -> None:
    command("sacct", "exec sleep 30")
    began = time.monotonic()
    with pytest.raises(SlurmError, match=r"^sacct did not answer in time$"):
        query([str(number) for number in range(1, 2000)], since=0, patience_s=0.3)
    assert time.monotonic() - began < 3


def test_a_missing_sacct_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SlurmError, match=r"^sacct cannot be run \(No such file[^\n]*\)$"):
        query(["5"], since=0)


def test_a_job_that_never_started_has_no_node() -> None:
    (record,) = parse(sacct({"NodeList": "None assigned", "State": "CANCELLED by 0"}))
    assert record.nodes is None


def test_bytes_that_are_not_text_are_read(command: Command) -> None:
    command("sacct", printing(sacct({"NodeList": r"$(printf '\377')"})))
    (record,) = query(["71"], since=BEGAN)
    assert record.nodes == "\N{REPLACEMENT CHARACTER}"


# -- events ------------------------------------------------------------------------------


def new_records(story: Story, *records: SchedulerRecord) -> list[tuple[Any, ...]]:
    return [
        (one.job_id, one.group, one.attempt, one.record.cluster_job, one.time)
        for one in accounting_events(records, story.run, at(60))
    ]


def test_each_attempt_has_the_record_of_its_own_submission() -> None:
    records = [a_record("78"), a_record("77"), a_record("99")]
    assert new_records(retried(), *records) == [
        (1, None, 2, "78", at(60)),
        (1, None, 1, "77", at(60)),
    ]


def test_a_group_s_record_is_its_submission_s_not_its_members() -> None:
    assert new_records(grouped(), a_record("77")) == [(None, "g1", 1, "77", at(60))]


def test_a_running_attempt_may_have_a_record() -> None:
    known = stamps(ready=3, selected=4, submitting=4, accepted=5)
    story = begun().job(1).submitted(1, known, external_jobid="71")
    assert new_records(story, a_record(ended=None)) == [(1, None, 1, "71", at(60))]


def test_only_new_or_changed_records_become_events() -> None:
    story = retried().accounting(1, a_record("77"))
    assert new_records(story, a_record("77")) == []
    assert new_records(story, a_record("77", ended=15)) == [(1, None, 1, "77", at(60))]


def test_a_record_reads_back_as_it_was_written() -> None:
    """So importing again adds nothing."""
    record = a_record("77", peak_rss_bytes=1, restarts=1, reason="x")
    (event,) = accounting_events([record], retried().run, at(60))
    assert decoder().decode(to_line(event)).record == record


def test_the_queried_fields_are_those_that_are_read() -> None:
    assert tuple(sacct_records.FIELDS) == SACCT_FIELDS
    assert not any(re.search(r"\W", name) for name in SACCT_FIELDS)


def test_a_job_whose_id_is_in_a_sentence_has_its_record() -> None:
    """As ``sbatch`` without ``--parsable`` answers."""
    known = stamps(ready=2, selected=3, submitting=3, accepted=4)
    story = begun().job(1).submitted(1, known, external_jobid="Submitted batch job 71")
    assert story.run.external_jobids == ["71"]
    (event,) = accounting_events([a_record("71")], story.run, at(20))
    assert (event.job_id, event.record.cluster_job) == (1, "71")


def test_how_long_a_job_was_suspended_is_kept() -> None:
    assert the({"Suspended": "00:05:55"}).suspended_s == 355
    assert the({"Suspended": "00:00:00"}).suspended_s is None
