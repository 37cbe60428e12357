"""What the submit command said, and setups that cannot work, on a real Slurm."""

import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from lab import BOTH
from slurm_lab import PATIENCE_S, SlurmLab, wait_for

FAILING = """
    rule all:
        input: "unanswered.txt", "rejected.txt", "fine.txt"

    rule unanswered:
        output: "unanswered.txt"
        shell: "touch {output}"

    rule rejected:
        output: "rejected.txt"
        resources: slurm_partition="nowhere"
        shell: "touch {output}"

    rule fine:
        output: "fine.txt"
        shell: "touch {output}"
"""
SBATCH = """#!/bin/sh
case "$*" in
    *rule_unanswered*)
        echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2
        exit 1 ;;
    *) exec {sbatch} "$@" ;;
esac
"""
GENERIC = (
    *("--jobs", "5", "--default-resources", "--seconds-between-status-checks", "1"),
    *("--timed-wraps", "cluster-generic", "--cluster-generic-submit-cmd"),
)
NO_FOLDER = """
    rule overlap:
        output: "paf/a.paf"
        resources: mem_mb=200
        shell: "touch {output}"
"""
SENTENCE = """
    rule mutect:
        output: "out.txt"
        log: "logs/mutect.log"
        resources: mem_mb=200
        shell: "echo 'A USER ERROR has occurred: no such contig' > {log}; exit 2"
"""
STATUS = """#!/bin/sh
case $(sacct -X -j "$1" --format State --noheader 2> /dev/null | head -n 1) in
    *COMPLETED*) echo success ;;
    *FAILED*) echo failed ;;
    *) echo running ;;
esac
"""


# -- what the submit command said --------------------------------------------------------------------


def action(lab: SlurmLab, incident: dict[str, Any]) -> str:
    """Return what to do about an incident of the newest run."""
    actions = lab.triaged()["actions"]
    return next(str(one["action"]) for one in actions if one["finding"] == incident["id"])


@pytest.fixture(scope="module")
def failing(new_lab: Callable[[str], SlurmLab]) -> SlurmLab:
    lab = new_lab("failing-submissions")
    lab.snakefile(FAILING)
    script = lab.folder / "bin" / "sbatch"
    script.parent.mkdir()
    script.write_text(SBATCH.format(sbatch=shutil.which("sbatch")))
    script.chmod(0o755)
    path = lab.environment()["PATH"]
    lab.slurm("--keep-going", check=False, PATH=f"{script.parent}:{path}")
    return lab


def test_a_submission_without_an_answer_is_one_to_run_again(failing: SlurmLab) -> None:
    found = failing.incidents()["submission_unanswered"]
    assert found["claim"] == (
        "sbatch got no answer once for unanswered (Socket timed out on send/recv operation); "
        "1 other submission went through"
    )
    assert action(failing, found).startswith("run again, with --retries 1")


def test_the_option_that_slurm_rejected_is_named_and_where_it_is_set(failing: SlurmLab) -> None:
    found = failing.incidents()["submission_refused"]
    assert found["claim"] == (
        "the cluster refused the submission of rejected 1 time because of -p nowhere: "
        "sbatch: invalid partition specified: nowhere; Invalid partition name specified"
    )
    assert action(failing, found).startswith("correct -p nowhere in slurm_partition")


# -- setups that cannot work -------------------------------------------------------------------------


def states(lab: SlurmLab) -> set[str]:
    """Return the states of the jobs that a run has submitted, as the accounting has them."""
    ids = re.findall(r"external jobid '\D*(\d+)'", lab.console)
    if not ids:
        return set()
    query = ["sacct", "-X", "-n", "-P", "-j", ",".join(ids), "-o", "State"]
    done = subprocess.run(query, capture_output=True, text=True, check=False)
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def hanging(new_lab: Callable[[str], SlurmLab]) -> dict[str, SlurmLab]:
    """Run what never ends, each until its job has ended in the cluster, and interrupt it then."""
    submits = {
        "folder": (
            NO_FOLDER,
            "sbatch --parsable -A test --mem {resources.mem_mb} -o gone/{rule}/%j",
        ),
        "sentence": (SENTENCE, "sbatch -A test --mem {resources.mem_mb} -o slurm-%j.out"),
    }
    labs: dict[str, SlurmLab] = {}
    running: list[subprocess.Popen[Any]] = []
    for name, (workflow, submit) in submits.items():
        labs[name] = lab = new_lab(f"hanging-{name}")
        lab.snakefile(workflow)
        (lab.folder / "status.sh").write_text(STATUS)
        flags = ("--cluster-generic-status-cmd", "sh status.sh") if name == "sentence" else ()
        with open(lab.folder / "console.txt", "w") as console:
            running.append(
                subprocess.Popen(
                    lab.command(*BOTH, *GENERIC, submit, *flags),
                    cwd=lab.folder,
                    env=lab.environment(),
                    stdout=console,
                    stderr=subprocess.STDOUT,
                )
            )
    for lab, one in zip(labs.values(), running, strict=True):
        wait_for(lambda lab=lab: "FAILED" in states(lab))  # type: ignore[misc]
        one.send_signal(signal.SIGINT)
    for one in running:
        one.wait(PATIENCE_S)
    return labs


def test_a_job_without_a_folder_for_its_log_ended_before_it_began(
    hanging: dict[str, SlurmLab],
) -> None:
    (name, found), *_ = hanging["folder"].incidents().items()
    assert name == "submission_setup"
    assert "(FAILED 0:53), before the job's script ran" in found["claim"]
    assert "the folder gone/overlap was not there" in found["claim"]


def test_a_sentence_is_no_id_and_the_tool_s_error_is_told_with_it(
    hanging: dict[str, SlurmLab],
) -> None:
    found = hanging["sentence"].incidents()
    assert next(iter(found)) == "submission_setup"
    assert "the submit command answered 'Submitted batch job " in found["submission_setup"]["claim"]
    assert action(hanging["sentence"], found["submission_setup"]).startswith(
        "add --parsable to the sbatch"
    )
    assert "no such contig" in found["tool_failure"]["claim"]
