"""Why something did not run: up to date and since when, not reached, or no job's input."""

from typing import Any

import pytest
from answers import why_not
from builders import Story, at, begun

from snakemake_logger_plugin_observe.analysis.why.not_in_run import Mention, mention
from snakemake_logger_plugin_observe.analysis.why.not_run import find_not_run, nothing_to_do
from snakemake_logger_plugin_observe.journal.events import JobDescribed, UpToDate
from snakemake_logger_plugin_observe.journal.records import UpToDateJob
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Made, Run

A, B = ({"sample": name} for name in "AB")


def idle(**settings: Any) -> Run:
    """Return a run with nothing to do: ``raw.txt`` is read by prepare, whose output fit reads."""
    story = begun(process_started=at(0), settings=settings, config_keys={"alpha": "1", "beta": "2"})
    story.planned(3, {}, prepare=1, fit=2)
    prepare = UpToDateJob(rule="prepare", input=("raw.txt",), output=("clean.txt",))
    fits = [
        UpToDateJob(
            rule="fit", wildcards=one, input=("clean.txt",), output=(f"{one['sample']}.fit",)
        )
        for one in (A, B)
    ]
    return story.add(UpToDate(time=at(3), jobs=(prepare, *fits))).end(4, "nothing_to_do").run


def made(run: Run, job_id: int, journal: str, status: Any = "success", **facts: Any) -> Run:
    """Have an earlier run describe one of the up-to-date jobs."""
    attempt = Attempt(1, None, 1, status)
    run.made[job_id] = Made(journal, at(-3600), status, attempt)
    known = run.kept[job_id].but(threads=1, **facts)
    run.kept[job_id] = known
    assert isinstance(known, JobDescribed)
    return run


def test_nothing_to_do_names_the_run_that_each_job_is_up_to_date_since() -> None:
    run = made(made(idle(), -1, "old.jsonl"), -2, "old.jsonl")
    found = nothing_to_do(run, lambda _path: None)
    assert (found.kind, found.count, found.jobs) == ("up_to_date", 3, (-1, -2, -3))
    assert [(one.journal, one.jobs) for one in found.shares] == [
        ("old.jsonl", (-1, -2)),
        (None, (-3,)),
    ]


def test_a_rule_a_job_and_a_file_may_be_up_to_date() -> None:
    since = made(idle(), -1, "old.jsonl")
    assert why_not(since, "prepare").splitlines() == [
        "prepare did not run: it was up to date.",
        "  since the run of 2026-03-01 11:00:00 UTC: 1 job: prepare",
    ]
    assert why_not(idle(), "fit") == "fit (2 jobs) did not run: all were up to date."
    assert why_not(idle(), "fit sample=B") == "fit sample=B did not run: it was up to date."
    assert why_not(idle(), "B.fit") == "fit sample=B did not run: it was up to date."


def test_a_run_with_nothing_to_do_counts_its_jobs_or_names_its_only_one() -> None:
    assert why_not(idle()) == "Nothing ran: all 3 jobs were up to date: fit 2, prepare 1."
    only = begun().planned(3, {}, fit=1).end(4, "nothing_to_do")
    assert why_not(only.run) == "Nothing ran: its one job, fit, was up to date."


def test_a_source_file_is_read_by_jobs_that_were_up_to_date() -> None:
    assert why_not(idle(), "raw.txt") == "raw.txt is read by prepare, which was up to date."


@pytest.mark.parametrize(
    ("settings", "facts", "reason"),
    [
        ({}, {"ancient": ()}, "but has the checksum that it had when prepare read it."),
        (
            {"rerun_triggers": ["mtime", "code"]},
            {"ancient": ()},
            "but has the checksum that it had when prepare read it.",
        ),
        ({}, {"ancient": ("raw.txt",)}, "but prepare reads it as ancient()."),
        ({"rerun_triggers": ["code"]}, {}, "but --rerun-triggers leaves out mtime."),
        (
            {"consider_ancient": {"prepare": [0]}},
            {"ancient": ()},
            "but --consider-ancient lets inputs of prepare count as old.",
        ),
        ({}, {}, "but Snakemake did not count that as a change."),
    ],
)
def test_a_newer_input_that_is_no_change_is_explained(
    settings: dict[str, Any], facts: dict[str, Any], reason: str
) -> None:
    run = made(idle(**settings), -1, "old.jsonl", **facts)
    text = why_not(run, "raw.txt", raw__txt=-5, clean__txt=-10)
    assert text.splitlines()[1] == f"raw.txt is newer than clean.txt, {reason}"


def test_what_was_written_after_the_run_began_says_nothing_about_it() -> None:
    assert len(why_not(idle(), "raw.txt", raw__txt=2.5, clean__txt=-10).splitlines()) == 1


def test_a_file_in_the_folder_that_no_job_reads_is_called_that() -> None:
    text = why_not(idle(), "./params.csv", params__csv=-5)
    assert text.startswith(
        "params.csv is no job's input: no job of this workflow reads or makes it."
    )


def test_of_a_name_that_is_no_file_either_nothing_is_known() -> None:
    assert find_not_run(idle(), "parms.csv", lambda _path: None) is None


def test_a_planned_rule_that_was_not_reached_names_what_failed() -> None:
    story = begun().planned(3, {"map": 1, "all": 1}).job(1, rule="map")
    story.quick(1, 3, 3, 4, status="failed").end(5, "failed")
    assert why_not(story.run, "all") == (
        "all was not reached (1 job planned): the run failed before; map failed. "
        "0 of 2 jobs are done."
    )


def test_a_changed_config_key_that_no_job_holds_is_explained() -> None:
    lines = why_not(idle(), "config alpha", ("alpha",)).splitlines()
    assert lines[0] == "config alpha changed since the run of 2026-03-01 12:00:00 UTC."
    assert lines[1].startswith("No job ran because of it")
    assert why_not(idle(), "beta", ("alpha",)).startswith("config beta did not change")


def test_what_a_failed_job_left_is_said_to_be_left() -> None:
    text = why_not(made(idle(), -1, "old.jsonl", "failed"), "clean.txt")
    assert text.splitlines()[1] == (
        "  prepare: failed in the run of 2026-03-01 11:00:00 UTC, and its outputs were left "
        "(--keep-incomplete); nothing has made them since"
    )


def a_mention(story: Story, text: str) -> Mention | None:
    return mention(story.run, "old.jsonl", text)


def test_a_name_that_an_earlier_run_knows_says_why_this_run_has_it_not() -> None:
    earlier = a_mention(begun().job(1, rule="qc", input=("x.txt",), output=("qc.txt",)), "./qc.txt")
    assert earlier is not None
    assert (earlier.relation, earlier.name) == ("made", "qc.txt")
    for story, expected in (
        (begun().planned(3, {"map": 1}).job(1, rule="map"), "not_needed"),
        (begun().planned(3, {"map": 1, "qc": 1}).job(1, rule="map"), "not_reached"),
        (begun().planned(3, {}, qc=1), "cannot_tell"),
        (begun(settings={"until": ["map"]}).planned(3, {"map": 1}).job(1, rule="map"), "left_out"),
    ):
        found = find_not_run(story.run, "qc.txt", {}.get, earlier=lambda _text: earlier)
        assert found is not None
        assert (found.kind, found.absence) == ("earlier", expected)


def test_of_a_run_without_a_plan_nothing_is_known() -> None:
    found = find_not_run(begun().end(4, "failed").run, "Snakefile", {"Snakefile": at(0)}.get)
    assert found is not None
    assert found.kind == "unplanned"


def test_a_file_may_be_of_a_job_that_was_not_reached() -> None:
    story = begun().planned(3, {"map": 1, "sum": 1}).job(1, rule="map")
    text = why_not(story.run, "sum.txt")
    assert text.splitlines()[1] == "It may be of the jobs that were not reached: sum 1."
