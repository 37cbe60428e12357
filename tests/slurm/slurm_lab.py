"""A lab whose Snakemake submits its jobs to the test cluster."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab import BOTH, PATIENCE_S, Lab

from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run

ON_SLURM = (
    *("--timed-wraps", "slurm", "--jobs", "20", "--latency-wait", "10"),
    *("--slurm-init-seconds-before-status-checks", "1"),
    *("--default-resources", "slurm_account=test", "runtime=5", "mem_mb=200"),
)
ON_THE_NODE = ("node_startup", "node_plan", "stage_in", "compute", "stage_out", "node_exit")
ONE_JOB = """
    rule all:
        output: "out.txt"
        shell: "echo $SLURM_JOB_ID $SLURMD_NODENAME > began.$SLURM_JOB_ID.${{SLURM_RESTART_COUNT:-0}}; sleep 12; touch {output}"
"""


class SlurmLab(Lab):
    """One folder, with Snakemake runs in it whose jobs go to Slurm."""

    def slurm(
        self, *arguments: str, check: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake with both plugins."""
        return self.snakemake(*BOTH, *ON_SLURM, *arguments, check=check, **environment)

    def begin(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a run, for a test that changes the cluster during it."""
        with open(self.folder / "console.txt", "w") as console:
            return subprocess.Popen(
                self.command(*BOTH, *ON_SLURM, *arguments),
                cwd=self.folder,
                env=self.environment(**environment),
                stdout=console,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def triaged(self) -> dict[str, Any]:
        """Return the triage of the newest run."""
        return dict(json.loads(self.observe("triage", "--format", "json").stdout))

    def incidents(self) -> dict[str, dict[str, Any]]:
        """Return the findings of the newest run by class, the first one first."""
        found: dict[str, dict[str, Any]] = {}
        for one in self.triaged()["findings"]:
            found.setdefault(one["incident_class"], one)
        return found

    @property
    def console(self) -> str:
        return (self.folder / "console.txt").read_text()

    def text(self, name: str) -> str:
        """Return what a job wrote into the file *name*, once it has."""
        path = self.folder / name
        wait_for(lambda: path.exists() and bool(path.read_text()))
        return path.read_text().strip()

    def bare(self, folder: Path) -> "SlurmLab":
        """Return a lab in *folder* with the same Snakefile, for a run without the plugins."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "Snakefile").write_text((self.folder / "Snakefile").read_text())
        return SlurmLab(folder)


def wait_for(condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    until = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)


def submissions(run: Run) -> list[Attempt]:
    """Return the attempts that went to the cluster: of jobs, and of groups as a whole."""
    return [a for a in run.attempts.values() if a.external_jobid and not a.is_member]


def agrees_with_accounting(attempt: Attempt) -> bool:
    """Whether the node's stamps are between the scheduler's start and end of the job.

    Its moments are rounded down to whole seconds: each stands for a moment in the second after it. A
    busy machine takes some seconds from the start of a job to the first stamp in its script, and
    from the last one to its end: the interpreter has to go, and Slurm cleans up.
    """
    record = attempt.accounting
    outermost = next(level for level in attempt.levels if not level.in_main)
    if record is None or record.started is None or record.ended is None:
        return False
    first = attempt.node_starts[0] if attempt.node_starts else outermost.started
    return (
        outermost.ended is not None
        and first is not None
        and record.started <= first <= outermost.ended
        and outermost.ended <= record.ended + 1e6
    )


def began(lab: SlurmLab, restarts: int = 0) -> tuple[str, str]:
    """Return the id and the node of the job that has begun."""
    wait_for(lambda: any(lab.folder.glob(f"began.*.{restarts}")))
    (path,) = lab.folder.glob(f"began.*.{restarts}")
    job, node = lab.text(path.name).split()
    return job, node


def state(attempt: Attempt) -> str | None:
    """Return the scheduler's last state of *attempt*."""
    return attempt.accounting.state if attempt.accounting is not None else None
