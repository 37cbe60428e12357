"""The text of `jobs --failed`."""

import pytest
from answers import jobs, render
from builders import (
    begun,
    stamps,
)
from failing import deterministic, every_job, fails

from snakemake_logger_plugin_observe.journal.records import LogTail
from snakemake_logger_plugin_observe.run.unobserved import NO_NODE_STAMPS, NODE_CUT_OFF


def test_what_all_jobs_of_a_rule_have_in_common_is_shown_once() -> None:
    for asked_for in ({}, {"rule": "quality"}):
        text = " ".join(render(jobs(every_job().run, failed=True, **asked_for)).split())
        assert text.count("all 6 jobs of quality failed in this way at first") == 1
        assert text.count("quality sample=") == (6 if asked_for else 0)


def test_a_failure_in_a_running_run_is_not_called_final() -> None:
    story = deterministic()
    story.events.pop()
    text = " ".join(render(jobs(story.run, failed=True)).split())
    assert "failed so far after 3 attempts, each the same way" in text
    assert "retries did not help" not in text


def test_attempts_that_asked_for_more_each_time_and_ended_alike_show_what_they_asked_for() -> None:
    story = begun(wraps="local")
    for number in (1, 2):
        asked = {"mem_mb": 400 * number}
        story.job(1, attempt=number, resources=asked)
        fails(story, 1, "Killed", number=number, start_s=3 * number, code=137)
    text = " ".join(render(jobs(story.end(13, "failed").run, failed=True)).split())
    assert "requested: 400 MB (attempt 1), 800 MB (attempt 2)" in text


def test_a_job_that_never_reached_a_node_has_its_id_on_the_cluster() -> None:
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=6, finished=7)
    story = begun(wraps="slurm").job(1, rule="map")
    story.attempt(1, known, status="failed", external_jobid="71", exit_code=2)
    assert "  exit code 2, slurm 71, 3.00 s lost" in render(jobs(story.run, failed=True))


def test_a_failure_shows_the_last_lines_of_its_logs_with_their_numbers() -> None:
    logs = (
        LogTail(
            path="a.log", bytes=70, first_line=7, lines=("one", *"234567", "", "no \x1b[31m\x07!")
        ),
        LogTail(path="b.log", bytes=9**9, lines=("cut",)),
        LogTail(path="c.log", problem="it does not exist"),
    )
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=6, finished=7)
    story = begun().job(1, rule="map").attempt(1, known, status="failed", logs=logs)
    text = render(jobs(story.run, failed=True))
    assert [line.strip() for line in text.splitlines() if ".log" in line] == [
        "a.log:10: 4",
        "a.log:11: 5",
        "a.log:12: 6",
        "a.log:13: 7",
        "a.log:15: no \\x07!",
        "b.log: cut",
        "log c.log: it does not exist",
    ]


@pytest.mark.parametrize(
    ("unobserved", "explanation"),
    [
        (NO_NODE_STAMPS, "it may never have started on a node"),
        (NODE_CUT_OFF, "its processes on the node were killed, or the node was lost"),
    ],
)
def test_a_failure_without_a_message_is_explained_by_the_missing_stamps(
    unobserved: str, explanation: str
) -> None:
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=6, finished=7)
    story = begun().job(1, shellcmd="\n  bwa mem \\\n  x.fa\n")
    story.attempt(1, known, status="failed", unobserved=(unobserved,))
    text = render(jobs(story.run, failed=True))
    assert explanation in text
    assert "  command: bwa mem \\" in text.splitlines()
