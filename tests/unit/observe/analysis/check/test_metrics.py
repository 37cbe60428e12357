"""The figures that a check file can limit: exact, bounded, or unknown with the reason."""

from typing import Any

import pytest
import strategies
from builders import (
    Story,
    an_execution,
    at,
    begun,
    chain,
    grouped,
    in_main,
    killed,
    level,
    logger_only,
    on_cluster,
    replanned,
    retried,
    stamps,
)
from hypothesis import given

from snakemake_logger_plugin_observe.analysis.check.measured_run import MeasuredRun, Measurement
from snakemake_logger_plugin_observe.analysis.check.metrics import FIGURES, measure
from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.journal.events import Gap, Planned
from snakemake_logger_plugin_observe.journal.records import Usage
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import CLASSES


def measured(story: Story, *problems: str, alive: bool | None = False) -> MeasuredRun:
    return MeasuredRun(story.run, story.run.status(alive), problems)


def figure(story: Story, name: str, part: str = "", **more: Any) -> Measurement:
    return measure(measured(story, **more), name, part)


def known(found: Measurement) -> tuple[float | None, float | None, str]:
    return found.low, found.high, found.why


def exactly(value: float, why: str = "") -> tuple[float, float, str]:
    return value, value, why


def cited(found: Measurement) -> list[tuple[str, str]]:
    assert all(one.kind == "journal" for one in found.evidence)
    return [(one.ref, one.quote) for one in found.evidence]


# -- time ------------------------------------------------------------------------------------------


def test_the_makespan_cites_the_longest_attempts() -> None:
    found = figure(chain(), "makespan_s")
    assert known(found) == exactly(21)
    assert cited(found) == [
        ("B:8", "map: 9.500 s since it was selected"),
        ("B:6", "map: 6.500 s since it was selected"),
    ]


def test_the_makespan_of_a_run_without_an_end_is_a_lower_bound() -> None:
    for alive, why in (
        (True, "the run has not ended yet"),
        (False, "the run was killed before it could record its end"),
    ):
        assert known(figure(killed(), "makespan_s", alive=alive)) == (20, None, why)


def test_the_shares_of_all_classes_add_up_to_the_makespan() -> None:
    one = measured(chain())
    shares = [measure(one, "class_share", name) for name in CLASSES]
    assert sum(share.low or 0 for share in shares) == pytest.approx(1)
    assert known(measure(one, "class_share", "compute")) == exactly(16 / 21)


def test_a_share_cites_the_attempts_that_own_most_of_it() -> None:
    assert cited(figure(chain(), "class_share", "compute")) == [
        ("B:8", "map: 9.500 s of the makespan in compute"),
        ("B:6", "map: 6.500 s of the makespan in compute"),
    ]


def test_the_shares_of_a_run_without_an_end_are_unknown() -> None:
    assert figure(killed(), "class_share", "compute").low is None


def test_a_phase_is_summed_over_attempts_or_is_the_run_s_own() -> None:
    story = on_cluster(3, queue_s=20, poll_s=5, tool_s=1)
    assert known(figure(story, "phase_s", "poll_wait")) == exactly(15)
    assert known(figure(story, "phase_s", "latency_wait")) == exactly(0)
    assert known(figure(story, "phase_s", "plan")) == exactly(1)


def test_a_phase_that_may_be_unobserved_has_no_upper_bound() -> None:
    assert known(figure(logger_only(), "phase_s", "compute")) == (
        *(0, None),
        "compute could not be observed in 1 attempt",
    )


def queued(*waits_s: float) -> Story:
    """Return jobs that each waited this long in the cluster's queue and ran for a second."""
    story = begun()
    for job_id, wait_s in enumerate(waits_s, 1):
        began, ended = 3 + wait_s, 4 + wait_s
        one = an_execution(
            wildcards={}, begun=began, tool_started=began, tool_ended=ended, checked=ended
        )
        moments = {"started": began, "loaded": began, "planned": began, "ended": ended}
        handed_on = stamps(
            ready=3, selected=3, submitting=3, accepted=3, reported=ended, finished=ended
        )
        story.job(job_id, wildcards={"n": str(job_id)})
        story.attempt(job_id, handed_on, level(one, pid=job_id, **moments), external_jobid="7")
    return story.end(5 + max(waits_s))


@pytest.mark.parametrize(("part", "value"), [("p50", 10), ("p90", 18), ("p95", 19), ("p99", 20)])
def test_a_percentile_is_the_smallest_wait_that_its_share_does_not_exceed(
    part: str, value: float
) -> None:
    assert known(figure(queued(*range(20, 0, -1)), "queue_wait_s", part)) == exactly(value)


def test_the_longest_waits_are_cited_first() -> None:
    found = figure(queued(2, 5, 3), "queue_wait_s", "p50")
    assert [quote for _, quote in cited(found)] == [
        "map n=2: queue_wait 5.000 s",
        "map n=3: queue_wait 3.000 s",
        "map n=1: queue_wait 2.000 s",
    ]


def test_without_queued_jobs_there_is_no_percentile() -> None:
    assert known(figure(chain(), "queue_wait_s", "p95")) == (
        *(None, None),
        "no job of this run waited in a queue",
    )


def test_unobserved_waits_make_the_percentile_a_range() -> None:
    story = queued(1, 2, 3)
    story.events.pop()
    story.job(4)
    ended = stamps(ready=3, selected=3, submitting=3, accepted=3, reported=9, finished=9)
    story.attempt(4, ended, external_jobid="8").end(10)
    why = "queue_wait could not be observed in 1 attempt"
    assert known(figure(story, "queue_wait_s", "p50")) == (1, 2, why)
    assert known(figure(story, "queue_wait_s", "p99")) == (3, None, why)


def test_a_group_s_wait_counts_once_for_all_its_members() -> None:
    one = measured(grouped())
    assert known(measure(one, "queue_wait_s", "p50")) == exactly(1)
    assert known(measure(one, "phase_s", "queue_wait")) == exactly(1)
    assert known(measure(one, "phase_s", "compute")) == exactly(4)
    story = begun().group("g1", (1,)).job(1, group="g1")
    ended = stamps(ready=3, selected=3, submitting=3, accepted=3, reported=9, finished=9)
    story.attempt(None, ended, group="g1", external_jobid="8")
    story.attempt(1, stamps(finished=9), group="g1", external_jobid="8").end(10)
    why = "queue_wait could not be observed in 1 attempt"
    assert figure(story, "queue_wait_s", "p50").why == why


def test_a_rule_s_compute_is_its_longest_attempt_s() -> None:
    assert known(figure(chain(), "rule_compute_s", "map")) == exactly(9.5)
    assert known(figure(chain(), "rule_compute_s", "sort")) == (
        *(None, None),
        "no job of the rule sort ran",
    )


# -- work ------------------------------------------------------------------------------------------


def test_planned_jobs_are_those_of_the_last_planning() -> None:
    story = begun().add(Planned(time=at(3), to_run={"all": 1, "split": 1}, up_to_date={"old": 4}))
    story.add(Planned(time=at(3), to_run={"all": 1, "split": 1, "map": 6})).end(4)
    found = figure(story, "jobs_planned")
    assert known(found) == exactly(8)
    assert cited(found) == [
        ("B:4", "6 jobs of map"),
        ("B:4", "1 job of all"),
        ("B:4", "1 job of split"),
    ]


def test_without_a_plan_the_jobs_in_the_journal_are_counted_with_a_reason() -> None:
    found = figure(replanned(), "jobs_planned")
    assert known(found) == exactly(3, "counted from the jobs in the journal")
    assert cited(found)[0] == ("B:3", "1 job of split")


def test_planned_jobs_of_a_failed_run_are_a_lower_bound() -> None:
    story = begun().add(Planned(time=at(3), to_run={"all": 1})).end(4, "failed")
    assert known(figure(story, "jobs_planned")) == (
        *(1, None),
        "the run failed: more may have been planned later",
    )


def failing(*ends: str) -> Story:
    """Return one job whose attempts ended with these statuses, in order."""
    story = begun().job(1, rule="sort")
    for number, status in enumerate(ends, 1):
        code = {"exit_code": 13} if status == "failed" else {}
        story.quick(1, number * 2, number * 2, number * 2 + 1, number=number, status=status, **code)
    return story.end(20, "success" if ends[-1] == "success" else "failed")


@pytest.mark.parametrize(
    ("ends", "failed", "retries", "masked"),
    [
        (["success"], 0, 0, 0),
        (["failed"], 1, 0, 0),
        (["lost"], 1, 0, 0),
        (["failed", "success"], 0, 1, 1),
        (["failed", "failed", "failed"], 1, 2, 1),
        (["lost", "failed", "success"], 0, 2, 1),
    ],
)
def test_failures_retries_and_masked_failures_are_counted(
    ends: list[str], failed: int, retries: int, masked: int
) -> None:
    one = measured(failing(*ends))
    assert known(measure(one, "failed_jobs")) == exactly(failed)
    assert known(measure(one, "retries")) == exactly(retries)
    assert known(measure(one, "masked_failures")) == exactly(masked)


def test_a_failed_job_is_cited_at_the_end_of_its_last_attempt() -> None:
    assert cited(figure(failing("failed", "failed"), "failed_jobs")) == [
        ("B:5", "sort: failed at attempt 2, exit code 13")
    ]


def test_executions_inside_an_attempt_are_retries_too() -> None:
    first = an_execution(
        begun=3, tool_started=3, tool_ended=4, checked=4, status="failed", exit_code=1
    )
    second = an_execution(begun=4, tool_started=4, tool_ended=5, checked=5, number=2)
    known_stamps = stamps(ready=3, selected=3, submitting=3, accepted=3, reported=5, finished=5)
    story = begun().job(1).attempt(1, known_stamps, in_main(first, second)).end(6)
    assert cited(figure(story, "retries")) == [("B:4", "map: execution 2 of attempt 1")]
    assert known(figure(story, "retries")) == exactly(1)
    assert known(figure(story, "masked_failures")) == exactly(1)


def test_executions_on_an_unobserved_node_are_unknown() -> None:
    ended = stamps(ready=3, selected=4, submitting=4, accepted=4, reported=9, finished=9)
    story = begun().job(1).attempt(1, ended, external_jobid="7").end(10)
    assert known(figure(story, "retries")) == (
        *(0, None),
        "executions on the node were not observed in 1 attempt",
    )


def test_members_of_a_group_are_counted_without_its_submission() -> None:
    one = measured(grouped())
    assert known(measure(one, "failed_jobs")) == exactly(0)
    assert known(measure(one, "retries")) == exactly(0)


def test_jobs_without_log_or_benchmark_are_counted_but_for_target_rules() -> None:
    story = begun().job(1, rule="all").job(2, rule="map", output=("a",), log=("a.log",))
    for job_id in (3, 4):
        story.job(job_id, rule="sort", shellcmd="sort", benchmark="sort.txt", output=("b",))
    story.end(4)
    logs, benchmarks = figure(story, "missing_logs"), figure(story, "missing_benchmarks")
    assert (known(logs), cited(logs)) == (exactly(2), [("B:5", "2 jobs of sort")])
    assert (known(benchmarks), cited(benchmarks)) == (exactly(1), [("B:4", "1 job of map")])


def test_a_count_from_an_incomplete_journal_is_a_lower_bound() -> None:
    story = chain()
    assert known(figure(story, "failed_jobs", alive=None)) == exactly(0)
    unread = MeasuredRun(story.run, "success", ("line 7: torn line",))
    assert known(measure(unread, "failed_jobs")) == (
        *(0, None),
        "some lines of the journal could not be read",
    )
    story.events.insert(5, Gap(time=at(6), reason="the disk was full"))
    assert known(figure(story, "failed_jobs")) == (
        *(0, None),
        "the journal has a gap: the disk was full",
    )
    assert known(figure(story, "makespan_s")) == exactly(21)


# -- requests --------------------------------------------------------------------------------------

ONE = {"user_s": 1, "system_s": 0, "processes_at_once": 1}
PEAK = Usage(**ONE, peak_rss_bytes=900_000_000, peak_rss_bound_bytes=950_000_000)
BOUND = Usage(**ONE, peak_rss_bound_bytes=500_000_000)


def asking(used: Usage | None, **asks: float) -> Story:
    return on_cluster(2, tool_s=30, used=used, asks=asks)


def test_memory_is_the_largest_share_of_a_request_that_a_job_used() -> None:
    found = figure(asking(PEAK, mem_mb=1000), "memory_of_request")
    assert known(found) == exactly(0.9)
    assert cited(found)[0] == ("B:4", "map n=1: 90 % of its requested memory")


def test_an_upper_bound_of_a_peak_is_an_upper_bound_of_its_share() -> None:
    assert known(figure(asking(BOUND, mem_mb=1000), "memory_of_request")) == (
        *(None, 0.5),
        "only a bound is known for some jobs",
    )


@pytest.mark.parametrize(
    ("name", "used", "asks", "why"),
    [
        ("memory_of_request", None, {"mem_mb": 1000}, "memory was not measured"),
        ("memory_of_request", PEAK, {}, "no job of this run requested memory"),
        ("time_of_request", PEAK, {}, "no job of this run requested runtime"),
    ],
)
def test_without_a_request_or_a_measurement_the_share_is_unknown(
    name: str, used: Usage | None, asks: dict[str, float], why: str
) -> None:
    assert known(figure(asking(used, **asks), name)) == (None, None, why)


def test_one_unmeasured_job_leaves_no_upper_bound() -> None:
    story = asking(PEAK, mem_mb=1000)
    end = story.events.pop()
    story.job(3, resources={"mem_mb": 10})
    story.attempt(3, stamps(ready=3, selected=3, submitting=3, finished=9), external_jobid="9")
    story.add(end)
    assert known(figure(story, "memory_of_request")) == (
        *(0.9, None),
        "memory was not measured in 1 attempt",
    )


def test_time_of_request_is_time_on_the_node_over_requested_runtime() -> None:
    assert known(figure(asking(None, runtime=1), "time_of_request")) == exactly(0.5)


# -- runs that ran nothing -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "why"),
    [("dry_run", "nothing ran: a dry run"), ("touch", "the run only touched its outputs")],
)
def test_a_dry_run_has_planned_figures_only(kind: str, why: str) -> None:
    story = begun(kind=kind).job(1, output=("a",)).end(4, "dry_run")
    one = measured(story)
    planned = {"jobs_planned", "missing_logs", "missing_benchmarks"}
    for name, figure_ in FIGURES.items():
        part = "map" if figure_.parts is None else next(iter(figure_.parts), "")
        found = measure(one, name, part)
        assert found.exact if name in planned else known(found) == (None, None, why)


def test_at_most_a_hundred_attempts_are_cited() -> None:
    assert len(figure(on_cluster(150, poll_s=1), "phase_s", "poll_wait").evidence) == 100


# -- any journal ----------------------------------------------------------------------------------


@given(strategies.tampered_runs())
def test_every_figure_of_any_run_has_ordered_bounds_and_a_reason_if_inexact(run: Run) -> None:
    for status in ("success", "failed", "killed"):
        one = MeasuredRun(run, status)
        for name, figure_ in FIGURES.items():
            for part in ("map", "") if figure_.parts is None else figure_.parts or ("",):
                found = measure(one, name, part)
                assert found.exact or found.why
                assert found.low is None or found.low >= 0
                assert found.high is None or found.high >= (found.low or 0)
                assert all(isinstance(one, Citation) for one in found.evidence)


def test_a_masked_failure_is_cited_with_its_outcome() -> None:
    one = measured(retried())
    assert known(measure(one, "retries")) == exactly(1)
    assert cited(measure(one, "masked_failures")) == [
        ("B:7", "map sample=a: failed 1 time, then succeeded")
    ]
