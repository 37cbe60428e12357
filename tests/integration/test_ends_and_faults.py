"""Runs that are cut off, and file systems that fail: the run goes on, the journal says what it is."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab import BOTH, Lab, attempts_of

SLEEPERS = """
    rule all:
        input: expand("{i}.txt", i=range(3))
    rule sleeper:
        output: "{i}.txt"
        shell: "sleep 1.5; touch {output}"
"""


def started(lab: Lab, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        lab.command(*arguments),
        cwd=lab.folder,
        env=lab.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_until(true: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.05)


def journal_says(lab: Lab, words: str) -> Callable[[], bool]:
    return lambda: any(words in journal.read_text() for journal in lab.journals)


def test_kill_9_in_mid_run_leaves_a_journal_that_cost_and_validate_read(lab: Lab) -> None:
    lab.snakefile(SLEEPERS)
    process = started(lab, "--cores", "1", *BOTH)
    wait_until(journal_says(lab, '"attempt_finished"'))
    wait_until(lambda: lab.journals[0].read_text().count('"attempt_started"') == 2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    cost, valid = lab.observe("cost"), lab.observe("validate")
    assert (cost.returncode, valid.returncode) == (0, 0)
    assert " · killed · " in cost.stdout
    assert "(the run: killed, no last event)" in valid.stdout
    run = lab.run()
    assert sorted(a.status for a in run.attempts.values()) == ["running", "success"]


def test_a_journal_is_readable_while_the_run_goes_on(lab: Lab) -> None:
    lab.snakefile(SLEEPERS)
    process = started(lab, "--cores", "1", *BOTH)
    wait_until(journal_says(lab, '"attempt_started"'))
    said = lab.observe("cost").stdout
    process.communicate()
    assert " · running · " in said


def test_the_next_run_after_a_kill_starts_and_has_a_journal_of_its_own(lab: Lab) -> None:
    lab.snakefile(SLEEPERS)
    process = started(lab, "--cores", "3", *BOTH)
    wait_until(journal_says(lab, '"attempt_started"'))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    lab.snakemake("--unlock", "--cores", "1")
    lab.snakemake("--cores", "3", "--rerun-incomplete", *BOTH)
    killed, whole = (lab.run(journal) for journal in lab.journals)
    assert (killed.finished, whole.status()) == (None, "success")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interrupted_run_says_so(lab: Lab, sent: signal.Signals) -> None:
    lab.snakefile(SLEEPERS)
    process = started(lab, "--cores", "1", *BOTH)
    wait_until(journal_says(lab, '"attempt_started"'))
    os.killpg(process.pid, sent)
    _, said = process.communicate()
    assert process.returncode == 1
    run = lab.run()
    assert run.status() == "interrupted"
    assert {a.status for a in run.attempts.values()} <= {"cancelled", "failed"}
    assert "snakemake-observe: interrupted in " in said


def test_jobs_cancelled_on_the_cluster_are_told_with_what_they_reached(lab: Lab) -> None:
    lab.snakefile(SLEEPERS.replace("1.5", "30"))
    flags = lab.cluster()
    process = started(lab, *BOTH, *flags, "--cluster-generic-cancel-cmd", "kill")
    wait_until(lambda: any('"tool_started"' in f.read_text() for f in lab.fragments()))
    os.kill(process.pid, signal.SIGINT)
    process.communicate()
    run = lab.run()
    assert {a.status for a in run.attempts.values()} == {"cancelled"}
    reached = [a for a in attempts_of(run, "sleeper") if "node_plan" in a.phases]
    assert reached
    assert all("unobserved" in a.phases for a in reached)
    subprocess.run(["pkill", "-f", f"{lab.folder}/"], check=False)


def test_a_process_killed_on_the_node_leaves_what_it_reached(lab: Lab) -> None:
    """The node's Snakemake dies by SIGKILL (as when it is out of memory) while its tool runs."""
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'kill -9 $PPID; sleep 1'\n")
    lab.snakemake(*BOTH, *lab.cluster(), check=False)
    (attempt,) = attempts_of(lab.run(), "all")
    assert attempt.status == "failed"
    assert {"queue_wait", "node_startup", "node_plan", "stage_in", "unobserved"} <= set(
        attempt.phases
    )
    assert "compute" not in attempt.phases
    assert attempt.unobserved == ("the node's processes did not report their end",)


def test_a_folder_that_is_named_but_cannot_be_written_is_refused_at_the_start(lab: Lab) -> None:
    lab.snakefile(SLEEPERS)
    done = lab.snakemake(
        "--cores", "1", *BOTH, "--logger-observe-dir", "/proc/nowhere", check=False
    )
    assert done.returncode == 1
    assert "--logger-observe-dir: /proc/nowhere cannot be written" in done.stderr
    assert not (lab.folder / ".snakemake").exists()


def test_the_default_folder_unwritable_costs_the_journal_and_one_warning(lab: Lab) -> None:
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'touch a.txt'\n")
    (lab.folder / ".snakemake").mkdir()
    (lab.folder / ".snakemake" / "observe").write_text("a file in the way")
    done = lab.snakemake("--cores", "1", *BOTH)
    (warning,) = [line for line in done.stderr.splitlines() if "snakemake-observe" in line]
    assert warning.startswith("snakemake-observe: no journal, the run goes on: ")
    assert (lab.folder / "a.txt").exists()


def test_the_journals_folder_removed_in_mid_run_is_told_once(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            output: "a.txt"
            shell: "rm -r .snakemake/observe; touch a.txt"
    """)
    done = lab.snakemake("--cores", "1", *BOTH)
    (warning,) = [line for line in done.stderr.splitlines() if "snakemake-observe" in line]
    assert warning.endswith("removed or replaced while the run went on")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("a small file system needs the right to mount one")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_costs_lines_and_one_warning_and_the_gap_is_told(
    lab: Lab, small_disk: Path
) -> None:
    lab.snakefile("""
        rule all:
            input: "last.txt"
        rule fill:
            output: "fill.txt"
            shell: "head -c 1M /dev/zero > {config[disk]}/filler 2> /dev/null || true; touch {output}"
        rule one:
            input: "fill.txt"
            output: "one.txt"
            shell: "sleep 0.2; touch {output}"
        rule last:
            input: "one.txt"
            output: "last.txt"
            shell: "rm {config[disk]}/filler; sleep 0.2; touch {output}"
    """)
    flags = ("--logger-observe-dir", str(small_disk), "--config", f"disk={small_disk}")
    done = lab.snakemake("--cores", "1", *BOTH, *flags)
    warnings = [line for line in done.stderr.splitlines() if "snakemake-observe" in line]
    assert "No space left on device; the run goes on, the journal has a gap" in warnings[0]
    assert len(warnings) == 2
    (journal,) = small_disk.glob("*.jsonl")
    shutil.copy(journal, lab.folder / "copy.jsonl")
    cost = lab.observe("cost", "copy.jsonl")
    assert cost.returncode == 0
    assert "the journal has a gap: lines could not be written" in cost.stdout


def test_two_runs_at_once_in_one_folder_do_not_meet(lab: Lab) -> None:
    lab.snakefile(SLEEPERS)
    both = [started(lab, "--cores", "1", "--nolock", *BOTH, f"{i}.txt") for i in range(2)]
    for process in both:
        process.communicate()
    runs = [lab.run(journal) for journal in lab.journals]
    assert [run.status() for run in runs] == ["success", "success"]
    assert [len(run.attempts) for run in runs] == [1, 1]
