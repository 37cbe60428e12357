"""The text of `jobs`."""

from typing import Any

import pytest
from answers import PATH, jobs, on_slurm, render, source, use
from builders import (
    Story,
    begun,
    grouped,
    mixed,
)

from snakemake_logger_plugin_observe.analysis.jobs.table import rows
from snakemake_logger_plugin_observe.commands.jobs import by_rule
from snakemake_logger_plugin_observe.journal.records import Usage
from snakemake_logger_plugin_observe.reporters.answers import JobsAnswer, Source

MB = 1_000_000


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
        ["job", "rule", "time"],
        ["1", "map", "s=a", "4.00", "s"],
        ["2", "map", "s=b", "4.00", "s"],
        ["not", "known:", "the", "journal", "has", "no", "figures", "of", "it"],
    ]


def of_one(*rest: Any, **used: Any) -> str:
    story = begun().job(1, rule="map").quick(1, 3, 4, 9, used=Usage(**used) if used else None)
    return render(JobsAnswer(source(story.run), tuple(rows(story.run)), *rest, used=True), width=70)


def test_what_is_known_of_no_job_has_no_column_and_a_reason() -> None:
    text = of_one(unobserved="a process of it was still running when its job ended")
    assert text.splitlines()[3:] == [
        "job  rule    time",
        "  1  map   5.00 s",
        "  not known: a process of it was still running when its job ended",
    ]


def test_a_bound_is_explained() -> None:
    text = of_one(user_s=2, system_s=0.5, peak_rss_bound_bytes=93_000_000)
    assert text.splitlines()[3:] == [
        "job  rule  cores   memory    time     CPU",
        "  1  map    0.50  ≤ 93 MB  5.00 s  2.50 s",
        "  ≤: at most (the kernel counts from Snakemake's size on)",
    ]


def test_between_a_sample_and_a_bound_is_a_range() -> None:
    bounds = {"peak_rss_bound_bytes": 93_000_000, "peak_rss_least_bytes": 61_000_000}
    assert of_one(user_s=2, system_s=0.5, **bounds).splitlines()[4:] == [
        "  1  map    0.50  61 MB–93 MB  5.00 s  2.50 s",
        "  a–b: between its largest sample and Snakemake's own size",
    ]


def test_a_job_without_a_command_is_not_listed() -> None:
    text = of_one(user_s=0, system_s=0)
    assert text.splitlines()[3:] == ["  not listed: 1 job without a command"]


def test_the_figures_of_each_rule_are_a_line_each() -> None:
    story = begun()
    for job_id, used in enumerate(
        (
            Usage(user_s=1, system_s=0, peak_rss_bytes=300 * MB, processes_at_once=2),
            Usage(user_s=3, system_s=1, peak_rss_bound_bytes=93 * MB),
            Usage(unobserved="why"),
        ),
        start=1,
    ):
        story.job(job_id, rule="map").quick(job_id, 3, 4, 9, used=used)
    story.job(9, rule="all").quick(9, 9, 9, 9, used=Usage(user_s=0, system_s=0))
    lines = render(by_rule(Source(PATH, story.run, "success")), width=80).splitlines()[3:]
    assert [" ".join(line.split()) for line in lines] == [
        "rule jobs mean min max sum",
        "map 3 tool's time 5.00 s 5.00 s 5.00 s 15.0 s",
        "CPU time of 2 2.50 s 1.00 s 4.00 s 5.00 s",
        "memory of 2 196 MB ≤ 93 MB ≥ 300 MB",
        "≤: at most (the kernel counts from Snakemake's size on)",
        "≥: at least (its processes held this much at once when they were looked at)",
    ]


def test_a_narrow_table_of_use_drops_columns_from_the_right() -> None:
    headings = [
        render(use(on_slurm().run), width=width).splitlines()[3].split()
        for width in (200, 90, 80, 60, 45, 30)
    ]
    whole = ["job", "rule", "cores", "memory", "time", "CPU", "read", "written"]
    assert [whole[: len(one)] for one in headings] == headings
    assert [len(one) for one in headings] == [8, 7, 5, 4, 3, 2]


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
