"""The executor's status checks, inferred from the ends that it noticed."""

import random

import pytest
from builders import T0, Story, an_execution, at, begun, level, stamps
from simulations import S, changed, makespan, noticed

from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.whatif import build_model
from snakemake_logger_plugin_observe.analysis.whatif.draws import ends_drawn
from snakemake_logger_plugin_observe.analysis.whatif.end_detection import (
    NoticedEnd,
    infer_poll_schedule,
)
from snakemake_logger_plugin_observe.analysis.whatif.end_queue import EndQueue, end_queue
from snakemake_logger_plugin_observe.analysis.whatif.savings import savings
from snakemake_logger_plugin_observe.analysis.whatif.scenario import Scenario, parse_scenario
from snakemake_logger_plugin_observe.analysis.whatif.scenario_effects import checks_decide
from snakemake_logger_plugin_observe.analysis.whatif.whatif import what_if
from snakemake_logger_plugin_observe.journal.records import StatusCheck
from snakemake_logger_plugin_observe.run.model import Run


def seconds(moments: tuple[int, ...]) -> list[float]:
    return [moment / S for moment in moments]


def test_checks_that_found_nothing_fill_the_gap_between_two_that_found_something() -> None:
    schedule = infer_poll_schedule(noticed(10, 40), 10 * S, 5 * S, None)
    assert seconds(schedule.checks) == [10, 20, 30, 40]


def test_checks_before_the_first_that_found_something_are_counted_back() -> None:
    schedule = infer_poll_schedule(noticed(33), 10 * S, 2 * S, None)
    assert seconds(schedule.checks) == [13, 23, 33]


def test_ends_reported_in_quick_succession_were_found_by_one_check() -> None:
    schedule = infer_poll_schedule(noticed(10, 10.1, 10.2, 20.2), 10 * S, 9 * S, None)
    assert seconds(schedule.checks) == [10, 20.2]


def test_a_job_that_ended_after_a_check_began_was_found_by_the_next_check() -> None:
    known = [NoticedEnd(10 * S, 9 * S, 10 * S), NoticedEnd(11 * S, round(10.5 * S), 10 * S)]
    schedule = infer_poll_schedule(known, 10 * S, 9 * S, None)
    assert seconds(schedule.checks) == [10, 11]


def test_with_a_growing_interval_checks_that_found_nothing_are_farther_apart() -> None:
    # slept 20 s before the check at 60, 10 s before that one: a check at 40, and at 30, which found
    known = [NoticedEnd(30 * S, 0, 10 * S), NoticedEnd(60 * S, 0, 20 * S)]
    schedule = infer_poll_schedule(known, 10 * S, 20 * S, None, growth=10 * S, longest=180 * S)
    assert seconds(schedule.checks) == [30, 40, 60]


def checked_every_2_s(*ended_s: float) -> Run:
    """Return a job from 3 s on and one from 7 s on, each reported 4 s later; checks are every 2 s."""
    story = begun(jobs=1).job(1, threads=1).job(2, threads=1)
    for number, ended in enumerate(ended_s, 1):
        began = 4 * number - 1
        known = stamps(
            ready=3,
            selected=began,
            submitting=began,
            accepted=began,
            reported=began + 4,
            finished=began + 4,
        )
        one = an_execution(begun=began, tool_started=began, tool_ended=ended, checked=ended)
        node = level(one, started=began, loaded=began, planned=began, ended=ended)
        story.attempt(number, known, node, poll_interval_s=2, external_jobid=f"7{number}")
    return story.end(11).run


@pytest.mark.parametrize(
    ("ended_s", "unseen"),
    [
        pytest.param((4.99, 9.01), 100_000, id="one was missed, and none seen as soon after"),
        pytest.param((4.5, 9.01), 500_001, id="one was missed for long"),
        pytest.param((5.01, 9.01), 0, id="none was missed"),
        pytest.param((4.99, 10.98), 20_000, id="one was seen as soon after its end"),
    ],
)
def test_an_end_just_before_a_check_is_missed_if_such_ends_were_missed_in_the_run(
    ended_s: tuple[float, float], unseen: int
) -> None:
    run = checked_every_2_s(*ended_s)
    model = build_model(run)
    assert makespan(model) == run.makespan
    assert max(model.unseen) == unseen


def on_a_cluster_that_ends_jobs_late(
    lag_s: float, *tools_s: float, every_s: float = 2, wraps: str = "cluster-generic"
) -> Story:
    """Return jobs in turn, each seen by the first check once it has been gone for *lag_s*."""
    story = begun(jobs=1, wraps=wraps)
    at_s = 3.0
    for number, tool in enumerate(tools_s, 1):
        ended = at_s + tool
        begun_s = 3 + every_s * -(-(ended + lag_s - 3) // every_s)
        one = an_execution(begun=at_s, tool_started=at_s, tool_ended=ended, checked=ended)
        known = stamps(
            ready=at_s,
            selected=at_s,
            submitting=at_s,
            accepted=at_s,
            reported=begun_s + 0.1,
            finished=begun_s + 0.1,
        )
        check = StatusCheck(
            begun=at(begun_s), previous=at(begun_s - every_s), slept=at(begun_s - every_s)
        )
        story.job(number, (number - 1,) if number > 1 else (), threads=1)
        story.attempt(
            *(number, known, level(one, started=at_s, loaded=at_s, planned=at_s, ended=ended)),
            poll_interval_s=every_s,
            status_check=check,
            external_jobid=f"7{number}",
        )
        at_s = begun_s + 0.1
    return story.end(at_s)


def test_what_a_cluster_takes_to_end_a_job_stays_at_another_polling_interval() -> None:
    """A status check that finds a job running, though it has left its node, shows how long."""
    every_2_s = on_a_cluster_that_ends_jobs_late(8, 1.5, 1.7, 1.2).run
    model = build_model(every_2_s)
    assert makespan(model) == every_2_s.makespan
    assert makespan(changed(every_2_s, "poll=2")) == every_2_s.makespan
    every_6_s = on_a_cluster_that_ends_jobs_late(8, 1.5, 1.7, 1.2, every_s=6).run
    predicted = makespan(changed(every_2_s, "poll=6"))
    assert predicted == pytest.approx(every_6_s.makespan, rel=0.15)


def test_recorded_checks_are_the_simulation_s() -> None:
    model = build_model(on_a_cluster_that_ends_jobs_late(8, 1.5).run)
    assert model.poll_schedule is not None
    assert model.poll_schedule.recorded
    assert seconds(tuple(check - T0 for check in model.poll_schedule.checks))[-2:] == [11, 13]


def slowly_taken_note_of(count: int = 4, each_s: float = 3) -> Story:
    """Return jobs that end together, found by one check: the main thread takes long for each.

    The check waits for that thread before it reports the next.
    """
    story = begun(jobs=count, wraps="cluster-generic")
    for number in range(1, count + 1):
        blocked_s = each_s * (number - 1)
        one = an_execution(begun=3, tool_started=3, tool_ended=4, checked=4)
        known = stamps(
            ready=3,
            selected=3,
            submitting=3,
            accepted=3,
            reported=5 + blocked_s,
            finished=5 + blocked_s + each_s,
        )
        story.job(number, threads=1).attempt(
            *(number, known, level(one, started=3, loaded=3, planned=3, ended=4)),
            poll_interval_s=1,
            status_check=StatusCheck(begun=at(5), previous=at(4), slept=at(4), blocked_s=blocked_s),
            external_jobid=f"7{number}",
        )
    return story.end(5 + each_s * count)


def test_what_a_check_waits_for_the_main_thread_is_that_thread_s_work() -> None:
    run = slowly_taken_note_of().run
    model = build_model(run)
    assert makespan(model) == run.makespan
    assert model.check_delay == [0, 0, 0, 0]
    assert [sum(column[i] for column in model.after.values()) for i in range(4)] == [3 * S] * 4
    assert end_queue(model) == EndQueue(4, 3 * S)
    saved = {(one.kind, one.name): one.saving for one in savings(model, partition(run))}
    assert saved["phase", "postprocess"] == 12 * S


def test_to_ask_a_growing_interval_for_another_value_has_an_interval() -> None:
    """Whether a check just misses an end decides over a whole interval of that plugin."""
    run = on_a_cluster_that_ends_jobs_late(1.3, 9, 9.5, 11, every_s=10, wraps="slurm").run
    segments = partition(run)
    asked = [parse_scenario([("poll", "10")]), parse_scenario([("poll", "4")])]
    same, other = what_if(run, asked, segments).predictions
    assert (same.interval, same.predicted) == (None, run.makespan)
    assert same.assumptions == ("these are the settings that the run had: nothing changes",)
    assert other.interval is not None
    low, high = other.interval
    assert low <= other.predicted <= high


def test_when_a_cluster_ends_jobs_is_known_in_bounds_and_so_is_what_it_takes() -> None:
    """Checks show no more than between which two of them a job has ended."""
    run = on_a_cluster_that_ends_jobs_late(8, 1.5, 1.7, 1.2, every_s=3).run
    model = build_model(run)
    assert model.lag is not None
    assert model.lag.low <= 8 * S <= model.lag.high
    (found,) = what_if(run, [parse_scenario([("poll", "1")])], partition(run)).predictions
    real = on_a_cluster_that_ends_jobs_late(8, 1.5, 1.7, 1.2, every_s=1).run
    assert found.interval is not None
    low, high = found.interval
    assert low <= real.makespan <= high
    assert low < high


def test_a_cluster_whose_checks_found_no_job_running_that_had_left_has_no_such_lag() -> None:
    lag = build_model(on_a_cluster_that_ends_jobs_late(0, 1.5, 1.7).run).lag
    assert lag is not None
    assert (lag.low, lag.high, lag.unsure) == (0, 200_000, False)


def test_new_groups_end_between_other_checks_whatever_the_interval() -> None:
    run = on_a_cluster_that_ends_jobs_late(1, 1.5, 1.7, 1.2).run
    model = build_model(run)
    asked = parse_scenario([("group", "map=2")])
    assert checks_decide(model, asked)
    assert not checks_decide(model, parse_scenario([("jobs", "2")]))
    assert not checks_decide(model, Scenario())


def test_the_unchanged_run_is_shown_as_it_might_have_been_at_another_time() -> None:
    run = on_a_cluster_that_ends_jobs_late(1.3, 9, 9.5, 11, every_s=10, wraps="slurm").run
    found = what_if(run, [parse_scenario([("poll", "4")])], partition(run))
    assert found.again is not None
    low, high = found.again
    assert low <= run.makespan <= high
    assert what_if(run, [Scenario()], partition(run)).again is None
    steady = on_a_cluster_that_ends_jobs_late(1.3, 9, 9.5, 11).run
    assert what_if(steady, [parse_scenario([("poll", "4")])], partition(steady)).again is None


def test_starts_are_drawn_from_those_next_to_about_as_many_others() -> None:
    """One by itself is not taken to be as slow as one of many on the same nodes."""
    run = two_alone_and_six_at_once().run
    model = build_model(run)
    assert model.background["node_startup"] == [2 * S, 1 * S, *range(15 * S, 21 * S, S)]
    alone, at_once = set(), set()
    for seed in range(40):
        starts = ends_drawn(model, random.Random(seed)).background["node_startup"]  # noqa: S311
        alone |= set(starts[:2])
        at_once |= set(starts[2:])
    assert alone == {1 * S, 2 * S}
    assert at_once == set(range(15 * S, 21 * S, S))


def two_alone_and_six_at_once() -> Story:
    """Return two jobs in turn, that start in 2 and 1 s, and six at once that take 15 to 20 s."""
    story = begun(wraps="cluster-generic")
    starts = [(3.0, 2.0), (8.0, 1.0), *((12.0, 15.0 + number) for number in range(6))]
    for job_id, (begun_s, takes_s) in enumerate(starts, 1):
        tool_s = begun_s + takes_s
        one = an_execution(begun=tool_s, tool_started=tool_s, tool_ended=tool_s + 1)
        known = stamps(
            ready=begun_s,
            selected=begun_s,
            submitting=begun_s,
            accepted=begun_s,
            reported=tool_s + 1,
            finished=tool_s + 1,
        )
        story.job(job_id)
        story.attempt(
            *(job_id, known),
            level(
                one, pid=job_id, started=begun_s, loaded=tool_s, planned=tool_s, ended=tool_s + 1
            ),
            external_jobid=f"7{job_id}",
            poll_interval_s=1,
        )
    return story.end(33)
