"""Fewer submissions: without retries, or in groups."""

from builders import (
    SECOND,
    T0,
    at,
    on_cluster,
    retried,
)
from simulations import changed, makespan

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.whatif import build_model, simulate, transforms
from snakemake_logger_plugin_observe.analysis.whatif.run_from_simulation import simulated_run


def test_without_retries_only_the_last_attempts_take_time() -> None:
    # attempt 1 was chosen at 4 and finished at 14; without it the second goes from 4 to 14
    assert makespan(changed(retried().run, "no-retries")) == 15_000_000


def test_jobs_in_a_group_start_up_once_and_run_side_by_side() -> None:
    run = on_cluster(4, startup_s=5, tool_s=2, queue_s=3).run
    assert makespan(build_model(run)) == run.makespan == 13_000_000
    model = changed(run, "group=map=2")
    assert model.count == 2
    assert model.background["node_startup"] == [5_000_000] * 2
    assert model.background["compute"] == [2_000_000] * 2
    assert makespan(model) == 13_000_000


def test_merged_submissions_have_the_measured_moments_of_the_first() -> None:
    run = on_cluster(4, startup_s=5, tool_s=2, queue_s=3, poll_s=4, every_s=10).run
    model = changed(run, "group=map=2")
    assert model.measured.ended == [at(13)] * 2
    assert model.measured.reported == [at(17)] * 2
    assert transforms.waits_as_they_were(model).background["poll_wait"] == [4_000_000] * 2


def test_two_grouped_rules_wait_for_each_other_s_groups_and_not_for_a_slot() -> None:
    story = on_cluster(2, startup_s=5, tool_s=2, queue_s=3)
    end = story.run.end or 0
    story.events.pop()
    begin = (end - T0) / SECOND
    for job_id, need in ((3, 1), (4, 2)):
        story.job(job_id, needs=(need,), rule="then").quick(job_id, begin, begin + 1, begin + 4)
    run = story.end(begin + 5).run
    model = changed(run, "group=map=2 group=then=2")
    assert model.count == 2
    assert sorted(map(sorted, model.merged.values())) == [[(1, 1), (2, 1)], [(3, 1), (4, 1)]]
    found = account(simulated_run(model, simulate(model), run))
    assert found.makespan_by_class["limits"] == 0
