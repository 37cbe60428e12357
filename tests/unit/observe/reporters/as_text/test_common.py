"""What several texts share: the head, errors, warnings."""

from typing import Any

import pytest
from answers import PATH, cost, jobs, render
from builders import (
    at,
    begun,
    killed,
    retried,
    stamps,
)

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.observed import observed
from snakemake_logger_plugin_observe.commands.support.cost_answer import cost as cost_of
from snakemake_logger_plugin_observe.journal.events import (
    Message,
)
from snakemake_logger_plugin_observe.reporters.answers import (
    CostAnswer,
    Source,
)


@pytest.mark.parametrize(
    ("make", "begin"),
    [(cost, "FAILED: "), (lambda run: jobs(run, failed=True), "Snakemake reported: ")],
    ids=["cost", "jobs"],
)
def test_a_run_that_failed_without_a_failed_job_shows_snakemake_s_error(
    make: Any, begin: str
) -> None:
    story = begun(workdir="/w").message(
        3, "MissingInputException in rule a in file /w/Snakefile:\nx"
    )
    run = (
        story.add(
            Message(
                time=at(4),
                level="error",
                kind="error",
                text="MissingInput in\n/w/Snakefile, line 2",
            )
        )
        .end(5, "failed")
        .run
    )
    assert f"{begin}MissingInput in Snakefile, line 2" in render(make(run))


def test_the_error_of_a_failed_job_is_not_repeated() -> None:
    run = retried().run
    run.messages.append(Message(time=at(4), level="error", kind="error", text="no"))
    assert "Snakemake reported" not in render(cost(run))


def test_of_a_killed_run_no_share_of_its_length_is_given() -> None:
    run = killed().heartbeat(41, (2, 1), (3, 1)).run
    text = " ".join(
        render(CostAnswer(Source(PATH, run, "killed"), account(run), observed(run))).split()
    )
    assert (
        "The run was killed after 41.0 s at least; map and map were in flight. What followed is "
        "unknown" in text
    )
    assert "1 job done, 2 in flight · slurm through timed · killed after 41.0 s at least" in text
    assert "Where the 41.0 s until the last sign of life went" in text
    assert "%" not in text


def test_of_a_running_run_times_are_so_far_and_failures_come_first() -> None:
    story = killed().planned(21, {"map": 9}).heartbeat(41)
    run = story.attempt(4, stamps(selected=5, finished=9), status="failed").run
    lines = render(cost_of(Source(PATH, run, "running"))).splitlines()
    assert "1 of 9 jobs done, 1 failed, 2 in flight, 5 waiting" in lines[0]
    assert lines[0].endswith("running · 41.0 s so far")
    assert lines[3].startswith("FAILED so far: ")
    assert any("% of the run so far" in line for line in lines)
    assert any(line.startswith("Where the 41.0 s so far went") for line in lines)


def test_a_run_whose_process_cannot_be_seen_is_neither_running_nor_killed() -> None:
    run = killed().run
    text = " ".join(
        render(CostAnswer(Source(PATH, run, "unknown"), account(run), observed(run))).split()
    )
    assert "no end recorded · 20.0 s at least" in text
    assert "Whether the run still goes on (on login) cannot be seen from here" in text


def test_a_run_that_was_killed_while_its_dag_was_built_says_so() -> None:
    run = begun().message(2, "Building DAG", kind="building_dag").heartbeat(17).run
    text = " ".join(
        render(CostAnswer(Source(PATH, run, "killed"), account(run), observed(run))).split()
    )
    assert "17.0 s at least; it was building its DAG, and no job had started" in text
