"""A failed run in one line: what failed first, and how far the run got."""

import pytest
from builders import Story, begun

from snakemake_logger_plugin_observe.analysis.failures.failures import failures
from snakemake_logger_plugin_observe.analysis.failures.headline import headline, progress
from snakemake_logger_plugin_observe.journal.records import LogTail


def line(story: Story) -> str | None:
    return headline(story.run, failures(story.run))


def align(story: Story, job_id: int, patient: str) -> Story:
    return story.job(job_id, rule="align", wildcards={"patient": patient})


def test_the_first_job_that_never_succeeded_is_named_with_its_log_s_last_line() -> None:
    story = align(align(begun(), 1, "12"), 2, "13")
    said = LogTail(path="logs/13.log", lines=("[E::bwa_seq_open] truncated  file", ""))
    for attempt in (1, 2, 3):
        begin = 3 + attempt
        more = {"attempt": attempt, "status": "failed", "exit_code": 1, "logs": (said,)}
        story.quick(2, begin, begin, begin + 1, **more)
    story.quick(1, 3, 3, 9, status="failed", exit_code=2)
    assert line(story) == (
        "align patient=13: exit code 1 after 3 attempts: [E::bwa_seq_open] truncated file; "
        "1 more job failed otherwise: exit code 2"
    )


def failing(*ends: tuple[int, str]) -> Story:
    """Return a run in which jobs failed one after the other, with an exit code and a last line."""
    story = begun()
    for job_id, (code, said) in enumerate(ends, 1):
        align(story, job_id, str(job_id))
        more = {"logs": (LogTail(path=f"logs/{job_id}.log", lines=(said,)),)} if said else {}
        story.quick(job_id, 3, 3, 3 + job_id, status="failed", exit_code=code, **more)
    return story


@pytest.mark.parametrize(
    ("said", "quoted"),
    [("start 4", ""), ("fatal: worker killed", ": fatal: worker killed")],
)
def test_of_a_tool_that_a_signal_ended_only_an_error_is_quoted(said: str, quoted: str) -> None:
    """It printed nothing about its end: its last line is where it was then."""
    story = align(begun(), 1, "12")
    log = LogTail(path="logs/12.log", lines=(said,))
    story.quick(1, 3, 3, 4, status="failed", signal=9, logs=(log,))
    assert line(story) == f"align patient=12: signal 9, SIGKILL{quoted}"


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        (((1, ""), (1, ""), (1, "")), "align patient=1, and 2 more jobs: exit code 1"),
        (
            ((1, "no 1"), (1, "no 2"), (1, "broken")),
            (
                "align patient=1, and 1 more job: exit code 1: no 1; 1 more job failed otherwise: "
                "exit code 1"
            ),
        ),
        (
            ((1, ""), (127, ""), (127, ""), (137, "")),
            (
                "align patient=1: exit code 1; 3 more jobs failed otherwise: 2 × exit code 127; "
                "1 × exit code 137 (signal 9, SIGKILL)"
            ),
        ),
        (
            ((1, ""), (2, ""), (3, ""), (4, ""), (5, "")),
            (
                "align patient=1: exit code 1; 4 more jobs failed otherwise: 1 × exit code 2; "
                "1 × exit code 3; 1 × exit code 4; and 1 more way"
            ),
        ),
    ],
)
def test_only_jobs_that_failed_in_the_same_way_are_counted_with_the_first(
    ends: tuple[tuple[int, str], ...], expected: str
) -> None:
    assert line(failing(*ends)) == expected


def test_attempts_are_counted_only_where_all_had_as_many() -> None:
    story = align(align(begun(), 1, "12"), 2, "13")
    for attempt in (1, 2):
        story.quick(1, 2 + attempt, 2 + attempt, 4, attempt=attempt, status="failed", exit_code=1)
    story.quick(2, 3, 3, 9, status="failed", exit_code=1)
    assert line(story) == "align patient=12, and 1 more job: exit code 1"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            'WorkflowError in file "/w/Snakefile", line 1: Detected unexpected empty output files.',
            (
                'invalid output: WorkflowError in file "Snakefile", line 1: '
                "Detected unexpected empty output files."
            ),
        ),
        (
            (
                "MissingOutputException: some output files are missing. This might be due to "
                "filesystem latency. If that is the case, consider to increase the wait time with "
                "--latency-wait:\nout.txt"
            ),
            "missing output: MissingOutputException: some output files are missing: out.txt",
        ),
    ],
)
def test_an_output_is_missing_or_it_is_not_as_declared(message: str, expected: str) -> None:
    story = begun(workdir="/w").job(1, rule="align")
    story.quick(1, 3, 3, 4, status="failed", message=message)
    assert line(story) == f"align: {expected}"


@pytest.mark.parametrize(
    ("attempts", "whose"), [(1, "its error is"), (3, "the errors of its 3 attempts are")]
)
def test_an_error_that_was_only_printed_is_on_the_console(attempts: int, whose: str) -> None:
    story = begun(wrapped=False).job(1, local=True)
    for number in range(1, attempts + 1):
        story.quick(1, 3 + number, 3 + number, 4 + number, attempt=number, status="failed")
    assert line(story) == f"map: {whose} on Snakemake's console only"


def test_next_to_an_error_that_was_only_printed_the_log_is_quoted() -> None:
    logs = (LogTail(path="a.log", lines=("no rows in a.txt",)),)
    story = begun(wrapped=False).job(1, local=True)
    story.quick(1, 3, 3, 4, status="failed", logs=logs)
    assert line(story) == (
        "map: its error is on Snakemake's console only; its log says: no rows in a.txt"
    )


def test_a_job_that_recovered_is_not_what_failed() -> None:
    story = align(begun(), 1, "12")
    story.quick(1, 3, 3, 4, status="failed", exit_code=1).quick(1, 4, 4, 5, attempt=2)
    assert line(story) is None


def test_without_a_failed_job_it_is_snakemake_s_error() -> None:
    error = 'WorkflowError in file "/w/Snakefile", line 3:\nno such thing'
    story = begun(workdir="/w").message(3, error, level="error")
    assert line(story) == "Snakemake cannot carry out what Snakefile:3 says: no such thing"
    assert progress(story.run) == "before any job was planned"


def test_progress_counts_what_is_done_of_what_was_planned() -> None:
    story = align(begun().planned(3, {"align": 5}), 1, "12").quick(1, 3, 3, 4)
    align(story, 2, "13").quick(2, 3, 3, 4, status="failed")
    assert progress(story.run) == "1 of 5 jobs done, 1 failed, 3 not reached"


def test_progress_without_a_plan_counts_what_ran() -> None:
    assert progress(align(begun(), 1, "12").quick(1, 3, 3, 4).run) == "1 job done"
