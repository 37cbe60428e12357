"""What several texts share: the head, errors, warnings."""

from typing import Any

import pytest
from answers import PATH, cost, jobs, render
from builders import (
    at,
    begun,
    killed,
    retried,
)

from snakemake_logger_plugin_observe.analysis.cost.account import account
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


def test_a_killed_run_shows_where_its_journal_ends() -> None:
    run = killed().run
    answer = CostAnswer(Source(PATH, run, "killed"), account(run))
    text = " ".join(render(answer).split())
    assert (
        "! the journal ends after 20.0 s with 2 attempts unfinished; what followed is unknown"
        in text
    )
