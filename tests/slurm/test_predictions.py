"""A run with rare status checks: what others, and early ones, save is predicted and comes true."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import REPO
from slurm_lab import SlurmLab

pytestmark = pytest.mark.timed

WORKFLOW = REPO / "example_workflow"
SAMPLE = "soil"
RARE_S, OFTEN_S = 20, 2
"""A job takes less than the one, and more than the other: the next check is then 10 s later."""
WITHIN = 0.15


def profile(folder: Path, poll_s: int) -> str:
    """Write the example's profile for Slurm into *folder*, with another polling interval."""
    text = (WORKFLOW / "profiles" / "slurm" / "config.yaml").read_text()
    text = text.replace("# slurm_account: my_account", "slurm_account: test")
    folder.mkdir()
    (folder / "config.yaml").write_text(
        f"{text}\nslurm-init-seconds-before-status-checks: {poll_s}\n"
    )
    return str(folder)


def begin(lab: SlurmLab, reads: Path, poll_s: int, wake: str = "off") -> subprocess.Popen[bytes]:
    """Begin the example on *reads*, up to the sample's k-mers: three jobs after each other."""
    with (lab.folder / "console").open("wb") as console:
        return subprocess.Popen(
            lab.command(
                *("-s", str(WORKFLOW / "Snakefile"), f"results/kmers/{SAMPLE}.tsv"),
                *("--config", f"reads_dir={reads}"),
                *("--profile", profile(lab.folder / "profile", poll_s)),
                *("--timed-wake", wake),
            ),
            cwd=lab.folder,
            env=lab.environment(),
            stdout=console,
            stderr=subprocess.STDOUT,
        )


def test_the_largest_savings_are_polls_and_start_up_and_other_polls_save_what_was_predicted(
    new_lab: Callable[[str], SlurmLab], tmp_path: Path
) -> None:
    reads = tmp_path / "reads"
    reads.mkdir()
    shutil.copy(WORKFLOW / "data" / "reads" / f"{SAMPLE}.fq", reads)
    rare, often = new_lab("rare"), new_lab("often")
    runs = [begin(rare, reads, RARE_S), begin(often, reads, OFTEN_S)]
    for lab, run in zip((rare, often), runs, strict=True):
        assert run.wait() == 0, (lab.folder / "console").read_text()

    answer = json.loads(rare.observe("path", "--format", "json").stdout)
    largest = [one["name"] for one in answer["savings"] if one["kind"] == "phase"]
    assert largest[0] == "poll_wait"  # it ends with a status check, as the shutdown does
    assert {"shutdown", "node_startup"} < {*largest[1:4]}  # node_exit is about as long here
    shown = " ".join(rare.observe("path").stdout.split())
    assert "What to fix first: add --timed-wake on " in shown
    assert re.search(r"--wake( --quick-exit)? # what that would save", shown)

    words = ("--with", f"poll={OFTEN_S}", "--with", f"poll={OFTEN_S} startup=x0")
    predictions = json.loads(rare.observe("whatif", *words, "--format", "json").stdout)[
        "predictions"
    ]
    polls, both = (one["predicted_s"] for one in predictions)
    measured = often.run().makespan / 1e6
    assert measured < 0.75 * answer["makespan_s"]
    assert polls == pytest.approx(measured, rel=WITHIN)
    assert both <= polls


def test_what_early_checks_save_was_predicted_from_a_run_without_them(
    new_lab: Callable[[str], SlurmLab], tmp_path: Path
) -> None:
    reads = tmp_path / "reads"
    reads.mkdir()
    shutil.copy(WORKFLOW / "data" / "reads" / f"{SAMPLE}.fq", reads)
    rare, woken = new_lab("without"), new_lab("woken")
    # Next to each other, so that starts on the nodes take as long in both.
    runs = [begin(rare, reads, RARE_S), begin(woken, reads, RARE_S, wake="on")]
    for lab, run in zip((rare, woken), runs, strict=True):
        assert run.wait() == 0, (lab.folder / "console").read_text()

    (wake,) = json.loads(rare.observe("whatif", "--wake", "--format", "json").stdout)["predictions"]
    low, high = wake["interval_s"]
    measured = woken.run().makespan / 1e6
    assert measured < rare.run().makespan / 1e6
    assert (1 - WITHIN) * low <= measured <= (1 + WITHIN) * high
    found = json.loads(woken.observe("cost", "--format", "json").stdout)["wake"]
    assert found["on"]
    assert found["early_checks"] >= 3
    assert found["gave_back_s"][1] > 0
    assert "--timed-wake gave back " in (woken.folder / "console").read_text()
