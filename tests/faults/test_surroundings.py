"""Signals, terminals that are gone, and surroundings in which little is there: all as bare."""

import os
import shutil
import signal
import subprocess
import time
from typing import Any

import pytest
from fault_table import fault
from harness import (
    ONE,
    SLEEPERS,
    comparable,
    injected,
    ours,
    outputs,
    seen,
    started,
    wait_until,
    warnings,
)
from lab import BOTH, Lab, phases_s, the_attempt

LOCAL = ("--cores", "1")
OBSERVE = "snakemake_logger_plugin_observe"
Labs = tuple[Lab, Lab]


def given_up(labs: Labs, *signals: int) -> Lab:
    """Send *signals* to a bare run and to an observed one, hold them to be the same."""
    found = []
    for lab, plugins in zip(labs, ((), BOTH), strict=True):
        lab.snakefile(ONE.replace("touch", "touch begun; sleep 60; touch"))
        with started(lab, *LOCAL, *plugins) as process:
            wait_until((lab.folder / "begun").exists)
            for sent in signals:
                time.sleep(0.3)
                os.killpg(process.pid, sent)
            _, outcome = process.communicate(timeout=600)
        # The main thread says that it is ending, the job's thread says that the job died: which
        # of them is first is chance, bare too.
        lines = sorted(comparable(lab, outcome).splitlines())
        found.append((process.returncode, lines, outputs(lab)))
    assert found[1] == found[0]
    return labs[1]


@fault(
    "SIGINT, or SIGINT twice, or SIGTERM",
    snakemake="as bare",
    journal="the run, `interrupted`; what ran, `cancelled` or `failed`",
)
@pytest.mark.parametrize(
    "signals",
    [(signal.SIGINT,), (signal.SIGINT, signal.SIGINT), (signal.SIGTERM,)],
    ids=["SIGINT", "SIGINT twice", "SIGTERM"],
)
def test_an_interrupted_run_is_recorded_as_such(labs: Labs, signals: tuple[int, ...]) -> None:
    run = given_up(labs, *signals).run()
    assert run.status() == "interrupted"
    assert {a.status for a in run.attempts.values()} <= {"cancelled", "failed"}


@fault(
    "SIGHUP",
    snakemake="as bare: it ends the run",
    journal="`killed`: no last event",
)
def test_a_run_ended_by_sighup_is_killed(labs: Labs) -> None:
    lab = given_up(labs, signal.SIGHUP)
    assert " · killed after " in lab.observe("cost", str(lab.journals[0])).stdout


# -- surroundings ----------------------------------------------------------------------------------


def as_bare(
    labs: Labs, shell: str = "exec {snakemake}", snakefile: str = ONE, **environment: Any
) -> tuple[Lab, dict[str, Any], str]:
    """Run bare and observed inside *shell*; hold them to be the same; return lab, seen, stderr."""
    found = []
    for lab, plugins in zip(labs, ((), BOTH), strict=True):
        lab.snakefile(snakefile)
        command = " ".join(lab.command(*LOCAL, *plugins))
        variables = {k: v for k, v in lab.environment(**environment).items() if v}
        done = subprocess.run(
            ["sh", "-c", shell.replace("{snakemake}", command)],
            cwd=lab.folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        found.append(seen(lab, done))
    assert found[1] == found[0]
    return labs[1], found[1], done.stderr


@fault(
    "the terminal is gone: stderr is closed, stdout is closed, or both",
    snakemake="as bare; our line is dropped, and never goes to stdout",
    journal="complete, and nothing else gets into it",
)
@pytest.mark.parametrize("closed", ["2>&-", ">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_terminal_that_was_closed(labs: Labs, closed: str) -> None:
    snakefile = ONE.replace("touch a.txt", "echo noise; echo noise >&2; touch a.txt")
    lab, outcome, stderr = as_bare(labs, f"exec {{snakemake}} {closed}", snakefile)
    assert ours(outcome["stdout"]) == []
    if "2>&-" in closed:
        assert ours(stderr) == []
    if outcome["exit code"] == 0:
        assert lab.run().status() == "success"


@fault(
    "stderr is on a full disk",
    snakemake="as bare",
    journal="complete",
)
def test_a_full_disk_under_stderr(labs: Labs) -> None:
    lab, _, _ = as_bare(labs, "exec {snakemake} 2> /dev/full")
    assert [lab.run(journal).status() for journal in lab.journals] in (["success"], ["failed"])


@fault(
    "stderr is a pipe whose reader has gone",
    snakemake="as bare",
    journal="readable",
)
def test_a_pipe_without_a_reader(labs: Labs) -> None:
    lab, _, _ = as_bare(labs, "{snakemake} 2>&1 >/dev/null | true")
    for journal in lab.journals:
        assert lab.observe("validate", str(journal)).returncode in (0, 1)


@fault(
    "few files may be open (`ulimit -n`)",
    snakemake="as bare",
    journal="complete if one more file can be opened; else one warning",
)
@pytest.mark.parametrize("limit", [16, 20, 24])
def test_few_open_files(labs: Labs, limit: int) -> None:
    lab, outcome, stderr = as_bare(labs, f"ulimit -n {limit}; exec {{snakemake}}")
    assert len(warnings(stderr)) <= 1
    if outcome["exit code"] == 0 and not warnings(stderr):
        assert lab.run().status() == "success"


@fault(
    "no file may grow (`ulimit -f 0`)",
    snakemake="as bare",
    journal="none, or cut",
)
def test_files_that_cannot_grow(labs: Labs) -> None:
    _, _, stderr = as_bare(labs, "ulimit -f 0; exec {snakemake}")
    assert len(warnings(stderr)) <= 1


@fault(
    "HOME, USER and LOGNAME are not set",
    snakemake="as bare",
    journal="complete",
)
def test_no_home(labs: Labs) -> None:
    lab, outcome, stderr = as_bare(labs, HOME="", USER="", LOGNAME="", XDG_CACHE_HOME="")
    assert outcome["exit code"] == 0
    assert warnings(stderr) == []
    assert lab.run().status() == "success"


@fault(
    "there is no /proc",
    snakemake="as bare",
    journal="the run, from when our plugin was loaded",
)
def test_no_proc(labs: Labs) -> None:
    _need_namespaces()
    inside = "mount -t tmpfs tmpfs /proc && exec {snakemake}"
    lab, outcome, stderr = as_bare(labs, f"unshare --mount sh -c '{inside}'")
    assert warnings(stderr) == []
    if outcome["exit code"] == 0:
        assert lab.run().status() == "success"


@fault(
    "the working directory is read-only",
    snakemake="as bare: refuses",
    journal="none",
)
def test_a_read_only_working_directory(labs: Labs) -> None:
    _need_namespaces()
    inside = "mount --bind -o ro . . && cd $PWD && exec {snakemake}"
    lab, _, stderr = as_bare(labs, f"unshare --mount sh -c '{inside}'")
    assert len(ours(stderr)) <= 1
    assert lab.journals == []


@fault(
    "the working directory is removed during the run",
    snakemake="as bare",
    journal="none; the warning says so",
)
def test_a_working_directory_that_is_removed(labs: Labs) -> None:
    snakefile = "rule all:\n    output: 'a.txt'\n    shell: 'rm -r $PWD; touch a.txt'\n"
    _, _, stderr = as_bare(labs, snakefile=snakefile)
    assert len(ours(stderr)) == 1


@fault(
    "two runs at once in one folder (`--nolock`)",
    snakemake="as bare",
    journal="one each",
)
def test_two_runs_at_once_in_one_folder_have_separate_journals(lab: Lab) -> None:
    lab.snakefile(SLEEPERS)
    flags = (*LOCAL, "--nolock", *BOTH)
    with started(lab, *flags, "0.txt") as one, started(lab, *flags, "1.txt") as two:
        for process in (one, two):
            process.communicate()
    runs = [lab.run(journal) for journal in lab.journals]
    assert [run.status() for run in runs] == ["success", "success"]
    assert [len(run.attempts) for run in runs] == [1, 1]


FORKS = {
    "a child that leaves quietly": "os.fork() or os._exit(0)",
    "a child that exits as a program does": """
if not os.fork():
    import logging
    logging.getLogger("snakemake.logging").warning("from the child")
    sys.exit(0)
os.wait()
""",
    "multiprocessing": """
import multiprocessing
child = multiprocessing.get_context("fork").Process(target=abs, args=(1,))
child.start()
child.join()
""",
    "a child that outlives the run": """
if not os.fork():
    os.closerange(0, 3)
    time.sleep(5)
    os._exit(0)
""",
}
IN_A_RUN = """
rule all:
    output: "a.txt"
    run:
        import multiprocessing
        child = multiprocessing.get_context("fork").Process(target=open, args=(output[0], "w"))
        child.start()
        child.join()
"""


@fault(
    "the file system of one of the workflow's source files (a script, a profile) hangs",
    snakemake="as bare; its exit waits one more second at most",
    journal="all but the `provenance`; if the run takes more than 10 s, that without this file",
)
@pytest.mark.parametrize("lasts_s", [0, 13])
@pytest.mark.timed
def test_a_source_file_that_cannot_be_read(labs: Labs, lasts_s: int) -> None:
    snakefile = f"include: 'more.smk'\n{ONE.replace('touch', f'sleep {lasts_s}; touch')}"
    for lab in labs:
        (lab.folder / "more.smk").touch()
    hang = injected(f"{OBSERVE}.recording.workflow_sources", "_digest", do="hang", skip=1)
    lab, _, stderr = as_bare(labs, snakefile=snakefile, **hang)
    assert warnings(stderr) == []
    run = lab.run()
    assert run.status() == "success"
    if lasts_s:
        assert run.provenance is not None
        assert list(run.provenance.sources) == ["Snakefile"]
    else:
        assert run.provenance is None


@fault(
    "the main process is stopped for 5 s while a local tool runs (SIGSTOP), alone or with the tool "
    "(Ctrl-Z), and goes on",
    snakemake="goes on",
    journal="complete; a `paused` line; the time is `unobserved`, not the tool's `compute`",
)
@pytest.mark.parametrize("with_the_tool", [False, True], ids=["alone", "with the tool"])
@pytest.mark.timed
def test_a_main_process_that_is_stopped(lab: Lab, with_the_tool: bool) -> None:
    lab.snakefile(ONE.replace("touch", "touch begun; sleep 2; touch"))
    with started(lab, *LOCAL, *BOTH) as process:
        wait_until((lab.folder / "begun").exists)
        time.sleep(0.5)  # the recorder has written that the tool started, and waits again
        send = os.killpg if with_the_tool else os.kill
        send(process.pid, signal.SIGSTOP)
        time.sleep(5)
        send(process.pid, signal.SIGCONT)
        process.communicate(timeout=600)
    assert process.returncode == 0
    run = lab.run()
    (paused,) = run.pauses
    assert 5 <= (paused.end - paused.time) / 1e6 < 5 + 2
    spent = phases_s(the_attempt(run, "all"))
    assert spent["unobserved"] > 4
    assert spent.get("compute", 0) < 4  # two seconds at most, on an idle machine
    answer = lab.observe("cost").stdout
    assert "the main process did not run for" in answer


@fault(
    "the Snakefile forks, in its own code or in a `run:` block",
    snakemake="as bare",
    journal="one, written by the main process alone, complete",
)
@pytest.mark.parametrize("what", [*FORKS, "in a run"])
def test_a_snakefile_that_forks(labs: Labs, what: str) -> None:
    text = IN_A_RUN if what == "in a run" else f"import os, sys, time\n{FORKS[what]}\n{ONE}"
    lab, _, stderr = as_bare(labs, snakefile=text)
    (line,) = ours(stderr)
    assert line.startswith("snakemake-observe: success in ")
    assert lab.run().status() == "success"
    assert lab.journals[0].read_text().count('"run_finished"') == 1


def _need_namespaces() -> None:
    words = ["unshare", "--mount", "true"]
    if not shutil.which("unshare") or subprocess.run(words, check=False).returncode:
        pytest.skip("needs the right to mount file systems")
