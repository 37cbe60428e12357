"""What to change first: the levers under a run's makespan, in runs of a known kind."""

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
    killed,
    level,
    logger_only,
    on_cluster,
    stamps,
)
from hypothesis import given

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.advice import Lever, levers
from snakemake_logger_plugin_observe.reporters.as_text.advice import sentence
from snakemake_logger_plugin_observe.run.model import Run

SECOND = 1_000_000
SLURM = "--slurm-init-seconds-before-status-checks"


def pulled(story: Story) -> list[Lever]:
    run = story.run
    return levers(run, account(run))


def kinds(story: Story) -> list[str]:
    return [lever.kind for lever in pulled(story)]


def test_polling_comes_first_if_it_took_longest() -> None:
    first = pulled(on_cluster(queue_s=5, tool_s=6, poll_s=30, every_s=40))[0]
    assert first == Lever("polling", 30 * SECOND, SLURM, 40)


def test_waiting_for_the_executor_at_the_end_counts_as_polling() -> None:
    story = on_cluster(tool_s=6, poll_s=10, every_s=40)
    story.events.pop()
    first = pulled(story.end(49))[0]
    assert first == Lever("polling", 40 * SECOND, SLURM, 40)


def test_polling_without_a_flag_is_not_a_lever() -> None:
    assert "polling" not in kinds(on_cluster(tool_s=6, poll_s=30))
    assert "polling" not in kinds(on_cluster(tool_s=6, poll_s=30, every_s=1, wraps="aws-batch"))


def test_many_short_jobs_with_large_overhead_should_be_grouped() -> None:
    first = pulled(on_cluster(4, queue_s=10, startup_s=6, tool_s=1))[0]
    assert first == Lever(
        *("grouping", 16 * SECOND),
        rule="map",
        jobs=4,
        overhead=16 * SECOND,
        tool=1 * SECOND,
    )


@pytest.mark.parametrize(
    "shape",
    [
        {"count": 2, "tool_s": 1},  # too few
        {"count": 4, "tool_s": 17},  # the tools take longer than the overhead
        {"count": 4, "tool_s": 61, "queue_s": 100},  # not short, however long the queue
        {"count": 4, "tool_s": 1, "startup_s": 0},  # no process of their own on a node
    ],
)
def test_few_or_long_jobs_should_not_be_grouped(shape: dict[str, Any]) -> None:
    story = on_cluster(**{"queue_s": 10, "startup_s": 6, **shape})
    assert "grouping" not in kinds(story)
    assert "queue" in kinds(story)


def test_of_several_rules_with_short_jobs_the_one_with_most_overhead_is_named() -> None:
    story = on_cluster(4, queue_s=10, startup_s=6, tool_s=1, rule="small")
    ended = [event for event in story.events if event.event == "attempt_finished"]
    for job_id in range(5, 10):
        story.job(job_id, rule="smaller", wildcards={"n": "1"})
        known, (node,) = ended[0].stamps, ended[0].levels
        one = node.executions[0].model_copy(update={"rule": "smaller"})
        story.attempt(job_id, known, node.model_copy(update={"executions": (one,)}))
    (lever,) = (one for one in pulled(story) if one.kind == "grouping")
    assert (lever.rule, lever.jobs) == ("smaller", 5)


def test_grouping_does_not_count_the_waits_of_other_rules() -> None:
    """The short jobs' overhead is 5 s of the run; a large job waits an hour for its slot."""
    story = on_cluster(4, queue_s=3, startup_s=2, tool_s=1, rule="tiny")
    story.events.pop()
    story.job(5, rule="large", needs=(1,))
    known = stamps(ready=9, selected=9, submitting=9, accepted=9, reported=3710, finished=3710)
    one = an_execution("large", begun=3610, tool_started=3610, tool_ended=3710, checked=3710)
    node = level(one, started=3609, loaded=3610, planned=3610, ended=3710)
    story.attempt(5, known, node, external_jobid="75").end(3710)
    assert pulled(story) == [Lever("queue", 3600 * SECOND)]


@pytest.mark.parametrize(
    ("facts", "setting", "value"),
    [
        ({"jobs": 2}, "--jobs", 2),
        ({"cores": 8}, "--cores", 8),
        ({"jobs": 1, "cores": 8}, "--jobs", 1),
    ],
)
def test_a_limit_that_jobs_waited_for_should_be_raised(
    facts: dict[str, int], setting: str, value: int
) -> None:
    first = pulled(on_cluster(2, slot_s=20, tool_s=5, **facts))[0]
    assert first == Lever("limits", 20 * SECOND, setting, value)


def test_a_limit_that_was_not_set_is_not_a_lever() -> None:
    assert "limits" not in kinds(on_cluster(slot_s=20, tool_s=5))


def test_the_queue_comes_first_if_it_took_longest() -> None:
    assert pulled(on_cluster(queue_s=20, tool_s=5))[0] == Lever("queue", 20 * SECOND)


def test_staging_comes_first_if_it_took_longest() -> None:
    assert pulled(on_cluster(stage_s=20, tool_s=5))[0] == Lever("staging", 20 * SECOND)


def test_planning_counts_parsing_and_the_dag() -> None:
    """1 s of parsing and 9 s of the DAG; the start of Snakemake itself cannot be changed."""
    story = Story().plan(2, 11).job(1).quick(1, 11, 11, 12).end(12)
    assert pulled(story)[0] == Lever("planning", 10 * SECOND)


def test_planning_a_small_workflow_is_not_a_lever() -> None:
    """Snakemake takes some tenths of a second to plan whatever workflow."""
    story = Story(plugin_loaded=at(1.7)).plan(2, 2.4).job(1).quick(1, 2.4, 2.4, 2.5).end(2.6)
    assert "planning" not in kinds(story)


def test_compute_names_the_costliest_rule() -> None:
    story = begun().job(1, rule="short").job(2, rule="long").job(3, rule="long")
    story.quick(1, 3, 3, 10).quick(2, 3, 3, 53).quick(3, 3, 3, 20).end(53)
    assert pulled(story) == [Lever("compute", 50 * SECOND, rule="long", jobs=2)]


def test_levers_are_sorted_by_length() -> None:
    story = on_cluster(queue_s=15, stage_s=20, tool_s=30, poll_s=25, every_s=5)
    found = pulled(story)
    assert [lever.kind for lever in found] == ["compute", "polling", "staging", "queue"]
    assert [lever.micros // SECOND for lever in found] == [30, 25, 20, 15]


@pytest.mark.parametrize(("queue_s", "listed"), [(9.9, False), (10, True)])
def test_levers_below_a_tenth_of_the_makespan_are_left_out(queue_s: float, listed: bool) -> None:
    story = on_cluster(queue_s=queue_s, tool_s=97 - queue_s)
    assert story.run.makespan == 100 * SECOND
    assert ("queue" in kinds(story)) == listed


@pytest.mark.parametrize("story", [chain, grouped, killed, logger_only])
def test_runs_without_large_levers_have_no_advice(story: Any) -> None:
    assert not {"polling", "grouping", "limits"} & set(kinds(story()))


def test_a_run_without_length_has_no_advice() -> None:
    run = Run()
    assert levers(run, account(run)) == []


@given(strategies.tampered_runs())
def test_levers_of_any_run_are_large_and_sorted(run: Run) -> None:
    found = levers(run, account(run))
    assert all(lever.micros >= run.makespan / 10 for lever in found)
    assert [lever.micros for lever in found] == sorted(
        (lever.micros for lever in found), reverse=True
    )


@given(strategies.simulated_runs())
def test_no_lever_is_longer_than_the_run(simulated: strategies.Simulated) -> None:
    run = simulated.run
    assert all(lever.micros <= run.makespan for lever in levers(run, account(run)))


# -- as text ------------------------------------------------------------------------------------------


def advice_text(story: Story) -> str:
    listed = sentence(pulled(story), story.run.makespan)
    return str(listed[0]).removeprefix("What to change: ") if listed else ""


@pytest.mark.parametrize(
    ("story", "text"),
    [
        (
            on_cluster(tool_s=6, poll_s=91, every_s=40),
            f"lower {SLURM} (40 s here; poll_wait and shutdown, which it governs, took 91 % of the run).",
        ),
        (
            on_cluster(4, queue_s=50, startup_s=46, tool_s=1),
            (
                "group the 4 jobs of map (each with 1.00 s of work and 1 min 36 s of overhead; 96 % of "
                "the run)."
            ),
        ),
        (
            on_cluster(slot_s=90, tool_s=7, jobs=3),
            "raise --jobs (3 here; 90 % of the run was waiting for a free slot under this limit).",
        ),
        (
            on_cluster(queue_s=90, tool_s=7),
            (
                "request less from the cluster, or submit fewer jobs (90 % of the run was waiting in its "
                "queue)."
            ),
        ),
        (
            on_cluster(stage_s=90, tool_s=7),
            "move files closer to where they are used (90 % of the run was waiting for files).",
        ),
        (
            begun().phase("plan", 3, 18).job(1).end(19),
            "make the Snakefile faster to read and plan (89 % of the run).",
        ),
        (on_cluster(tool_s=97), "speed up the tools, starting with map (97 % of the run)."),
        (
            on_cluster(queue_s=40, tool_s=57),
            (
                "speed up the tools, starting with map (57 % of the run); then request less from the "
                "cluster, or submit fewer jobs (40 % of the run was waiting in its queue)."
            ),
        ),
        (
            on_cluster(tool_s=97, rule="a\x1b[2J"),
            "speed up the tools, starting with a\\x1b[2J (97 % of the run).",
        ),
    ],
)
def test_the_advice_is_one_sentence(story: Story, text: str) -> None:
    assert advice_text(story) == text


def test_at_most_two_levers_are_named() -> None:
    story = on_cluster(queue_s=15, stage_s=20, tool_s=30, poll_s=25, every_s=5)
    assert advice_text(story) == (
        "speed up the tools, starting with map (32 % of the run); "
        f"then lower {SLURM} (5 s here; poll_wait and shutdown, which it governs, "
        "took 27 % of the run)."
    )


def test_without_levers_there_is_no_sentence() -> None:
    assert sentence([], 100) == []


def test_a_service_is_not_the_tool_to_speed_up() -> None:
    story = begun().job(1, rule="serve", service=True).job(2, rule="use")
    run = story.quick(1, 3, 3, 20).quick(2, 3, 3, 15).end(20).run
    assert [lever.rule for lever in levers(run, account(run)) if lever.kind == "compute"] == ["use"]
