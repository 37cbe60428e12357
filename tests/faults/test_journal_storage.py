"""The journal's file system fails: the run goes on, and the journal records what is missing."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fault_table import fault
from harness import ONE, SLEEPERS, injected, ours, seen, warnings
from lab import BOTH, Lab, attempts_of

LOCAL = ("--cores", "1")
Mount = Callable[..., Path]


FILLED = """
    rule all:
        input: "last.txt"
    rule fill:
        output: "fill.txt"
        shell: "{config[fill]}; touch {output}"
    rule one:
        input: "fill.txt"
        output: "one.txt"
        shell: "sleep 0.2; touch {output}"
    rule last:
        input: "one.txt"
        output: "last.txt"
        shell: "{config[clear]}; sleep 0.2; touch {output}"
"""


def on_a_full_disk(lab: Lab, mount: Mount, *, from_the_start: bool, cleared: bool) -> Path:
    """Run with the journal on a small file system that is full for a while; return its folder."""
    disk = mount(lab.folder.parent / "small", "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    filler = disk / "filler"
    fill = f"head -c 1M /dev/zero > {filler} 2> /dev/null || true"
    if from_the_start:
        subprocess.run(["sh", "-c", fill], check=True)
    lab.snakefile(FILLED)
    config = [f"fill={'true' if from_the_start else fill}", f"clear={f'rm {filler}' * cleared}"]
    config = [pair if not pair.endswith("=") else f"{pair}true" for pair in config]
    flags = ("--logger-observe-dir", str(disk), "--config", *config)
    done = lab.snakemake(*LOCAL, *BOTH, *flags)
    (warning,) = warnings(done.stderr)
    assert "No space left on device; the run goes on, its journal waits for room" in warning
    summaries = [line for line in ours(done.stderr) if " → " in line]
    assert len(summaries) == cleared
    return disk


@fault(
    "the disk is full under the journal (a file system of 64 kB), from the start or during the "
    "run, and has room again later",
    snakemake="runs on, with one warning",
    journal="complete: its lines wait for room, up to 8 MB of them; a `gap` counts those beyond, "
    "and the first line is written in any case",
)
@pytest.mark.parametrize("from_the_start", [True, False], ids=["from the start", "in mid-run"])
def test_a_full_disk_that_has_room_later(lab: Lab, mount: Mount, from_the_start: bool) -> None:
    disk = on_a_full_disk(lab, mount, from_the_start=from_the_start, cleared=True)
    (journal,) = disk.glob("*.jsonl")
    run = lab.run(journal)
    assert (run.status(), run.gaps) == ("success", [])
    assert len(run.attempts) == 4
    assert lab.observe("cost", str(journal)).returncode == 0


@fault(
    "the disk is full under the journal from the start, and stays full",
    snakemake="runs on, with one warning; no line at the end names a journal",
    journal="none: an empty file is removed",
)
def test_a_disk_that_stays_full(lab: Lab, mount: Mount) -> None:
    disk = on_a_full_disk(lab, mount, from_the_start=True, cleared=False)
    assert [path.name for path in disk.iterdir()] == ["filler"]


@fault(
    "the disk is full under the node's fragment",
    snakemake="as bare; the job does not notice",
    journal="the attempt, `success`; what the node could not write is `unobserved`",
)
def test_a_full_disk_under_a_fragment(lab: Lab, mount: Mount) -> None:
    lab.snakefile(ONE)
    flags = lab.cluster()
    folder = lab.folder / ".snakemake" / "observe"
    mount(folder, "-t", "tmpfs", "-o", "size=4k,nr_inodes=8", "tmpfs")
    (folder / "filler").write_bytes(bytes(4096))
    elsewhere = lab.folder.parent / "journals"
    done = lab.snakemake(*BOTH, *flags, "--logger-observe-dir", str(elsewhere))
    assert warnings(done.stderr) == []
    (journal,) = elsewhere.glob("*.jsonl")
    (attempt,) = attempts_of(lab.run(journal), "all")
    assert attempt.status == "success"
    assert attempt.unobserved == ("no timing from the node yet",)


@fault(
    "the journal's folder is removed during the run",
    snakemake="runs on, with one warning at the end",
    journal="none; the warning says so",
)
def test_removing_the_journals_folder_during_a_run_gives_one_warning(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            output: "a.txt"
            shell: "rm -r .snakemake/observe; touch a.txt"
    """)
    done = lab.snakemake(*LOCAL, *BOTH)
    (warning,) = ours(done.stderr)
    assert warning.endswith("removed or replaced while the run went on")


@fault(
    "the journal's file is replaced by another during the run",
    snakemake="runs on, with one warning at the end",
    journal="the other file is not touched; the warning says so",
)
def test_a_journal_that_is_replaced_leaves_the_other_file_alone(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            output: "a.txt"
            shell: "for f in .snakemake/observe/*.jsonl; do rm $f; echo another > $f; done; touch a.txt"
    """)
    done = lab.snakemake(*LOCAL, *BOTH)
    (warning,) = ours(done.stderr)
    assert warning.endswith("removed or replaced while the run went on")
    (journal,) = lab.journals
    assert journal.read_text() == "another\n"


@fault(
    "the folder of `--logger-observe-dir` cannot be written from the start",
    snakemake="refuses to start, with one line: the user asked for that folder",
    journal="none",
)
def test_an_unwritable_journal_folder_is_refused_at_the_start(lab: Lab) -> None:
    lab.snakefile(SLEEPERS)
    done = lab.snakemake(*LOCAL, *BOTH, "--logger-observe-dir", "/proc/nowhere", check=False)
    assert done.returncode == 1
    assert "--logger-observe-dir: /proc/nowhere cannot be written" in done.stderr
    assert not (lab.folder / ".snakemake").exists()


@fault(
    "the default folder's path is taken by something else",
    snakemake="runs, with one warning",
    journal="none; node phases are not observed",
)
@pytest.mark.parametrize("far", [False, True], ids=["local", "cluster"])
def test_an_unwritable_default_folder_gives_no_journal_and_one_warning(lab: Lab, far: bool) -> None:
    lab.snakefile(ONE)
    (lab.folder / ".snakemake").mkdir()
    (lab.folder / ".snakemake" / "observe").write_text("a file in the way")
    done = lab.snakemake(*BOTH, *(lab.cluster() if far else LOCAL))
    (warning,) = ours(done.stderr)
    assert warning.startswith("snakemake-observe: no journal, the run goes on: ")
    assert (lab.folder / "a.txt").exists()


@fault(
    "the default folder is on a read-only file system",
    snakemake="runs, with one warning",
    journal="none",
)
def test_a_read_only_folder_gives_no_journal_and_one_warning(lab: Lab, mount: Mount) -> None:
    lab.snakefile(ONE)
    mount(lab.folder / ".snakemake" / "observe", "-t", "tmpfs", "-o", "ro", "tmpfs")
    done = lab.snakemake(*LOCAL, *BOTH)
    (warning,) = ours(done.stderr)
    assert "no journal, the run goes on: " in warning
    assert "Read-only file system" in warning


@fault(
    "the folder is read-only on the node",
    snakemake="as bare; the job does not notice",
    journal="the attempt, `success`, without timing from the node",
)
def test_a_folder_that_is_read_only_on_the_node(lab: Lab, mount: Mount) -> None:
    lab.snakefile(ONE)
    folder = lab.folder / ".snakemake" / "observe"
    mount(folder, "-t", "tmpfs", "-o", "ro", "tmpfs")
    elsewhere = lab.folder.parent / "journals"
    done = lab.snakemake(*BOTH, *lab.cluster(), "--logger-observe-dir", str(elsewhere))
    assert warnings(done.stderr) == []
    (journal,) = elsewhere.glob("*.jsonl")
    (attempt,) = attempts_of(lab.run(journal), "all")
    assert attempt.status == "success"
    assert attempt.unobserved == ("no timing from the node yet",)


HANGS = {
    "when it is made": (
        "snakemake_logger_plugin_observe.journal.writing",
        "JournalWriter.__init__",
        {},
    ),
    "in mid-run": (
        "snakemake_logger_plugin_observe.journal.writing",
        "JournalWriter.write",
        {"skip": 4},
    ),
    "as it is removed": (
        "snakemake_logger_plugin_observe.journal.writing",
        "JournalWriter.still_there",
        {},
    ),
}


@fault(
    "the journal's file system hangs: as the journal is created, during the run, at the end",
    snakemake="runs on; its exit waits 10 s at most, then prints a warning",
    journal="ends where it hung",
)
@pytest.mark.parametrize("when", HANGS)
@pytest.mark.timed
def test_a_file_system_that_hangs(labs: tuple[Lab, Lab], when: str) -> None:
    module, name, how = HANGS[when]
    found, lengths = [], []
    for lab, plugins in zip(labs, ((), BOTH), strict=True):
        lab.snakefile(ONE)
        begun = time.monotonic()
        done = lab.snakemake(*LOCAL, *plugins, **injected(module, name, do="hang", **how))
        lengths.append(time.monotonic() - begun)
        found.append(seen(lab, done))
    assert found[1] == found[0]
    (warning,) = ours(done.stderr)
    assert warning.endswith("the journal's file system does not answer; the journal ends early")
    assert lengths[1] - lengths[0] < 14
    for journal in labs[1].journals:
        for line in journal.read_text().splitlines():
            json.loads(line)


@fault(
    "the folder of `--logger-observe-dir` hangs from the start",
    snakemake="refuses to start after 10 s, with one line",
    journal="none",
)
@pytest.mark.timed
def test_a_named_folder_that_hangs_is_refused(lab: Lab) -> None:
    lab.snakefile(ONE)
    environment = injected(
        "snakemake_logger_plugin_observe.recording.options", "_write_error", do="hang"
    )
    begun = time.monotonic()
    done = lab.snakemake(*LOCAL, *BOTH, "--logger-observe-dir", "slow", check=False, **environment)
    assert done.returncode == 1
    assert "slow does not answer" in done.stderr
    assert time.monotonic() - begun < 20
