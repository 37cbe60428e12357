"""What ``--timed-wake on`` gives back and costs: the same workflow with and without, in turns.

On a stand-in cluster of this machine (cluster-generic), or with --slurm on the Slurm that
``sbatch`` leads to; the plugin's own interval between status checks is kept. What ``whatif --wake``
predicts from each run without it is compared with the run with it: at most 15 % off.
"""

import argparse
import statistics
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from measuring import program, run, say, spread, table, verdict

from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.whatif.scenario import Scenario
from snakemake_logger_plugin_observe.analysis.whatif.whatif import what_if
from snakemake_logger_plugin_observe.journal.folders import journals_in
from snakemake_logger_plugin_observe.journal.reading import read_journal
from snakemake_logger_plugin_observe.run.fold import fold
from snakemake_logger_plugin_observe.run.model import Run

WORKFLOWS = {
    "chain": """
        rule all:
            input: "10.txt"

        rule step:
            output: "{i}.txt"
            input: lambda w: [] if w.i == "1" else f"{int(w.i) - 1}.txt"
            params: seconds=lambda w: 1 + int(w.i) % 3
            shell: "sleep {params.seconds}; touch {output}"
    """,
    "independent": """
        rule all:
            input: expand("{i}.txt", i=range(40))

        rule work:
            output: "{i}.txt"
            params: seconds=lambda w: 1 + int(w.i) * 37 % 60
            shell: "sleep {params.seconds}; touch {output}"
    """,
}
SUBMIT = '#!/bin/sh\nsetsid sh "$1" > "$1.out" 2>&1 < /dev/null &\necho $!\n'
BOUND_S = {"slurm": 3.0, "cluster-generic": 1.5}


class Measured(NamedTuple):
    """One run."""

    makespan_s: float
    checks: int
    """Status checks, without the first one, which comes before any job."""
    noticed_s: tuple[float, ...]
    """From each tool's end to the check that noticed the end."""
    predicted_s: float
    """What it would take with ``--timed-wake on``."""


def measured(folder: Path, executor: str, jobs: int, wake: str) -> Measured:
    """Run the workflow in a fresh folder, and return what its journal says."""
    work = Path(tempfile.mkdtemp(dir=folder))
    (work / "Snakefile").write_text((folder / "Snakefile").read_text())
    submit = work / "submit.sh"
    submit.write_text(SUBMIT)
    submit.chmod(0o755)
    if executor == "slurm":
        own = ["--default-resources", "slurm_account=test", "runtime=10", "mem_mb=200"]
    else:
        own = ["--cluster-generic-submit-cmd", str(submit)]
    observed = ["--logger", "observe", "--executor", "timed", "--timed-wraps", executor]
    command = [program("snakemake"), "--jobs", str(jobs), *observed, "--timed-wake", wake, *own]
    run(command, work)
    (journal,) = journals_in(work)
    recorded = fold(read_journal(journal))
    counts = recorded.status_checks
    checks = counts.own + counts.early - 1 if counts is not None else 0
    (woken,) = what_if(recorded, [Scenario(wake=True)], partition(recorded)).predictions
    times = tuple(noticed(recorded))
    return Measured(recorded.makespan / 1e6, checks, times, woken.predicted / 1e6)


def noticed(recorded: Run) -> Iterator[float]:
    """Yield how long after its tool's end each submission's end was noticed."""
    for attempt in recorded.attempts.values():
        ends = [one.tool_ended for one in attempt.executions if one.tool_ended is not None]
        if ends and attempt.external_jobid and attempt.stamps.reported is not None:
            yield (attempt.stamps.reported - max(ends)) / 1e6


def compare(name: str, executor: str, jobs: int, pairs: int) -> tuple[float, float]:
    """Print what a workflow took with and without it.

    Returns the median time to notice an end, and by how many percent predictions were off.
    """
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as made:
        folder = Path(made)
        (folder / "Snakefile").write_text(textwrap.dedent(WORKFLOWS[name]))
        found = [
            (measured(folder, executor, jobs, "off"), measured(folder, executor, jobs, "on"))
            for _ in range(pairs)
        ]
    rows = []
    for label, number in (("off", 0), ("on", 1)):
        each = [pair[number] for pair in found]
        times = [one for run in each for one in run.noticed_s]
        rows.append(
            (
                f"--timed-wake {label}",
                spread(one.makespan_s for one in each).show(".1f", " s"),
                spread(one.checks for one in each).show(".0f"),
                f"{statistics.median(times):.1f} s",
                f"{max(times):.1f} s",
            )
        )
    columns = ("", "makespan", "status checks", "an end noticed after, median", "worst")
    table(f"{name}, {executor}, --jobs {jobs}, {pairs} pairs", columns, rows)
    ratio = spread(off.makespan_s / on.makespan_s for off, on in found)
    say(f"{name}: {ratio.show('.2f')} times as fast with it")
    off = [100 * (without.predicted_s / on.makespan_s - 1) for without, on in found]
    say(f"{name}: predicted from the run without it: {spread(off).show('+.1f', ' %')} off\n")
    times = [one for _, on in found for one in on.noticed_s]
    return statistics.median(times), statistics.median(map(abs, off))


def main() -> None:
    """Measure each workflow, and compare the time to notice an end with its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slurm", action="store_true", help="on Slurm, with its default interval")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument("--only", choices=WORKFLOWS, help="measure this workflow only")
    args = parser.parse_args()
    executor = "slurm" if args.slurm else "cluster-generic"
    names = [args.only] if args.only else list(WORKFLOWS)
    medians = [compare(name, executor, 10, args.pairs) for name in names]
    times, off = (max(each) for each in zip(*medians, strict=True))
    bounds = [(times, BOUND_S[executor], "s"), (off, 15.0, "% off")]
    verdict("an end is noticed after (median), and the prediction", bounds)


if __name__ == "__main__":
    main()
