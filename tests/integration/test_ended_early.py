"""How a run is recorded that Ctrl-C, or an exit in the workflow's own code, ended between its jobs."""

import json
import os
import signal
from pathlib import Path

import pytest
from harness import journal_says, started, wait_until
from lab import Lab

CTRL_C = "os.kill(os.getpid(), signal.SIGINT); time.sleep(9)"
HOOK = """
    import os, signal, sys, time
    {when}:
        {code}
    rule all:
        output: "x"
        shell: "touch x"
"""
PARAMS = """
    import os, signal, sys, time
    def value(wildcards):
        {code}
    rule all:
        output: "x"
        params: value
        shell: "touch x"
"""
READING = """
    import os, signal, sys, time
    {code}
    rule all:
        output: "x"
        shell: "touch x"
"""
ENDS = [
    (HOOK.format(when="onstart", code=CTRL_C), -signal.SIGINT, "interrupted"),
    (HOOK.format(when="onstart", code="sys.exit(3)"), 3, "failed"),
    (HOOK.format(when="onstart", code="sys.exit(0)"), 0, "failed"),
    (HOOK.format(when="onsuccess", code=CTRL_C), -signal.SIGINT, "interrupted"),
    (HOOK.format(when="onsuccess", code="sys.exit(0)"), 0, "success"),
    (PARAMS.format(code=CTRL_C), -signal.SIGINT, "interrupted"),
    (PARAMS.format(code="sys.exit(4)"), 4, "failed"),
    (READING.format(code=CTRL_C), -signal.SIGINT, "interrupted"),
]


@pytest.mark.parametrize(("snakefile", "code", "status"), ENDS)
def test_a_run_that_was_ended_between_jobs_is_no_success(
    lab: Lab, snakefile: str, code: int, status: str
) -> None:
    """Its exit code is what it is without the observer."""
    lab.snakefile(snakefile)
    (lab.folder / ".snakemake").mkdir()
    done = lab.snakemake("--cores", "1", "--logger", "observe", check=False)
    assert done.returncode == code
    run = lab.run()
    assert run.finished is not None
    assert run.finished.status == status
    answer = json.loads(lab.observe("triage", str(lab.journals[0]), "--format", "json").stdout)
    assert answer["status"] == status


ONE = """
    rule all:
        output: "x"
        shell: "{command}"
"""
RECORDED = ("--cores", "1", "--logger", "observe")


def said(lab: Lab, *command: str) -> str:
    return " ".join(lab.observe(*command).stdout.split())


@pytest.mark.parametrize(
    ("snakefile", "what", "to_do"),
    [
        (
            ONE.replace("shell:", "shel:"),
            "shel is no keyword of a rule: did you mean shell?",
            "correct shel in the rule at Snakefile:3",
        ),
        (
            ONE.replace("output:", 'input: "not/there.txt"\n        output:'),
            "rule all needs not/there.txt, which was not there and which no rule makes",
            "put not/there.txt where rule all expects it",
        ),
    ],
)
def test_a_run_that_failed_before_its_plan_says_what_to_do(
    lab: Lab, snakefile: str, what: str, to_do: str
) -> None:
    lab.snakefile(snakefile.format(command="touch x"))
    lab.snakemake(*RECORDED, check=False)
    cost, failed = said(lab), said(lab, "jobs", "--failed")
    assert what in cost
    assert f"What to do: {to_do}" in cost
    assert "The run failed before any job had started. No failed attempts." in failed
    assert what in failed
    assert f"To do: {to_do}" in failed
    assert "Snakemake reported: " in failed


def test_what_changed_before_a_run_that_could_not_be_read_is_unknown(lab: Lab) -> None:
    lab.snakefile(ONE.format(command="touch x"))
    lab.snakemake(*RECORDED)
    lab.snakefile('int("no number")\n' + ONE.format(command="touch x"))
    lab.snakemake(*RECORDED, check=False)
    assert "is unknown: the run failed while its Snakefile was read" in said(lab, "why")
    assert "unknown: the run failed while its Snakefile was read" in said(lab, "triage")


def test_the_name_of_a_missing_output_is_never_cut(lab: Lab) -> None:
    lab.snakefile(
        ONE.replace('"x"', '"a/rather/long/path/of/one_more_output.txt"').format(command=":")
    )
    flags = ("--executor", "timed", "--latency-wait", "0")
    done = lab.snakemake(*RECORDED, *flags, check=False)
    assert "a/rather/long/path/of/one_more_output.txt" in done.stderr.splitlines()[-1]
    assert "a/rather/long/path/of/one_more_output.txt" in said(lab)


def test_a_newer_dry_run_that_failed_is_named_first(lab: Lab) -> None:
    lab.snakefile(ONE.format(command="touch x"))
    lab.snakemake(*RECORDED)
    lab.snakefile(ONE.replace("shell:", "shel:").format(command="touch x"))
    lab.snakemake(*RECORDED, "--dry-run", check=False)
    text = said(lab)
    assert (
        "a newer dry run, which failed: shel is no keyword of a rule: did you mean shell?" in text
    )
    assert text.index("a newer dry run") < text.index("Where the")


@pytest.mark.parametrize("retries", ["0", "2"])
def test_a_job_killed_from_outside_gets_one_answer(lab: Lab, retries: str) -> None:
    lab.snakefile(ONE.format(command="k=kill; $k -9 $$"))  # no command that is seen to kill itself
    flags = ("--executor", "timed", "--retries", retries)
    lab.snakemake(*RECORDED, *flags, check=False)
    for command in ((), ("triage",)):
        assert "find out what sent the signal: check the kernel's log" in said(lab, *command)
    triage = said(lab, "triage")
    assert "remove its retries" not in triage
    assert ("retries_did_not_help (certain): " in triage) == (retries != "0")


def test_a_locked_folder_names_the_run_that_holds_the_lock(lab: Lab) -> None:
    lab.snakefile(ONE.format(command="sleep 600; touch x"))
    with started(lab, *RECORDED):
        wait_until(journal_says(lab, '"event":"job"'))
        (running,) = lab.journals
        lab.snakemake(*RECORDED, check=False)
        cost, triage = said(lab), said(lab, "triage")
    for text in (cost, triage):
        assert f"another run goes on in this folder: .snakemake/observe/{running.name}" in text
        assert "which still runs" in text
        assert "wait until that run has ended" in text
        assert "--unlock" not in text


def test_the_incomplete_files_of_a_run_that_goes_on_are_waited_for(lab: Lab) -> None:
    """Snakemake finds them before it finds the lock, and advises --rerun-incomplete."""
    lab.snakefile(ONE.format(command="touch x; sleep 600"))
    with started(lab, *RECORDED):
        wait_until((lab.folder / "x").exists)
        (running,) = lab.journals
        lab.snakemake(*RECORDED, check=False)
        cost, triage = said(lab), said(lab, "triage")
    for text in (cost, triage):
        assert f"{running.name}) still runs, and may be writing it" in text
        assert "wait until it has ended" in text
        assert "--unlock" not in text
        assert "--rerun-incomplete" not in text


def test_a_run_without_a_journal_that_holds_the_lock_is_waited_for(lab: Lab) -> None:
    lab.snakefile(ONE.format(command="sleep 600; touch x"))
    with started(lab, "--cores", "1") as process:
        wait_until(lambda: any((lab.folder / ".snakemake" / "locks").glob("*")))
        lab.snakemake(*RECORDED, check=False)
        cost, triage = said(lab), said(lab, "triage")
    for text in (cost, triage):
        assert f"is locked, and process {process.pid} of Snakemake runs in it" in text
        assert "wait until that process has ended" in text
        assert "--unlock" not in text


def test_the_lock_of_a_run_that_was_killed_is_to_be_removed(lab: Lab) -> None:
    lab.snakefile(ONE.format(command="sleep 600; touch x"))
    with started(lab, *RECORDED) as process:
        wait_until(journal_says(lab, '"event":"job"'))
        process.kill()
        process.wait()
    (killed,) = lab.journals
    lab.snakemake(*RECORDED, check=False)
    cost, triage = said(lab), said(lab, "triage")
    for text in (cost, triage):
        assert "the working directory is still locked by the run of " in text
        assert f"{killed.name}), which was killed" in text
    assert "snakemake --unlock # removes the lock" in triage
    lab.snakemake("--unlock")
    lab.snakemake(*RECORDED, "--rerun-incomplete", "--dry-run")


def test_a_stopped_run_is_not_said_to_work(lab: Lab) -> None:
    lab.snakefile(ONE.format(command="sleep 600; touch x"))
    with started(lab, *RECORDED, "--executor", "timed") as process:
        wait_until(journal_says(lab, '"attempt_started"'))
        os.kill(process.pid, signal.SIGSTOP)
        try:
            wait_until(lambda: ") T " in Path(f"/proc/{process.pid}/stat").read_text())
            text = said(lab)
        finally:
            os.kill(process.pid, signal.SIGCONT)
    assert "The run is stopped (Ctrl-Z, SIGSTOP)" in text
    assert f"What to do: kill -CONT {process.pid}" in text
    assert "The tools took" not in text
