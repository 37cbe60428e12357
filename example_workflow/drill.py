#!/usr/bin/env python3
"""Drill an incident: run it on purpose, triage it, and show the note.

For each incident a folder of its own: first a clean run, as the baseline (unless there is one
already), then the run with the incident's switches, then what ``snakemake-observe triage`` makes of
it. With ``--repair`` also what the note's next action asks for, and how that run compares with the
baseline.
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
    """An incident: how it is made, what it should be called, and how it is repaired."""

    incident_class: str
    makes: tuple[str, ...]
    repairs: tuple[str, ...] = ()
    profile: str = "local"
    wait_s: float = 0
    """How long what is late takes to come."""
    same_as: str = "baseline"
    """With which run the repaired one has its work in common: the baseline, or the incident."""


DRILLS = {
    "tiny": Drill(
        "tiny_jobs",
        ("--config", "incident_tiny_jobs=500"),
        repairs=("--config", "incident_tiny_jobs=500", "tiny_in_one_job=true"),
        same_as="incident",
    ),
    "widened": Drill("discovery_widened", ("--config", "incident_widened_discovery=true")),
    "flaky": Drill(
        "masked_failure", ("--retries", "1", "--config", "incident_fail_first_attempt=true")
    ),
    "masked": Drill("masked_failure", ("--retries", "2", "--config", "incident_always_fails=true")),
    "slow": Drill("slow_tool", ("--config", "incident_slow_tool_s=3")),
    "drifted": Drill("environment_drift", ("--config", "incident_drifted_helper=true")),
    "strict": Drill("stricter_context", (), profile="strict"),
    "late": Drill(
        "late_outputs",
        ("--latency-wait", "1", "--config", "incident_late_outputs_s=4"),
        repairs=("--latency-wait", "20", "--config", "incident_late_outputs_s=4"),
        wait_s=5,
    ),
}


def run(folder: Path, profile: str, *words: str) -> int:
    """Run the example workflow in *folder*, everything anew, and return its exit code."""
    command = [
        *(str(BIN / "snakemake"), "all", "--forceall", "--quiet", "all"),
        *("-s", str(HERE / "Snakefile"), "--directory", str(folder)),
        *("--profile", str(HERE / "profiles" / profile)),
        *("--logger-observe-outputs", "checksums"),
        *words,
    ]
    return subprocess.run(command, check=False).returncode


def observe(*words: str) -> int:
    """Ask the reader, and return its exit code."""
    return subprocess.run([str(BIN / "snakemake-observe"), *words], check=False).returncode


def newest(folder: Path) -> Path:
    """Return the journal of the newest run in *folder*."""
    return max((folder / ".snakemake" / "observe").glob("*.jsonl"))


def prepare(folder: Path) -> Path:
    """Return the journal of the baseline in *folder*, which is run if it is not there yet."""
    kept = folder / "baseline"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        if run(folder, "local"):
            sys.exit(f"drill: the clean run in {folder} failed")
        kept.write_text(f"{newest(folder).relative_to(folder)}\n")
    return folder / kept.read_text().strip()


def drill(name: str, out: Path, *, repair: bool) -> int:
    """Drill one incident; return the first exit code that is not 0 of what should succeed."""
    what, folder = DRILLS[name], out / name
    baseline = prepare(folder)
    print(f"drill {name}: {' '.join((what.profile, *what.makes))}", flush=True)
    run(folder, what.profile, *what.makes)
    time.sleep(what.wait_s)
    incident = newest(folder)
    note = folder / f"note-{incident.stem}.md"
    failed = observe(
        *("triage", str(incident), "--baseline", str(baseline), "--note", str(note)),
        *("--save", str(folder / f"evidence-{incident.stem}")),
    )
    if repair and not failed:
        print(f"drill {name}: what the note asks for, carried out", flush=True)
        before = {"baseline": baseline, "incident": incident}[what.same_as]
        failed = run(folder, "local", *what.repairs) or observe(
            "compare", str(before), str(newest(folder))
        )
    return failed


def main() -> int:
    """Drill the incidents that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("incident", nargs="*", metavar="INCIDENT", help=", ".join(DRILLS))
    parser.add_argument(
        "--out", type=Path, default=Path("build/drill"), help="default: build/drill"
    )
    parser.add_argument("--repair", action="store_true", help="carry the next action out, too")
    words = parser.parse_args()
    if unknown := [name for name in words.incident if name not in DRILLS]:
        parser.error(f"no such incident: {', '.join(unknown)}; there are {', '.join(DRILLS)}")
    return max(
        drill(name, words.out, repair=words.repair) for name in words.incident or list(DRILLS)
    )


if __name__ == "__main__":
    sys.exit(main())
