"""Causes of failures: named by a record or a message, by how the tool ended, or only likely."""

from pathlib import Path
from typing import Any

import pytest
from answers import render, shape
from builders import Story, a_record, an_execution, at, begun, in_main, level, stamps
from failing import fails, moments, on_node, tail

from snakemake_logger_plugin_observe.analysis.failures.causes import (
    FailureCause,
    allocation_that_ran_out,
    failure_cause,
)
from snakemake_logger_plugin_observe.analysis.failures.failures import failures
from snakemake_logger_plugin_observe.analysis.failures.headline import headline
from snakemake_logger_plugin_observe.journal.events import Allocation
from snakemake_logger_plugin_observe.journal.records import LogTail, Usage
from snakemake_logger_plugin_observe.reporters.answers import JobsAnswer, Source
from snakemake_logger_plugin_observe.run.unobserved import NO_NODE_STAMPS, NODE_CUT_OFF

MB = 1_000_000
KILLED = 'CalledProcessError in file "/work/Snakefile", line 7: died with <Signals.SIGKILL: 9>.'
MISSING = (
    'MissingOutputException in rule map in file "/work/Snakefile", line 2:\nJob 1  completed'
    " successfully, but some output files are missing. Missing files after 5 seconds. a.txt"
)


def cause_of(story: Story, job_id: int | None = 1, number: int = 1) -> FailureCause:
    """Return why an attempt failed."""
    run = story.run
    attempt = run.attempts[(job_id if job_id is not None else "g1", number)]
    return failure_cause(
        run, attempt, attempt.executions[-1] if attempt.executions else None, last=True
    )


def here(**more: Any) -> FailureCause:
    return cause_of(fails(begun().job(1), 1, **more))


def on_slurm(*codes: int, record: dict[str, Any] | None = None, **more: Any) -> FailureCause:
    requested = {"mem_mb": 1000, "runtime": 1}
    story = on_node(begun().job(1, resources=requested), 1, *codes, status="failed", **more)
    if record is not None:
        story.accounting(1, a_record("71", **record))
    return cause_of(story)


def cut_off(logs: tuple[LogTail, ...] = ()) -> Story:
    """Return a job whose processes on the node did not report their end."""
    one = an_execution(begun=6, tool_started=6, status="running")
    node = level(one, started=4, loaded=5, planned=6)
    more = {"status": "failed", "external_jobid": "71", "logs": logs}
    return begun().job(1).attempt(1, moments(3, 20), node, **more)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (13, FailureCause("exit_code", exit_code=13)),
        (-9, FailureCause("signal", signal=9)),
        (139, FailureCause("signal", exit_code=139, signal=11)),
        (137, FailureCause("signal", exit_code=137, signal=9)),
        (200, FailureCause("exit_code", exit_code=200)),
        (255, FailureCause("exit_code", exit_code=255)),
    ],
)
def test_a_tool_ends_with_an_exit_code_or_a_signal_also_one_that_a_shell_reports(
    code: int, expected: FailureCause
) -> None:
    assert here(code=code) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("returned non-zero exit status 13.", FailureCause("exit_code", exit_code=13)),
        (KILLED, FailureCause("signal", signal=9)),
        (MISSING, FailureCause("missing_output")),
        (
            "Detected unexpected empty output files. Something went wrong",
            FailureCause("missing_output"),
        ),
        (
            "Output files have checksums that differ from the expected ones defined",
            FailureCause("missing_output"),
        ),
        (
            f"on the node: Missing files after 2 seconds. in.txt\n{MISSING}",
            FailureCause("missing_input"),
        ),
        (f"on the node: it broke\n{MISSING}", FailureCause("missing_output")),
        ('ValueError in file "/work/Snakefile", line 27: no such thing', FailureCause("exception")),
        (
            "CreateCondaEnvironmentException: Could not create conda environment",
            FailureCause("environment"),
        ),
        ("it is what it is", FailureCause("other")),
        ("", FailureCause("other")),
    ],
)
def test_without_an_exit_code_the_message_of_snakemake_names_the_cause(
    message: str, expected: FailureCause
) -> None:
    assert here(code=None, message=message) == expected


def test_a_submission_that_was_not_accepted_was_refused() -> None:
    known = stamps(ready=3, selected=3, submitting=4, reported=5, finished=5)
    story = begun().job(1)
    story.attempt(1, known, status="failed", message="Error submitting jobscript (exit code 9)")
    assert cause_of(story) == FailureCause("refused")


def test_without_the_wrapper_a_refusal_cannot_be_seen() -> None:
    story = begun(wrapped=False).job(1)
    story.attempt(1, stamps(ready=3, selected=4, finished=9), status="failed")
    assert cause_of(story) == FailureCause("other")


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ("OUT_OF_MEMORY", "out_of_memory"),
        ("TIMEOUT", "time_limit"),
        ("DEADLINE", "time_limit"),
        ("NODE_FAIL", "lost"),
        ("BOOT_FAIL", "lost"),
        ("PREEMPTED", "cancelled"),
        ("CANCELLED", "cancelled"),
        ("FAILED", "signal"),
    ],
)
def test_the_scheduler_s_state_takes_precedence_over_the_tool_s_exit(
    state: str, cause: str
) -> None:
    found = on_slurm(-15, record={"state": state})
    assert (found.cause, found.certain, found.signal, found.state) == (cause, True, 15, state)


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("OOMKilled", "out_of_memory"),
        ("OutOfMemoryError: Container killed due to memory usage", "out_of_memory"),
        ("DeadlineExceeded", "time_limit"),
        ("Job attempt duration exceeded timeout", "time_limit"),
        ("Host EC2 (instance i-0123) terminated.", "lost"),
        ("Essential container in task exited", "exit_code"),
    ],
)
def test_a_reason_in_the_record_names_the_cause(reason: str, cause: str) -> None:
    assert on_slurm(1, record={"state": "failed", "reason": reason}).cause == cause


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("SLURM-job '71' failed, SLURM status is: 'OUT_OF_MEMORY'. Reason: x.", "out_of_memory"),
        ("SLURM-job '71' failed, SLURM status is: 'TIMEOUT'. Reason: x.", "time_limit"),
        ("TERM_MEMLIMIT: job killed after reaching LSF memory usage limit.", "out_of_memory"),
        ("SLURM-job '71' failed, SLURM status is: 'FAILED'. Reason: x.", "exit_code"),
    ],
)
def test_without_accounting_the_executor_s_message_names_the_cause(
    message: str, cause: str
) -> None:
    assert on_slurm(1, message=message).cause == cause


def test_a_tool_s_message_is_not_taken_for_the_executor_s() -> None:
    assert here(code=1, message="ValueError: TIMEOUT of the database").cause == "exit_code"


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("slurmstepd-n1: error: StepId=299.0 exceeded memory limit (6 > 4)", "out_of_memory"),
        ("slurmstepd: error: Detected 1 oom-kill event(s) in StepId=5.0.", "out_of_memory"),
        ("slurmstepd: error: *** JOB 5 ON n1 CANCELLED AT 1 DUE TO TIME LIMIT ***", "time_limit"),
        ("the tool was killed DUE TO TIME LIMIT, it says", "exit_code"),
    ],
)
def test_a_message_of_slurm_s_daemon_in_the_log_names_the_cause(line: str, cause: str) -> None:
    assert on_slurm(1, logs=tail("working", line)).cause == cause


@pytest.mark.parametrize("line", ["MemoryError", "terminate called: std::bad_alloc"])
def test_a_tool_that_reports_no_memory_left_probably_ran_out_of_it(line: str) -> None:
    found = cause_of(fails(begun().job(1), 1, line, code=1))
    assert (found.cause, found.certain, found.exit_code) == ("out_of_memory", False, 1)


@pytest.mark.parametrize(
    ("code", "peak_mb", "expected"),
    [
        (-9, 950, ("out_of_memory", False)),
        (137, 900, ("out_of_memory", False)),
        (-9, 890, ("signal", True)),
        (-15, 950, ("signal", True)),
        (1, 999, ("exit_code", True)),
    ],
)
def test_a_tool_killed_near_its_memory_request_probably_ran_out_of_memory(
    code: int, peak_mb: int, expected: tuple[str, bool]
) -> None:
    found = on_slurm(code, used=Usage(peak_rss_bytes=peak_mb * MB))
    assert (found.cause, found.certain) == expected


def test_an_attempt_is_judged_by_its_own_request() -> None:
    """Retries often request more: the first attempt had half of the memory."""
    story = begun().job(1, attempt=1, resources={"mem_mb": 1000})
    story = on_node(story, 1, -9, status="failed", used=Usage(peak_rss_bytes=950 * MB))
    story.job(1, attempt=2, resources={"mem_mb": 2000})
    assert cause_of(story) == FailureCause("out_of_memory", certain=False, signal=9)


@pytest.mark.parametrize(
    ("requested_mb", "used_mb", "cause", "no_limit"),
    [
        (50, 260, "signal", True),  # as much over its request as the one that was killed
        (1000, 1900, "signal", True),
        (50, 150, "out_of_memory", False),  # less over it than the one that was killed
        (1000, 1300, "out_of_memory", False),  # counted twice, or rounded up
    ],
)
def test_memory_is_no_cause_where_jobs_succeeded_with_as_much_over_their_requests(
    requested_mb: int, used_mb: int, cause: str, no_limit: bool
) -> None:
    story = begun().job(1, resources={"mem_mb": 50}).job(2, resources={"mem_mb": requested_mb})
    on_node(story, 1, -9, status="failed", used=Usage(peak_rss_bytes=273 * MB))
    on_node(story, 2, 0, external_jobid="72", used=Usage(peak_rss_bytes=used_mb * MB))
    found = cause_of(story)
    assert (found.cause, found.no_memory_limit, found.signal) == (cause, no_limit, 9)


def test_small_jobs_over_their_requests_show_no_limit_of_a_large_one() -> None:
    """A cluster may give each job a least amount of memory, and still end those that use more."""
    story = begun().job(1, resources={"mem_mb": 16_000}).job(2, resources={"mem_mb": 50})
    on_node(story, 1, -9, status="failed", used=Usage(peak_rss_bytes=15_900 * MB))
    on_node(story, 2, 0, external_jobid="72", used=Usage(peak_rss_bytes=260 * MB))
    assert cause_of(story).cause == "out_of_memory"


def test_jobs_on_this_machine_show_no_limit_of_the_cluster() -> None:
    story = begun().job(1, resources={"mem_mb": 50}).job(2, resources={"mem_mb": 50})
    on_node(story, 1, -9, status="failed", used=Usage(peak_rss_bytes=273 * MB))
    on_node(story, 2, 0, external_jobid=None, used=Usage(peak_rss_bytes=273 * MB))
    assert cause_of(story).cause == "out_of_memory"


def test_a_record_of_out_of_memory_stands_whatever_other_jobs_used() -> None:
    story = begun().job(1, resources={"mem_mb": 50}).job(2, resources={"mem_mb": 50})
    on_node(story, 1, -9, status="failed", used=Usage(peak_rss_bytes=273 * MB))
    on_node(story, 2, 0, external_jobid="72", used=Usage(peak_rss_bytes=273 * MB))
    story.accounting(1, a_record("71", state="OUT_OF_MEMORY"))
    found = cause_of(story)
    assert (found.cause, found.certain) == ("out_of_memory", True)


@pytest.mark.parametrize(
    ("how", "signal", "name"), [("Killed", 9, "SIGKILL"), ("Terminated", 15, "SIGTERM")]
)
def test_processes_on_a_node_that_slurm_s_log_calls_killed_were_killed_from_outside(
    how: str, signal: int, name: str
) -> None:
    story = cut_off(tail(f"srun: error: n2: task 0: {how}", "srun: Force Terminated StepId=71.0"))
    assert cause_of(story) == FailureCause("signal", signal=signal, from_outside=True)
    run = story.end(30, "failed").run
    killed = f"killed from outside (signal {signal}, {name}), by whom is not known"
    assert headline(run, failures(run)) == f"map: {killed}"


def test_an_end_of_a_step_that_the_tool_started_says_nothing_about_its_job() -> None:
    lines = tail("srun: error: n2: task 3: Killed", "the tool started it again")
    assert on_slurm(1, logs=lines) == FailureCause("exit_code", exit_code=1)


def test_an_upper_bound_on_the_memory_peak_is_not_a_cause() -> None:
    assert on_slurm(-9, used=Usage(peak_rss_bound_bytes=999 * MB)).cause == "signal"


def test_a_tool_killed_near_its_time_limit_probably_ran_out_of_time() -> None:
    for code, started, cause in ((-15, 0, "time_limit"), (-15, 10, "signal"), (1, 0, "exit_code")):
        record = {"state": "FAILED", "started": started, "ended": 58, "time_limit_s": 60}
        assert on_slurm(code, record=record).cause == cause


def test_an_attempt_cut_off_without_a_message_is_probably_lost() -> None:
    known = moments(3, 20)
    story = cut_off()
    attempt = story.run.attempts[(1, 1)]
    assert NODE_CUT_OFF in attempt.unobserved
    assert cause_of(story) == FailureCause("lost", certain=False)
    silent = begun().job(1).attempt(1, known, status="failed", external_jobid="71")
    assert NO_NODE_STAMPS in silent.run.attempts[(1, 1)].unobserved
    assert cause_of(silent) == FailureCause("lost", certain=False)


def test_an_earlier_execution_is_judged_by_itself() -> None:
    """The scheduler's record is about the last execution."""
    story = on_node(begun().job(1), 1, 3, 13).accounting(1, a_record("71", state="TIMEOUT"))
    attempt = story.run.attempts[(1, 1)]
    first = failure_cause(story.run, attempt, attempt.executions[0], last=False)
    assert first == FailureCause("exit_code", exit_code=3)
    assert cause_of(story).cause == "time_limit"


def test_an_attempt_without_an_execution_has_the_executor_s_exit_code() -> None:
    known = moments(3, 9)
    story = begun().job(1).attempt(1, known, in_main(), status="failed", exit_code=4)
    assert cause_of(story) == FailureCause("exit_code", exit_code=4)


def allocated(end_s: float | None = 600) -> Story:
    return begun().add(Allocation(time=at(3), cluster_job="4211", nodes="n1", end=at(end_s)))


@pytest.mark.parametrize(
    ("status", "last_s", "out"),
    [
        ("killed", 595, True),
        ("killed", 640, True),
        ("interrupted", 570, True),
        ("killed", 100, False),
        ("failed", 595, False),
        ("success", 595, False),
    ],
)
def test_a_run_that_ended_when_its_allocation_did_ran_out_of_time(
    status: str, last_s: float, out: bool
) -> None:
    run = allocated().message(last_s, "still here").run
    assert (allocation_that_ran_out(run, status) is not None) == out


def test_without_an_allocation_or_its_end_none_ran_out() -> None:
    assert allocation_that_ran_out(begun().message(595, "still here").run, "killed") is None
    assert allocation_that_ran_out(allocated(None).message(595, "still here").run, "killed") is None


def test_an_allocation_that_ran_out_is_in_both_answers() -> None:
    run = allocated().message(595, "still here").run
    answer = JobsAnswer(Source(Path("a.jsonl"), run, "killed"), (), failed_only=True)
    text = " ".join(render(answer).split())
    assert "whose time limit ended at 2026-03-01 12:10:00" in text
    assert shape(answer)["allocation_ran_out"] is True
