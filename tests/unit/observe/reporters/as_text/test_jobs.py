"""The text of `jobs`."""

import pytest
from answers import jobs, on_slurm, render, use
from builders import (
    Story,
    begun,
    grouped,
    mixed,
)

from snakemake_logger_plugin_observe.analysis.jobs.table import rows


@pytest.mark.parametrize("width", [100, 60])
def test_every_attempt_shows_its_job_and_status_at_any_width(width: int) -> None:
    text = render(jobs(mixed().run), width=width)
    for row in rows(mixed().run):
        job = "" if row.attempt.job_id is None else str(row.attempt.job_id)
        assert any(
            line.split()[:1] == [job or str(row.attempt.number)] and row.attempt.status[:4] in line
            for line in text.splitlines()
        )


def test_a_group_s_use_is_shown_for_its_members_only() -> None:
    lines = render(use(grouped().run), width=100).splitlines()[3:]
    assert [line.split() for line in lines] == [
        ["job", "rule", "cores", "memory", "time", "read", "written"],
        ["1", "map", "s=a", "?", "?", "4.00", "s", "?", "?"],
        ["2", "map", "s=b", "?", "?", "4.00", "s", "?", "?"],
    ]


def test_a_narrow_table_of_use_drops_columns_from_the_right() -> None:
    headings = [
        render(use(on_slurm().run), width=width).splitlines()[3].split()
        for width in (200, 90, 80, 60, 45, 30)
    ]
    whole = ["job", "rule", "cores", "memory", "time", "read", "written"]
    assert [whole[: len(one)] for one in headings] == headings
    assert [len(one) for one in headings] == [7, 7, 6, 4, 3, 2]


def test_a_run_without_jobs_says_why_there_are_none() -> None:
    idle = begun().planned(3, {}, map=2, all=1).end(4, "nothing_to_do").run
    assert render(jobs(idle)).splitlines()[3:] == ["Nothing ran: all 3 jobs were up to date."]
    failed = begun().end(4, "failed").run
    assert render(jobs(failed)).splitlines()[3] == "No job ran."


def test_a_dry_run_lists_its_planned_jobs() -> None:
    story = Story(kind="dry_run").plan(2, 3)
    story.job(1, rule="map", wildcards={"s": "a"}, reason="Missing output files:\n  a.txt")
    story.job(0, (1,), rule="all", reason="Input files updated by another job: a.txt")
    lines = render(jobs(story.end(4, "dry_run").run)).splitlines()[3:]
    assert [line.split() for line in lines] == [
        ["job", "planned", "reason"],
        ["0", "all", *["Input", "files", "updated", "by", "another", "job:", "a.txt"]],
        ["1", "map", "s=a", *["Missing", "output", "files:", "a.txt"]],
    ]
