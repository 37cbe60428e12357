#!/usr/bin/env python3
"""Drill an incident: run it on purpose, triage it, and show the note.

Each incident has its own folder: first a clean run as the baseline (unless there is one already),
then the run with the incident's switches, then its triage by ``snakemake-observe``. With ``--fix``,
the note's next action is carried out as well, and that run is compared with the baseline.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Drill:
    """An incident: the class it should be recognised as, how to cause it, and how to fix it."""

    incident_class: str
    causes: tuple[str, ...]
    fixes: tuple[str, ...] = ()
    profile: str = "local"
    wait_s: float = 0
    """How long to wait for late outputs."""
    same_as: str = "baseline"
    """Which run does the same work as the fixed one: the baseline, or the incident."""


DRILLS = {
    "tiny": Drill(
        "tiny_jobs",
        ("--config", "incident_tiny_jobs=500"),
        fixes=("--config", "incident_tiny_jobs=500", "tiny_in_one_job=true"),
        same_as="incident",
    ),
    "widened": Drill("discovery_widened", ("--config", "incident_widened_discovery=true")),
    "flaky": Drill(
        "masked_failure", ("--retries", "1", "--config", "incident_fail_first_attempt=true")
    ),
    "masked": Drill(
        "retries_did_not_help", ("--retries", "2", "--config", "incident_always_fails=true")
    ),
    "slow": Drill("slow_tool", ("--config", "incident_slow_tool_s=3")),
    "drifted": Drill("environment_drift", ("--config", "incident_drifted_helper=true")),
    "strict": Drill("stricter_context", (), profile="strict"),
    "late": Drill(
        "late_outputs",
        ("--latency-wait", "1", "--config", "incident_late_outputs_s=4"),
        fixes=("--latency-wait", "20", "--config", "incident_late_outputs_s=4"),
        wait_s=5,
    ),
}


def run(folder: Path, profile: str, *args: str) -> int:
    """Run all jobs of the example workflow in *folder*, and return Snakemake's exit code."""
    command = [
        *(str(BIN / "snakemake"), "all", "--forceall", "--quiet", "all"),
        *("-s", str(HERE / "Snakefile"), "--directory", str(folder)),
        *("--profile", str(HERE / "profiles" / profile)),
        *("--logger-observe-outputs", "checksums"),
        *args,
    ]
    return subprocess.run(command, check=False).returncode


def observe(*args: str) -> int:
    """Run the reader, and return its exit code."""
    return subprocess.run([str(BIN / "snakemake-observe"), *args], check=False).returncode


def newest(folder: Path) -> Path:
    """Return the journal of the newest run in *folder*."""
    return max((folder / ".snakemake" / "observe").glob("*.jsonl"))


def prepare(folder: Path) -> Path:
    """Return the journal of the baseline in *folder*; run it first if there is none."""
    kept = folder / "baseline"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        if run(folder, "local"):
            sys.exit(f"drill: the clean run in {folder} failed")
        kept.write_text(f"{newest(folder).relative_to(folder)}\n")
    return folder / kept.read_text().strip()


def drill(name: str, out: Path, *, fix: bool) -> int:
    """Drill one incident; return the first nonzero exit code of what must succeed."""
    what, folder = DRILLS[name], out / name
    baseline = prepare(folder)
    print(f"drill {name}: {' '.join((what.profile, *what.causes))}", flush=True)
    run(folder, what.profile, *what.causes)
    time.sleep(what.wait_s)
    incident = newest(folder)
    note = folder / f"note-{incident.stem}.md"
    failed = observe(
        *("triage", str(incident), "--baseline", str(baseline), "--note", str(note)),
        *("--save", str(folder / f"evidence-{incident.stem}")),
    )
    if fix and not failed:
        print(f"drill {name}: carrying out the note's next action", flush=True)
        before = {"baseline": baseline, "incident": incident}[what.same_as]
        failed = run(folder, "local", *what.fixes) or observe(
            "compare", str(before), str(newest(folder))
        )
    return failed


def main() -> int:
    """Drill the named incidents, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("incident", nargs="*", metavar="INCIDENT", help=", ".join(DRILLS))
    parser.add_argument(
        "--out", type=Path, default=Path("build/drill"), help="default: build/drill"
    )
    parser.add_argument("--fix", action="store_true", help="also carry out the next action")
    args = parser.parse_args()
    if unknown := [name for name in args.incident if name not in DRILLS]:
        parser.error(f"no such incident: {', '.join(unknown)}; there are {', '.join(DRILLS)}")
    return max(drill(name, args.out, fix=args.fix) for name in args.incident or list(DRILLS))


if __name__ == "__main__":
    sys.exit(main())
