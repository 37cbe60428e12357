"""What attempts requested and used, and which resources were over- or under-requested."""

import math
from typing import Any

import pytest
import strategies
from builders import (
    Story,
    a_record,
    an_execution,
    begun,
    grouped,
    in_main,
    level,
    logger_only,
    on_cluster,
    retried,
    stamps,
)
from hypothesis import given
from hypothesis import strategies as st

from snakemake_logger_plugin_observe.analysis.jobs.resource_use import (
    RequestMismatch,
    ResourceUse,
    request_mismatches,
    resource_use,
    why_unknown,
)
from snakemake_logger_plugin_observe.journal.records import Execution, Usage
from snakemake_logger_plugin_observe.run.model import Run

MB = 1_000_000


def demanded(story: Story, job_id: int = 1) -> ResourceUse:
    run = story.run
    return resource_use(run, run.attempts[(job_id, 1)])


def peaks(exact: int | None = None, bound: int | None = None, at_once: int | None = 1) -> Usage:
    """Return a use whose peak is known in MB, exactly or as a bound, of a single process."""
    return Usage(
        peak_rss_bytes=None if exact is None else exact * MB,
        peak_rss_bound_bytes=None if bound is None else bound * MB,
        processes_at_once=at_once,
    )


# -- one attempt -------------------------------------------------------------------------------------


def test_all_that_is_known_of_an_attempt() -> None:
    used = Usage(
        user_s=15,
        system_s=1,
        peak_rss_bytes=300 * MB,
        peak_rss_bound_bytes=300 * MB,
        processes_at_once=1,
        read_bytes=5,
        written_bytes=7,
    )
    asks = {"mem_mb": 1000, "runtime": 90}
    story = on_cluster(
        queue_s=9, startup_s=2, stage_s=3, tool_s=4, poll_s=9, used=used, asks=asks, threads=8
    )
    found = demanded(story)
    assert found == ResourceUse(
        threads=8,
        cpu_s=16,
        compute_s=4,
        memory_requested_bytes=1000 * MB,
        memory_peak_bytes=300 * MB,
        memory_is_whole=True,
        runtime_requested_s=5400,
        on_node_s=9,  # start-up, staging and the tool; neither the queue nor the poll
        read_bytes=5,
        written_bytes=7,
    )
    assert found.cores == 4


@pytest.mark.parametrize(
    ("used", "sampled_mb", "peak_mb", "kind"),
    [
        (peaks(300, 300), None, 300, "exact"),
        (peaks(None, 130), None, 130, "at most"),
        (None, 140, 140, "at least"),
        (peaks(300), 140, 300, "exact"),
        (peaks(300), 340, 340, "exact"),
        (peaks(None, 130), 140, 140, "at least"),
        (peaks(None, 130), 20, 130, "at most"),
        (peaks(300, 300, at_once=2), None, 300, "at least"),
        (peaks(300, 300, at_once=None), None, 300, "at least"),
        (peaks(), None, None, "exact"),
        (None, None, None, "exact"),
    ],
)
def test_the_peak_is_the_largest_figure_or_a_bound(
    used: Usage | None, sampled_mb: int | None, peak_mb: int | None, kind: str
) -> None:
    """The kernel's figure is of one process, and the scheduler only samples."""
    story = on_cluster(tool_s=4, used=used)
    if sampled_mb is not None:
        story.accounting(1, a_record(peak_rss_bytes=sampled_mb * MB))
    found = demanded(story)
    expected = None if peak_mb is None else peak_mb * MB
    assert found.memory_peak_bytes == expected
    assert found.memory_peak_is_bound == (kind == "at most")
    assert found.memory_peak_is_least == (kind == "at least")


def test_processes_that_held_memory_at_once_are_summed_and_that_is_a_lower_bound() -> None:
    used = Usage(peak_rss_bytes=309 * MB, together_peak_bytes=612 * MB, processes_at_once=2)
    found = demanded(on_cluster(tool_s=4, used=used))
    assert (found.memory_peak_bytes, found.memory_peak_is_least) == (612 * MB, True)


def test_many_small_processes_are_more_than_the_largest_of_them() -> None:
    used = Usage(peak_rss_bytes=9 * MB, together_peak_bytes=90 * MB, processes_at_once=0)
    assert demanded(on_cluster(tool_s=4, used=used)).memory_peak_is_least


def test_snakemake_s_own_processes_on_the_node_are_part_of_a_job_s_memory() -> None:
    story = begun().job(1, resources={"mem_mb": 1000})
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=12, finished=13)
    tool = an_execution(begun=8, tool_started=8, tool_ended=10, checked=10)
    node = level(tool, started=6, loaded=7, planned=8, ended=11)
    used = peaks(14).but(snakemake_bytes=150 * MB)
    story.attempt(1, known, node, used=used, external_jobid="71")
    found = demanded(story)
    assert (found.memory_peak_bytes, found.memory_snakemake_bytes) == (164 * MB, 150 * MB)
    within = {"with_snakemake": True, "snakemake_bytes": 150 * MB}
    used = peaks(80, at_once=None).but(**within)
    found = demanded(story.attempt(1, known, node, used=used, external_jobid="71"))
    assert (found.memory_peak_bytes, found.memory_peak_is_least) == (150 * MB, False)


def test_the_control_group_of_the_job_counts_everything() -> None:
    used = Usage(peak_rss_bytes=309 * MB, cgroup_peak_bytes=700 * MB, processes_at_once=2)
    found = demanded(on_cluster(tool_s=4, used=used))
    assert (found.memory_peak_bytes, found.memory_peak_is_least) == (700 * MB, False)


def test_what_the_scheduler_was_asked_for_is_what_was_requested() -> None:
    story = on_cluster(tool_s=4, asks={"mem_mb": 8000, "runtime": 60})
    record = a_record(memory_requested_bytes=500 * 2**20, time_limit_s=1800)
    found = demanded(story.accounting(1, record))
    assert (found.memory_requested_bytes, found.runtime_requested_s) == (500 * 2**20, 1800)
    same = a_record(memory_requested_bytes=8000 * 2**20, time_limit_s=3600)
    assert demanded(story.accounting(1, same)).memory_requested_bytes == 8000 * MB


def test_cpu_time_is_unknown_if_user_or_system_time_is() -> None:
    found = demanded(on_cluster(tool_s=4, used=Usage(user_s=3)))
    assert (found.cpu_s, found.cores) == (None, None)


def test_a_tool_without_length_has_no_cores() -> None:
    assert demanded(on_cluster(startup_s=1, used=Usage(user_s=0, system_s=0))).cores is None


def test_a_job_in_the_main_process_was_on_no_node() -> None:
    found = demanded(begun().job(1, resources={"runtime": 5}).quick(1, 3, 3, 9))
    assert (found.compute_s, found.on_node_s, found.runtime_requested_s) == (6, None, 300)


def test_a_job_that_a_cluster_ran_without_an_id_was_on_its_node() -> None:
    run = on_cluster(startup_s=2, tool_s=4).run
    run.attempts[(1, 1)].external_jobid = None  # as under cluster-sync
    assert resource_use(run, run.attempts[(1, 1)]).on_node_s == 6


def test_without_records_everything_is_unknown() -> None:
    known = stamps(ready=3, selected=4, submitting=4, accepted=5)
    story = begun().job(1).submitted(1, known, external_jobid="71")
    assert demanded(story) == ResourceUse()
    assert demanded(story).cores is None


def test_a_job_without_a_description_has_no_requests() -> None:
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=8, finished=9)
    story = begun().attempt(1, known, used=peaks(300))
    assert demanded(story) == ResourceUse()


def test_a_group_s_submission_has_no_requests_and_its_members_have_their_own() -> None:
    run = grouped().run
    assert resource_use(run, run.attempts[("g1", 1)]) == ResourceUse()
    assert resource_use(run, run.attempts[(2, 1)]) == ResourceUse(compute_s=2, on_node_s=4)


HOSTILE = [
    *("<TBD>", "1000", "", True, False, None, [], {}),
    *(0, -5, math.nan, math.inf, -math.inf, 10**12, 10**400),
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_request_that_is_not_an_amount_is_unknown(value: Any) -> None:
    run = on_cluster(tool_s=4).run
    asks = {"mem_mb": value, "runtime": value}
    run.jobs[1] = run.jobs[1].but(resources=asks)
    found = resource_use(run, run.attempts[(1, 1)])
    assert (found.memory_requested_bytes, found.runtime_requested_s) == (None, None)


@given(st.dictionaries(st.sampled_from(["mem_mb", "runtime"]), strategies.anything))
def test_no_request_raises_an_error(asks: dict[str, Any]) -> None:
    run = on_cluster(tool_s=4, used=peaks(300)).run
    run.jobs[1] = run.jobs[1].but(resources=asks)
    for one in request_mismatches(run):
        assert one.requested > 0
        assert one.too_little in (True, False)


# -- a rule's requests --------------------------------------------------------------------------------


def test_why_it_is_not_known_what_an_attempt_used() -> None:
    story = begun().job(1).job(2).job(3).quick(1, 3, 4, 9, used=Usage(user_s=1, system_s=0))
    story.quick(2, 3, 4, 9).quick(3, 3, 4, 9, used=Usage(unobserved="why"))
    run = story.run
    assert [why_unknown(run, run.attempts[job_id, 1]) for job_id in (1, 2, 3)] == [
        *(None, "the journal has no figures of it", "why")
    ]
    still = begun().job(1).attempt(1, stamps(ready=3, selected=4, finished=9), in_main(begun_at(4)))
    (attempt,) = still.run.attempts.values()
    assert why_unknown(still.run, attempt) == (
        "its tool was still running when Snakemake was done with it"
    )
    alone = logger_only().run
    (attempt,) = alone.attempts.values()
    assert why_unknown(alone, attempt) == "the run was recorded without --executor timed"


def begun_at(moment_s: float) -> Execution:
    return an_execution(begun=moment_s, prepared=moment_s, tool_started=moment_s)


def off(story: Story) -> list[tuple[str, float, float]]:
    return [(one.resource, one.requested, one.used) for one in request_mismatches(story.run)]


def memory(asked_mb: float, *used: Usage | None) -> Story:
    """Return a run of one rule, with a job for each use, each requesting that much memory."""
    story = begun()
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=8, finished=9)
    for job_id, one in enumerate(used, 1):
        story.job(job_id, resources={"mem_mb": asked_mb}).attempt(job_id, known, used=one)
    return story


@pytest.mark.parametrize(
    ("asked_mb", "used", "is_far"),
    [
        (800, peaks(200), True),  # four times as much
        (799, peaks(200), False),
        (600, peaks(100), True),  # 500 MB to spare
        (599, peaks(100), False),
        (8000, peaks(None, 130), True),  # at most 130
        (8000, peaks(130, at_once=2), False),  # it may have been more
        (8000, peaks(None, 130, at_once=None), False),  # of its largest process
        (1000, peaks(950, at_once=2), True),
        (1000, peaks(900), False),
        (1000, peaks(901), True),  # nearly all
        (1000, peaks(2000), True),
        (1000, peaks(None, 1000), False),  # it may have been less
        (1000, None, False),
        (1000, peaks(), False),
    ],
)
def test_memory_is_over_requested_from_four_times_and_500_mb_on_or_nearly_used_up(
    asked_mb: int, used: Usage | None, is_far: bool
) -> None:
    assert bool(off(memory(asked_mb, used))) == is_far


def test_a_peak_between_bounds_that_are_both_above_the_request_is_more_than_it() -> None:
    between = Usage(peak_rss_least_bytes=340 * MB, peak_rss_bound_bytes=383 * MB)
    (found,) = request_mismatches(memory(300, between).run)
    assert found == RequestMismatch("map", "memory", 300 * MB, 340 * MB, at_least=True)
    assert found.exceeded


@pytest.mark.parametrize(
    ("asks", "submitted_mb", "is_far"),
    [
        ({"mem_mb": 4000}, 4000, True),
        ({"mem_mb_per_cpu": 2000}, 4000, True),
        ({"mem_mb": 200}, 4000, False),  # the submit command does not pass it on
        ({}, 4000, False),
    ],
)
def test_a_default_of_the_cluster_s_is_not_over_requested(
    asks: dict[str, Any], submitted_mb: int, is_far: bool
) -> None:
    story = on_cluster(tool_s=4, used=peaks(200), asks=asks)
    record = a_record(memory_requested_bytes=submitted_mb * 2**20, cpus_requested=2)
    assert bool(off(story.accounting(1, record))) == is_far


def test_a_limit_of_a_year_is_none() -> None:
    story = on_cluster(tool_s=4, used=peaks(200))
    year = a_record(time_limit_s=365 * 24 * 3600)
    assert demanded(story.accounting(1, year)).runtime_requested_s is None


def test_over_requested_memory_is_distinguished_from_too_little() -> None:
    (much,) = request_mismatches(memory(8000, peaks(900)).run)
    assert much == RequestMismatch("map", "memory", 8000 * MB, 900 * MB)
    (little,) = request_mismatches(memory(1000, peaks(950)).run)
    (bound,) = request_mismatches(memory(8000, peaks(None, 130)).run)
    assert (much.too_little, little.too_little, bound.too_little) == (False, True, False)
    assert (much.at_most, little.at_most, bound.at_most) == (False, False, True)
    (more,) = request_mismatches(memory(1000, peaks(1100)).run)
    assert (little.exceeded, more.exceeded) == (False, True)


def test_a_rule_is_judged_by_its_largest_job() -> None:
    assert off(memory(8000, peaks(100), peaks(900))) == [("memory", 8000 * MB, 900 * MB)]
    assert off(memory(8000, peaks(100), peaks(2500))) == []


def test_a_rule_is_judged_by_its_largest_request() -> None:
    story = memory(1000, peaks(800)).job(2, resources={"mem_mb": 8000})
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=8, finished=9)
    assert off(story.attempt(2, known, used=peaks(900))) == [("memory", 8000 * MB, 900 * MB)]


@pytest.mark.parametrize("unknown", [None, peaks(), Usage(user_s=1, system_s=1)])
def test_a_rule_with_an_unknown_job_is_not_judged(unknown: Usage | None) -> None:
    assert off(memory(8000, peaks(100), unknown, peaks(100))) == []


def test_failed_attempts_are_ignored() -> None:
    """The first was killed before it had used anything."""
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=8, finished=9)
    story = begun().job(1, resources={"mem_mb": 1000})
    story.attempt(1, known, status="failed", used=peaks(1))
    assert off(story.attempt(1, known, number=2, used=peaks(500))) == []


def test_memory_that_a_failed_attempt_had_less_of_is_not_too_much() -> None:
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=8, finished=9)
    story = begun().job(1, attempt=1, resources={"mem_mb": 800})
    story.attempt(1, known, status="failed", used=peaks(90))
    story.job(1, attempt=2, resources={"mem_mb": 1200})
    assert off(story.attempt(1, known, number=2, used=peaks(100))) == []


def test_without_a_request_there_is_no_mismatch() -> None:
    assert request_mismatches(on_cluster(tool_s=4, used=peaks(1)).run) == []
    assert request_mismatches(retried().run) == []
    assert request_mismatches(Run()) == []


@pytest.mark.parametrize(
    ("threads", "cpu_s", "tool_s", "found"),
    [
        (4, 40, 20, [("threads", 4, 2.0)]),  # half of them
        (4, 41, 20, []),
        (2, 20, 20, [("threads", 2, 1.0)]),
        (1, 1, 20, []),
        (4, 1, 9, []),  # too short to judge
        (None, 1, 20, []),
    ],
)
def test_threads_are_over_requested_if_half_of_them_idled_for_10_s_or_more(
    threads: int | None, cpu_s: float, tool_s: float, found: Any
) -> None:
    used = Usage(user_s=cpu_s - 0.5, system_s=0.5)
    assert off(on_cluster(tool_s=tool_s, threads=threads, used=used)) == found


def test_threads_are_judged_by_all_of_a_rule_s_jobs_together() -> None:
    used = Usage(user_s=3, system_s=0)
    assert off(on_cluster(5, tool_s=2, threads=4, used=used)) == [("threads", 4, 1.5)]


@pytest.mark.parametrize(
    ("asked_min", "tool_s", "found"),
    [
        (40, 600, [("runtime", 2400, 600)]),  # four times as much, and 30 minutes to spare
        (39, 600, []),
        (31, 60, [("runtime", 1860, 60)]),
        (30, 60, []),
        (10, 540, []),
        (10, 541, [("runtime", 600, 541)]),  # nearly all
    ],
)
def test_a_runtime_is_over_requested_from_four_times_and_30_min_on_or_nearly_used_up(
    asked_min: int, tool_s: float, found: Any
) -> None:
    assert off(on_cluster(tool_s=tool_s, asks={"runtime": asked_min})) == found


def test_a_runtime_that_is_nearly_used_up_is_too_short() -> None:
    (one,) = request_mismatches(on_cluster(tool_s=590, asks={"runtime": 10}).run)
    assert one.too_little


def test_queue_wait_does_not_count_as_runtime() -> None:
    assert off(on_cluster(queue_s=3000, tool_s=500, poll_s=500, asks={"runtime": 10})) == []


def test_mismatches_are_listed_by_rule_with_memory_first() -> None:
    used = Usage(user_s=10, system_s=0, peak_rss_bytes=100 * MB, processes_at_once=1)
    facts = {"resources": {"mem_mb": 8000, "runtime": 240}, "threads": 8}
    story = on_cluster(tool_s=20, used=used, asks=facts["resources"], threads=8, rule="zip")
    known = story.events[-2].stamps
    story.job(2, rule="map", **facts)
    node = story.events[-3].levels
    story.attempt(2, known, *node, used=used, external_jobid="72")
    assert [(one.rule, one.resource) for one in request_mismatches(story.run)] == [
        ("zip", "memory"),
        ("zip", "threads"),
        ("zip", "runtime"),
        ("map", "memory"),
        ("map", "threads"),
        ("map", "runtime"),
    ]


@given(strategies.tampered_runs())
def test_no_run_has_a_small_mismatch(run: Run) -> None:
    for one in request_mismatches(run):
        assert one.used > one.requested * 0.9 or one.requested >= 2 * one.used
        assert one.too_little == (one.used > one.requested * 0.9)


@pytest.mark.parametrize(("cpus", "found"), [(4, [("threads", 4, 1.0)]), (3, []), (None, [])])
def test_cores_that_jobs_of_this_machine_left_idle_count_if_there_were_as_many(
    cpus: int | None, found: list[Any]
) -> None:
    """With more --cores than the machine has, a job may get less than it could use."""
    story = Story(cores=4, cpus=cpus).plan(2, 3).job(1, threads=4)
    story.quick(1, 3, 4, 24, used=Usage(user_s=19, system_s=1))
    assert off(story) == found


def test_what_it_was_suspended_for_is_no_time_that_it_used() -> None:
    story = on_cluster(queue_s=1, tool_s=20)
    end = story.events.pop()
    story.accounting(1, a_record(suspended_s=15.0), moment_s=48).add(end)
    without, found = (
        resource_use(run, run.attempts[(1, 1)]).on_node_s or 0
        for run in (on_cluster(queue_s=1, tool_s=20).run, story.run)
    )
    assert without - found == 15
