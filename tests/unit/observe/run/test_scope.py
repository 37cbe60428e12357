"""What kind of run it was, and how far its jobs got."""

import pytest
from builders import Story, begun

from snakemake_logger_plugin_observe.run.scope import JobCounts, job_counts, part_of, scope_of


def planned(to_run: dict[str, int], kind: str = "run", **up_to_date: int) -> Story:
    return begun(kind=kind).planned(3, to_run, **up_to_date)


def test_a_run_of_every_job_is_full_whatever_it_resumed() -> None:
    story = planned({"map": 2})
    assert scope_of(story.run) == "full"
    assert scope_of(story.run, resumes=True) == "full"


def test_a_run_with_jobs_up_to_date_is_incremental_or_resumed() -> None:
    story = planned({"map": 2}, index=1)
    assert scope_of(story.run) == "incremental"
    assert scope_of(story.run, resumes=True) == "resumed"


@pytest.mark.parametrize(
    "story",
    [planned({}, index=1), begun().end(4, "nothing_to_do")],
    ids=["by its plan", "by its end: an old journal has no plan"],
)
def test_a_run_without_a_job_to_run_had_nothing_to_do(story: Story) -> None:
    assert scope_of(story.run, resumes=True) == "nothing_to_do"


def test_a_dry_run_is_one_whatever_it_planned() -> None:
    assert scope_of(planned({"map": 2}, kind="dry_run", index=1).run) == "dry_run"


def test_the_scope_of_a_run_without_a_plan_is_unknown() -> None:
    assert scope_of(begun().run) is None


def test_a_job_that_was_not_described_when_an_error_cut_it_off_was_not_reached() -> None:
    story = planned({"map": 2, "all": 1}).job(1).quick(1, 3, 3, 4, status="cancelled")
    story.quick(2, 3, 3, 4, status="cancelled")
    counts = job_counts(story.run)
    assert (counts.planned, counts.cancelled, counts.not_reached) == (3, 1, 2)


def test_each_job_counts_once_by_its_last_attempt() -> None:
    story = planned({"map": 7}, index=4)
    story.job(1).quick(1, 3, 3, 4)
    story.job(2).quick(2, 3, 3, 4, status="failed").quick(2, 4, 4, 5, attempt=2)
    story.job(3).quick(3, 3, 3, 4, status="failed")
    story.job(4).quick(4, 3, 3, 4, status="cancelled")
    story.job(5).quick(5, 3, 3, 4, status="lost")
    assert job_counts(story.run) == JobCounts(
        planned=7, up_to_date=4, done=2, failed=2, cancelled=1, in_flight=0, not_reached=2
    )


def test_without_a_plan_what_was_not_reached_is_unknown() -> None:
    counts = job_counts(begun().job(1).quick(1, 3, 3, 4).run)
    assert (counts.planned, counts.up_to_date, counts.not_reached) == (None, None, None)
    assert counts.done == 1


@pytest.mark.parametrize(
    ("story", "part"),
    [
        (begun(), ""),
        (begun(settings={"until": [], "omit_from": [], "batch": None}), ""),
        (begun(settings={"until": ["map", "sum"]}), "--until map sum left out jobs"),
        (begun(settings={"omit_from": ["qc"]}), "--omit-from qc left out jobs"),
        (begun(targets=("a.txt",), default_target="all"), "only a.txt was asked for"),
        (begun(targets=("all",), default_target="all"), ""),
        (begun(targets=("a.txt",)), ""),
    ],
    ids=["default", "no flag", "until", "omit-from", "a target", "all", "an old journal"],
)
def test_a_run_of_a_part_of_the_workflow_says_what_made_it_one(story: Story, part: str) -> None:
    assert part_of(story.run) == part
