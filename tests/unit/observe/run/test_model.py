"""What can be looked up in a run: its start, end and status, and its jobs."""

import pytest
from builders import (
    Story,
    at,
    begun,
    chain,
    killed,
    logger_only,
    phases_at,
)

from snakemake_logger_plugin_observe.run.model import Run


def test_a_run_starts_with_its_process() -> None:
    assert Story().run.start == at(0)


def test_a_run_whose_process_s_start_is_unknown_starts_with_its_plugins() -> None:
    assert Story(process_started=None).run.start == at(1)


def test_a_run_without_either_starts_with_its_first_line() -> None:
    assert Story(process_started=None, plugin_loaded=None).run.start == at(2)


def test_an_attempt_s_job_is_as_it_was_at_that_attempt() -> None:
    story = begun().job(1, attempt=1, threads=1).job(1, attempt=2, threads=2)
    story.job(1, attempt=2, threads=3)  # described once more before it was submitted
    run = story.run
    assert [getattr(run.job_at(1, number), "threads", None) for number in (1, 2, 3)] == [1, 3, 3]
    assert run.jobs[1].threads == 3
    assert run.job_at(None, 1) is None
    assert run.job_at(2, 1) is None


def test_a_finished_run_ends_with_its_last_event() -> None:
    run = chain().run
    assert (run.end, run.makespan, run.status()) == (at(21), 21_000_000, "success")


def test_a_run_without_a_last_event_ends_with_its_last_moment() -> None:
    run = killed().run
    assert (run.end, run.finished) == (at(20), None)


@pytest.mark.parametrize(
    ("alive", "status"), [(True, "running"), (False, "killed"), (None, "unknown")]
)
def test_a_run_without_a_last_event_was_killed_if_its_process_is_gone(
    alive: bool | None, status: str
) -> None:
    assert killed().run.status(alive) == status


def test_scheduling_begins_when_the_dag_is_built() -> None:
    assert begun().run.scheduling_began == at(3)


def test_scheduling_begins_after_deployment_and_onstart() -> None:
    story = begun().phase("deploy", 3, 4).phase("hooks", 4, 5, detail="onstart")
    assert story.run.scheduling_began == at(5)


def test_neither_a_checkpoint_s_planning_nor_a_later_hook_moves_the_beginning() -> None:
    story = begun().plan(10, 12, detail="checkpoint").phase("hooks", 20, 21, detail="onsuccess")
    assert story.run.scheduling_began == at(3)


def test_a_run_of_the_logger_alone_is_not_wrapped() -> None:
    run = logger_only().run
    assert not run.wrapped
    assert phases_at(run.attempts[(1, 1)].segments) == [("slot_wait", 3, 4), ("unobserved", 4, 9)]


@pytest.mark.parametrize(
    ("facts", "executor"),
    [
        ({"executor": "timed", "wraps": "slurm"}, "slurm"),
        ({"executor": "local", "wraps": None}, "local"),
        ({"executor": None, "wraps": None}, None),
    ],
)
def test_the_executor_that_runs_the_jobs_is_the_wrapped_one(
    facts: dict[str, str | None], executor: str | None
) -> None:
    run = Story(**facts).run
    assert run.started is not None
    assert (run.inner_executor, run.started.inner_executor) == (executor, executor)


def test_the_executor_of_a_run_without_a_first_line_is_unknown() -> None:
    assert Run().inner_executor is None
