"""The example workflow on Slurm, bare and observed: the same results, and a whole account."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import REPO, phases_s, waits, without_moments
from slurm_lab import ON_THE_NODE, SlurmLab, agrees_with_accounting, submissions

from snakemake_logger_plugin_observe.analysis.cost.account import account

WORKFLOW = REPO / "example_workflow"
SUBMISSIONS = 8  # of one sample: discover, panel, quality, trim, kmers, screen, summary, publish
OURS = {"timed-wraps", "logger"}


def profile(folder: Path, *, observed: bool) -> str:
    """Write the example's profile for Slurm into *folder*, with us or changed back to the bare."""
    text = (WORKFLOW / "profiles" / "slurm" / "config.yaml").read_text()
    lines = text.replace("# slurm_account: my_account", "slurm_account: test").splitlines()
    if not observed:
        lines = [line for line in lines if line.partition(":")[0] not in OURS]
        lines = [line.replace("executor: timed", "executor: slurm") for line in lines]
    folder.mkdir()
    # Polls are not what this test is about.
    lines.append("slurm-init-seconds-before-status-checks: 2")
    (folder / "config.yaml").write_text("\n".join(lines) + "\n")
    return str(folder)


@pytest.fixture(scope="module")
def reads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one sample: the whole example takes five minutes a run."""
    folder = tmp_path_factory.mktemp("reads")
    shutil.copy(WORKFLOW / "data" / "reads" / "soil.fq", folder)
    return folder


def example(lab: SlurmLab, reads: Path, *, observed: bool) -> str:
    """Run the example on *reads*; return its console."""
    done = lab.snakemake(
        *("-s", str(WORKFLOW / "Snakefile"), "--config", f"reads_dir={reads}"),
        *("--profile", profile(lab.folder / "profile", observed=observed)),
    )
    return done.stderr


@pytest.fixture(scope="module")
def bare(new_lab: Callable[[str], SlurmLab], reads: Path) -> SlurmLab:
    lab = new_lab("bare")
    (lab.folder / "console").write_text(example(lab, reads, observed=False))
    return lab


@pytest.fixture(scope="module")
def observed(new_lab: Callable[[str], SlurmLab], reads: Path) -> SlurmLab:
    lab = new_lab("observed")
    (lab.folder / "console").write_text(example(lab, reads, observed=True))
    return lab


def results(lab: SlurmLab) -> dict[str, bytes]:
    root = lab.folder / "results"
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_outputs_are_byte_for_byte_those_of_the_bare_run(
    bare: SlurmLab, observed: SlurmLab
) -> None:
    assert results(bare) != {}
    assert results(observed) == results(bare)


def console_lines(lab: SlurmLab) -> list[str]:
    """Return a run's console text without what depends on the order of jobs.

    Two threads submit at once, so lines change places; jobs whose ends one poll sees together are
    followed by one selection, otherwise by several, which print nothing but their headings.
    """
    lines = without_moments((lab.folder / "console").read_text()).splitlines()
    headings = ("", "[time]", "Select jobs to execute...")
    shown = [line for line in lines if line not in headings and not line.startswith("Execute ")]
    return sorted(line.partition("SLURM jobid")[0].partition("SLURM run ID")[0] for line in shown)


def test_the_console_is_the_same_except_for_one_line(bare: SlurmLab, observed: SlurmLab) -> None:
    here, there = str(observed.folder), str(bare.folder)
    assert console_lines(observed) == sorted(
        line.replace(there, here) for line in console_lines(bare)
    )


def test_every_job_has_all_its_phases_and_the_scheduler_agrees(observed: SlurmLab) -> None:
    run = observed.run()
    found = submissions(run)
    assert len(found) == SUBMISSIONS + 1  # and verify
    for attempt in found:
        assert set(ON_THE_NODE) | waits(attempt) <= set(phases_s(attempt))
        assert attempt.unobserved == ()
        assert (attempt.node or "").startswith("n")
        assert agrees_with_accounting(attempt)
    accounts = account(run)
    assert sum(accounts.makespan_by_class.values()) == accounts.makespan
    assert accounts.unattributed < accounts.makespan / 100


def test_the_bare_run_left_no_journal(bare: SlurmLab) -> None:
    assert not (bare.folder / ".snakemake" / "observe").exists()
