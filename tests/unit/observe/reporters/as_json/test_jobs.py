"""The JSON of `jobs`."""

import strategies
from answers import as_json, jobs, on_slurm, shape
from builders import (
    SECOND,
    at,
    begun,
    grouped,
    logger_only,
    micros_of,
    retried,
    stamps,
)
from hypothesis import given

from snakemake_logger_plugin_observe.run.phases import PHASES

ATTEMPT_KEYS = {
    *("job_id", "attempt", "rule", "wildcards", "group", "status", "external_jobid", "node"),
    *("exit_code", "start", "end", "phases_s", "segments", "executions", "unobserved"),
}


def test_an_attempt() -> None:
    first = as_json(jobs(retried().run))["attempts"][0]
    assert set(first) >= ATTEMPT_KEYS
    assert (first["job_id"], first["attempt"], first["rule"]) == (1, 1, "map")
    assert (first["status"], first["exit_code"], first["signal"]) == ("failed", 3, None)
    assert (first["external_jobid"], first["node"], first["group"]) == ("77", "node7", None)
    assert first["wildcards"] == {"sample": "a"}
    assert (first["start"], first["end"]) == (
        "2026-03-01T12:00:03.000000Z",
        "2026-03-01T12:00:14.000000Z",
    )
    assert first["phases_s"]["compute"] == 3.0
    assert first["segments"][0] == {
        "start": "2026-03-01T12:00:03.000000Z",
        "end": "2026-03-01T12:00:04.000000Z",
        "phase": "slot_wait",
    }
    (one,) = first["executions"]
    assert (one["number"], one["status"], one["exit_code"]) == (1, "failed", 3)
    assert one["tool_started"] == "2026-03-01T12:00:08.000000Z"
    assert first["unobserved"] == []


def test_requested_and_used_resources() -> None:
    found = as_json(jobs(on_slurm().run, sort="job"))["attempts"]
    sampled, bound, exact = found[0], found[3], found[4]
    assert exact["requested"] == {"threads": 16, "memory_bytes": 2_000_000_000, "runtime_s": 300.0}
    assert exact["used"] == {
        "cpu_s": 32.0,
        "cores": 1.0,
        "memory_bytes": 1_950_000_000,
        "memory_is_bound": False,
        "memory_least_bytes": None,
        "memory_is_least": False,
        "memory_snakemake_bytes": None,
        "on_node_s": 39.0,
        "read_bytes": 12_000_000_000,
        "written_bytes": 4096,
        "unobserved": None,
    }
    memories = [(one["used"]["memory_bytes"], one["used"]["memory_is_bound"]) for one in found]
    assert (memories[0], memories[3]) == ((140_000_001, False), (130_000_000, True))
    assert (sampled["poll_interval_s"], exact["poll_interval_s"], bound["starts"]) == (40, 60, 0)


def test_unknown_use_is_null() -> None:
    first = as_json(jobs(grouped().run, sort="job"))["attempts"][0]
    assert first["requested"] == {"threads": None, "memory_bytes": None, "runtime_s": None}
    assert first["used"] == {
        "cpu_s": None,
        "cores": None,
        "memory_bytes": None,
        "memory_is_bound": False,
        "memory_least_bytes": None,
        "memory_is_least": False,
        "memory_snakemake_bytes": None,
        "on_node_s": 4.0,
        "read_bytes": None,
        "written_bytes": None,
        "unobserved": "the journal has no figures of it",
    }
    assert first["scheduler"] is None


def test_the_accounting_record_splits_the_wait_into_held_and_queued() -> None:
    attempts = as_json(jobs(on_slurm().run, sort="job"))["attempts"]
    found = attempts[0]["scheduler"]
    assert (found["held_s"], found["queued_s"]) == (2.0, 17.0)
    assert (found["cluster_job"], found["state"], found["restarts"]) == ("71", "COMPLETED", 0)
    assert (found["submitted"], found["ended"]) == (
        "2026-03-01T12:00:03.000000Z",
        "2026-03-01T12:00:33.000000Z",
    )
    assert attempts[4]["scheduler"] is None


def test_starts_counts_how_often_the_cluster_started_an_attempt() -> None:
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=20, finished=21)
    story = begun().job(1).attempt(1, known, node_starts=(at(6), at(12)))
    assert as_json(jobs(story.run))["attempts"][0]["starts"] == 2


def test_a_group_has_a_name_and_no_rule() -> None:
    found = as_json(jobs(grouped().run, sort="job"))["attempts"]
    whole, member = found[-1], found[0]
    assert (whole["job_id"], whole["rule"], whole["group"]) == (None, None, "g1")
    assert whole["group_name"] == "pair"
    assert (member["job_id"], member["rule"], member["group"]) == (1, "map", "g1")
    assert "compute" not in whole["phases_s"]


def test_unknown_phases_are_null() -> None:
    (found,) = as_json(jobs(logger_only().run))["attempts"]
    assert found["phases_s"] == {
        "slot_wait": 1.0,
        "unobserved": 5.0,
        "stage_in": None,
        "compute": None,
        "stage_out": None,
    }
    assert found["unobserved"] == [
        "run without --executor timed: no breakdown into queue, node and tool"
    ]
    assert (found["node"], found["exit_code"], found["external_jobid"]) == (None, None, None)


def test_an_attempt_without_segments_has_no_start() -> None:
    story = begun().job(1).submitted(1, stamps(accepted=5))
    (found,) = as_json(jobs(story.run))["attempts"]
    assert (found["start"], found["end"], found["segments"]) == (None, None, [])


@given(strategies.simulated_runs())
def test_phases_are_the_sums_of_the_segments(simulated: strategies.Simulated) -> None:
    for found in shape(jobs(simulated.run))["attempts"]:
        sums = dict.fromkeys(found["phases_s"], 0)
        for one in found["segments"]:
            sums[one["phase"]] += micros_of(one["end"]) - micros_of(one["start"])
        assert {name: micros / SECOND for name, micros in sums.items()} == found["phases_s"]
        assert set(sums) <= set(PHASES)
