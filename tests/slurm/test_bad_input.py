"""Nodes that cannot write their stamps, or write them late: the journal has the reason, and the job runs."""

import json
import shutil
import subprocess
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

from lab import BOTH, attempts_of, phases_s
from slurm_lab import ON_SLURM, PATIENCE_S, SlurmLab

from snakemake_logger_plugin_observe.journal.events import AttemptFinished
from snakemake_logger_plugin_observe.journal.reading import read_journal
from snakemake_logger_plugin_observe.run.unobserved import NO_NODE_STAMPS

ONE_JOB = """
    rule all:
        output: "out.txt"
        shell: "sleep 1; touch {output}"
"""


def in_front_of(lab: SlurmLab, command: str, first: str) -> str:
    """Return a PATH with a *command* of Slurm's that does something else *first*."""
    script = lab.folder / "bin" / command
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\n{first}\nexec {shutil.which(command)} "$@"\n')
    script.chmod(0o755)
    return f"{script.parent}:{lab.environment()['PATH']}"


def test_an_unwritable_fragment_folder_loses_only_the_node_s_phases(
    lab: SlurmLab,
) -> None:
    """A file stands where the node would write: there is no folder to write into."""
    lab.snakefile(ONE_JOB)
    folder = lab.folder / ".snakemake" / "observe"
    # The run's own folder in it is made right before the submission.
    spoil = f"ls -d {folder}/*/ && mv {folder} {folder}.moved && echo in the way > {folder}"
    path = in_front_of(lab, "sbatch", f"{{ {spoil}; }} > /dev/null 2>&1")
    done = lab.slurm("--logger-observe-dir", "journals", PATH=path)
    assert (lab.folder / "out.txt").exists()
    (journal,) = (lab.folder / "journals").glob("*.jsonl")
    (attempt,) = attempts_of(lab.run(journal), "all")
    assert attempt.status == "success"
    assert NO_NODE_STAMPS in attempt.unobserved
    assert phases_s(attempt)["unobserved"] > 1
    assert "Traceback" not in done.stderr


def test_a_fragment_that_comes_late_revises_the_attempt(lab: SlurmLab) -> None:
    """The node writes into a folder that this machine sees only later."""
    lab.snakefile("""
        rule all:
            input: "early.txt"
            output: "out.txt"
            shell: "sleep 12; touch {output}"

        rule early:
            output: "early.txt"
            shell: "touch {output}"
    """)
    folder = lab.folder / ".snakemake" / "observe"

    def hide() -> None:
        """Take the first fragment away once it is whole, until its attempt's end is written."""
        while not any(_is_whole(found) for found in folder.glob("*/1.fragment")):
            time.sleep(0.05)
        (found,) = folder.glob("*/1.fragment")
        found.rename(lab.folder / "hidden")
        (lab.folder / "was-hidden").touch()
        while not any(b'"attempt_finished"' in path.read_bytes() for path in lab.journals):
            time.sleep(0.1)
        (lab.folder / "hidden").rename(found)

    threading.Thread(target=hide, daemon=True).start()
    # No end is noticed before that.
    wait = f"until [ -e {lab.folder / 'was-hidden'} ]; do sleep 0.1; done"
    path = in_front_of(lab, "sacct", wait)
    lab.slurm("--slurm-init-seconds-before-status-checks", "2", PATH=path)
    (journal,) = lab.journals
    ends = [event for event in read_journal(journal) if isinstance(event, AttemptFinished)]
    early = [event for event in ends if event.job_id == 1]
    assert [event.revises for event in early] == [False, True]
    assert NO_NODE_STAMPS in early[0].unobserved
    (attempt,) = attempts_of(lab.run(), "early")
    assert (attempt.status, attempt.unobserved) == ("success", ())
    assert phases_s(attempt)["node_startup"] > 0.5


def _is_whole(fragment: Path) -> bool:
    lines = [json.loads(line) for line in fragment.read_bytes().splitlines() if b"{" in line]
    return any(line["wraps"] == "slurm-jobstep" and "ended" in line for line in lines)


def test_nodes_with_another_python_have_no_stamps_and_a_recorded_reason(
    lab: SlurmLab,
) -> None:
    """Where software is not shared, the plugin cannot be known to be there."""
    lab.snakefile(ONE_JOB)
    shared = ("persistence", "input-output", "sources", "source-cache", "storage-local-copies")
    path = f"{lab.folder / 'bin'}:{lab.environment()['PATH']}"
    (lab.folder / "bin").mkdir()
    python = lab.folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    lab.slurm("--shared-fs-usage", *shared, "--", PATH=path)
    run = lab.run()
    (attempt,) = attempts_of(run, "all")
    assert attempt.status == "success"
    assert NO_NODE_STAMPS in attempt.unobserved
    assert attempt.accounting is not None
    reasons = [m.text for m in run.messages if m.kind == "unobserved"]
    assert reasons == [
        "node phases are not observed: no shared file system for software and the working directory"
    ]


def test_without_sacct_the_run_ends_normally_with_a_recorded_reason(
    lab: SlurmLab,
) -> None:
    lab.snakefile(ONE_JOB)
    (lab.folder / "bin").mkdir()
    sacct = lab.folder / "bin" / "sacct"
    sacct.write_text(
        '#!/bin/sh\ncase "$*" in *JobID,*) sleep 60;; *) exec /usr/bin/sacct "$@";; esac\n'
    )
    sacct.chmod(0o755)
    lab.slurm(PATH=f"{sacct.parent}:{lab.environment()['PATH']}")
    run = lab.run()
    (attempt,) = attempts_of(run, "all")
    assert (run.status(), attempt.accounting) == ("success", None)
    (reason,) = [m.text for m in run.messages if m.kind == "accounting"]
    assert reason == "Slurm's accounting could not be queried: sacct did not answer in time"
    later = lab.observe("accounting")
    assert later.returncode == 0
    assert "has records of 1 of 1 job; 1 new record" in later.stdout
    (attempt,) = attempts_of(lab.run(), "all")
    assert attempt.accounting is not None


def test_accounting_off_queries_nothing(lab: SlurmLab) -> None:
    lab.snakefile(ONE_JOB)
    lab.slurm("--timed-accounting", "off")
    (attempt,) = attempts_of(lab.run(), "all")
    assert attempt.accounting is None


def test_inside_an_allocation_its_end_is_recorded(lab: SlurmLab) -> None:
    """Many sites forbid login nodes: Snakemake itself is a job then."""
    lab.snakefile(ONE_JOB)
    command = ["srun", "-A", "test", "-t", "9", "-n1", "--mem", "900"]
    done = subprocess.run(
        [*command, *lab.command(*BOTH, *ON_SLURM)],
        cwd=lab.folder,
        env=lab.environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    run = lab.run()
    assert run.allocation is not None
    assert run.allocation.nodes in ("n1", "n2", "n3", "n4")
    assert run.allocation.end is not None
    query = ["sacct", "-X", "-n", "-P", "-j", str(run.allocation.cluster_job), "-o", "Start"]
    began = subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip()
    # After the nine minutes that it asked for; the start is a whole second.
    ends_s = run.allocation.end / 1e6 - datetime.fromisoformat(began).timestamp()
    assert 539 <= ends_s <= 541
    (attempt,) = attempts_of(run, "all")
    assert attempt.external_jobid != run.allocation.cluster_job
