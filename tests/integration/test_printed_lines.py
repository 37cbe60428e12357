"""``--logger-observe-stderr`` keeps what a failed job printed, and changes nothing on the console."""

import subprocess

import pytest
from lab import BOTH, Lab, the_attempt, without_moments

SNAKEFILE = """
    rule all:
        input: "good", "bad"
    rule good:
        output: "good"
        shell: "echo out; echo warning >&2; touch {output}"
    rule bad:
        input: "good"
        output: "bad"
        log: "bad.log"
        shell: "echo reading; echo password=swordfish99 >&2; echo 'Error: line 3 is bad' >&2; exit 3"
"""
KEEP = ("--logger-observe-stderr", "3")


def console(lab: Lab, *flags: str) -> str:
    """Return stdout and stderr of a run, as one file has them."""
    (lab.folder / "good").unlink(missing_ok=True)
    done = subprocess.run(
        lab.command("--cores", "1", *BOTH, *flags),
        cwd=lab.folder,
        env=lab.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    return without_moments(done.stdout)


def test_the_console_is_the_same(lab: Lab) -> None:
    lab.snakefile(SNAKEFILE)
    assert console(lab, *KEEP) == console(lab)


@pytest.mark.parametrize("keep", [True, False])
def test_what_a_failed_job_printed_stands_in_for_its_log(lab: Lab, keep: bool) -> None:
    lab.snakefile(SNAKEFILE)
    lab.snakemake("--cores", "1", *BOTH, *(KEEP if keep else ()), check=False)
    run = lab.run()
    assert the_attempt(run, "good").logs == ()
    logs = {log.path: log for log in the_attempt(run, "bad").logs}
    assert logs["bad.log"].problem == "it is empty"
    if not keep:
        assert set(logs) == {"bad.log"}
        return
    assert logs["(stderr)"].lines == ("password=***", "Error: line 3 is bad")
    assert "(stderr): Error: line 3 is bad" in lab.observe("jobs", "--failed").stdout
    assert "Error: line 3 is bad" in lab.observe("triage").stdout


def test_that_nothing_is_kept_without_the_timing_executor_is_said(lab: Lab) -> None:
    lab.snakefile(SNAKEFILE)
    told = "snakemake-observe: --logger-observe-stderr keeps nothing without --executor timed"
    alone = ("--cores", "1", "--logger", "observe", *KEEP)
    assert told in lab.snakemake(*alone, check=False).stderr.splitlines()
    assert told not in lab.snakemake(*alone, "--dry-run").stderr
    assert told not in lab.snakemake("--cores", "1", *BOTH, *KEEP, check=False).stderr


def test_a_log_that_has_lines_is_enough(lab: Lab) -> None:
    lab.snakefile("""
        rule one:
            output: "a"
            log: "a.log"
            shell: "echo said > {log}; echo printed >&2; exit 3"
    """)
    lab.snakemake("--cores", "1", *BOTH, *KEEP, check=False)
    (log,) = the_attempt(lab.run(), "one").logs
    assert (log.path, log.lines) == ("a.log", ("said",))


def test_a_number_that_is_none_is_refused(lab: Lab) -> None:
    lab.snakefile(SNAKEFILE)
    done = lab.snakemake("--cores", "1", *BOTH, "--logger-observe-stderr", "all", check=False)
    assert done.returncode != 0
    assert "'all' is not a number of lines from 0 to 1000" in done.stderr
