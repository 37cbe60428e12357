"""The JSON of `cost`."""

from typing import Any

import strategies
from answers import as_json, cost, on_slurm, render, shape
from builders import (
    SECOND,
    Story,
    an_execution,
    at,
    begun,
    chain,
    level,
    micros_of,
    on_cluster,
    retried,
    stamps,
)
from hypothesis import given

from snakemake_logger_plugin_observe.journal.events import EarlyCheck, Wake
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import CLASSES


def test_the_account() -> None:
    found = as_json(cost(retried().run))
    assert set(found) == {
        *("schema_version", "run", "summary", "live", "makespan", "jobs", "rules", "by_rule"),
        *(
            "polling",
            "wake",
            "quick_exit",
            "held_back",
            "file_system",
            "advice",
            "reduced",
            "reruns",
            "clocks",
        ),
        *("request_mismatches", "blocked"),
    }
    assert set(found["makespan"]) == {"by_class_s", "by_phase_s", "unattributed_s", "segments"}
    assert list(found["makespan"]["by_class_s"]) == list(CLASSES)
    assert found["jobs"] == {
        "count": 1,
        "attempts": 2,
        "failed_attempts": 1,
        "by_class_s": {
            "planning": 2.0,
            "scheduling": 10.0,
            "limits": 2.0,
            "queue": 2.0,
            "staging": 0.0,
            "compute": 6.0,
            "unobserved": 0.0,
            "unattributed": 0.0,
        },
        "by_phase_s": {
            "slot_wait": 2.0,
            "submit": 2.0,
            "queue_wait": 2.0,
            "node_startup": 2.0,
            "node_plan": 2.0,
            "compute": 6.0,
            "node_exit": 2.0,
            "poll_wait": 2.0,
            "postprocess": 2.0,
        },
        "core_s": 12.0,
        "failed_s": 11.0,
    }
    (rule,) = found["rules"]
    assert (rule["rule"], rule["jobs"], rule["attempts"]) == ("map", 1, 2)
    assert rule["by_phase_s"] == found["jobs"]["by_phase_s"]


def test_the_figures_of_a_rule_s_jobs() -> None:
    found = {one["rule"]: one for one in as_json(cost(on_slurm().run))["by_rule"]}
    assert list(found) == ["assemble_all_of_them", "map"]
    assert found["map"]["jobs"] == 4
    assert found["map"]["cpu_s"] == {
        "jobs": 4,
        "mean": 0.5,
        "min": 0.5,
        "max": 0.5,
        "sum": 2.0,
        "is_bound": False,
        "max_is_bound": False,
        "is_least": False,
    }
    assert found["map"]["read_bytes"] is None
    assert found["assemble_all_of_them"]["memory_bytes"]["max"] == 1_950_000_000


def test_polling_advice_and_requests() -> None:
    found = as_json(cost(on_slurm().run))
    setting = "--slurm-init-seconds-before-status-checks"
    assert found["polling"] == {
        "shortest_s": 40.0,
        "longest_s": 60.0,
        "setting": setting,
        "growth_s": 10.0,
        "most_s": 180.0,
        "check_s": None,
        "checks_per_s": None,
    }
    first, *others = found["advice"]
    assert 40 < first.pop("saves_s") < 50
    assert len(first.pop("saves_between_s")) == 2
    assert first == {
        "kind": "wake",
        "change": "add --timed-wake on",
        "why": "jobs had ended, and waited for the next status check; checks then follow each end, and "
        "the scheduler is asked less often than at a short interval",
        "at_most": False,
        "rule": None,
        "settings": {"wake": True},
        "whatif": "snakemake-observe whatif .snakemake/observe/20260301T120000-012345.jsonl --wake",
    }
    assert [one["kind"] for one in others] == []
    first, *_, last = found["request_mismatches"]
    assert first == {
        "rule": "map",
        "resource": "memory",
        "requested": 8e9,
        "used": 140_000_003,
        "at_most": False,
        "at_least": False,
        "too_little": False,
        "exceeded": False,
    }
    assert (last["resource"], last["requested"], last["used"]) == ("threads", 16, 1.0)


def test_an_empty_run_has_no_polling_and_no_advice() -> None:
    found = as_json(cost(Run()))
    assert (found["polling"], found["advice"], found["request_mismatches"]) == (None, [], [])


def test_a_segment_of_the_makespan() -> None:
    segments = as_json(cost(chain().run))["makespan"]["segments"]
    (own,) = (one for one in segments if one["job_id"] == 2)
    assert own == {
        "start": "2026-03-01T12:00:10.500000Z",
        "end": "2026-03-01T12:00:20.000000Z",
        "class": "compute",
        "phase": "compute",
        "job_id": 2,
        "group": None,
        "attempt": 1,
        "rule": "map",
        "released_by": {
            "reason": "dependency",
            "job_id": 1,
            "group": None,
            "attempt": 1,
            "resource": None,
        },
        "line": 8,
    }
    assert segments[0]["released_by"] is None


@given(strategies.simulated_runs())
def test_the_segments_tile_the_makespan_to_the_microsecond(
    simulated: strategies.Simulated,
) -> None:
    found = shape(cost(simulated.run))
    segments = found["makespan"]["segments"]
    edges = [(micros_of(one["start"]), micros_of(one["end"])) for one in segments]
    assert [edges[0][0], edges[-1][1]] == [simulated.start, simulated.end]
    assert [end for _, end in edges[:-1]] == [start for start, _ in edges[1:]]
    total = sum(round(s * SECOND) for s in found["makespan"]["by_class_s"].values())
    assert total == round(found["run"]["makespan_s"] * SECOND) == simulated.end - simulated.start


def test_what_processes_waited_for_at_their_ends() -> None:
    story = on_cluster(tool_s=6, poll_s=1)
    assert as_json(cost(story.run))["quick_exit"] == {
        "on": False,
        "submissions": None,
        "waited_s": None,
    }
    waited = cost(exiting_late([1.0, 1.2, 2.0, 0.01]).run)
    assert as_json(waited)["quick_exit"] == {"on": False, "submissions": 3, "waited_s": 4.2}
    text = " ".join(render(waited).split())
    assert "of each, 1.2 s for a timer: without it: --timed-quick-exit on" in text
    quick = cost(exiting_late([0.01], quick_exit=True).run)
    assert as_json(quick)["quick_exit"] == {"on": True, "submissions": 0, "waited_s": 0.0}
    assert "no wait for a timer: --timed-quick-exit on" in render(quick)


def exiting_late(waits_s: list[float], **facts: Any) -> Story:
    """Return jobs in turn whose processes take 3 s to end, with *waits_s* of it for a timer."""
    story, now = begun(**facts), 3.0
    for job_id, wait_s in enumerate(waits_s, 1):
        one = an_execution(begun=now, tool_started=now, tool_ended=now + 1, checked=now + 1)
        known = stamps(
            ready=now,
            selected=now,
            submitting=now,
            accepted=now,
            reported=now + 4,
            finished=now + 4,
        )
        story.job(job_id, needs=(job_id - 1,) if job_id > 1 else ())
        story.attempt(
            *(job_id, known),
            level(one, pid=job_id, started=now, loaded=now, planned=now, ended=now + 4),
            external_jobid=f"7{job_id}",
            exit_wait_s=wait_s,
        )
        now += 4
    return story.end(now)


def test_what_early_checks_gave_back() -> None:
    story = on_cluster(tool_s=6, poll_s=2, every_s=40)
    assert as_json(cost(story.run))["wake"] is None
    story.add(Wake(time=at(3), on=True))
    for moment, found, left_s in ((9, 0, 34), (11, 1, 38)):
        check = EarlyCheck(time=at(moment), found=found, left_s=left_s, poll_interval_s=40)
        story.add(check)
    answer = cost(story.run)
    assert as_json(answer)["wake"] == {
        "on": True,
        "reason": None,
        "early_checks": 2,
        "gave_back_s": [32.0, 32.0],
    }
    text = render(answer)
    assert "checked soon after each end: --timed-wake on" in text
    assert "(without it the run would have taken about 32 s more)" in " ".join(text.split())
