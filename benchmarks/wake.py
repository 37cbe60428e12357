"""What ``--timed-wake on`` gives back and costs: the same workflow with and without, in turns.

Each is run without it, with it, and with both it and ``--timed-quick-exit on``; all that the runs
leave and print must be equal. On a stand-in cluster of this machine (cluster-generic), or with
--slurm on the Slurm that ``sbatch`` leads to, where jobs that fail, are killed or cancelled are
compared, too (``wake_truth.py``). An end is noticed so long after the tool's end, or after the last
process on the node has gone. The plugin's own interval between status checks is kept. What
``whatif --wake`` predicts from each run without it is compared with the run with it: at most 15 %
off.
"""

import argparse
import statistics
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from measuring import NotMeasured, say, spread, table, verdict
from wake_runs import BOTH, WAKE, WITHOUT, Finished, Workflow, finished, noticed_columns
from wake_truth import compare_cases, differences

from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.whatif.scenario import Scenario
from snakemake_logger_plugin_observe.analysis.whatif.whatif import what_if

_CHAIN: Final = """
    rule all:
        input: "10.txt"

    rule step:
        output: "{i}.txt"
        input: lambda w: [] if w.i == "1" else f"{int(w.i) - 1}.txt"
        params: seconds=lambda w: 1 + int(w.i) % 3
        shell: "sleep {params.seconds}; touch {output}"
"""
_INDEPENDENT: Final = """
    rule all:
        input: expand("{i}.txt", i=range(40))

    rule work:
        output: "{i}.txt"
        params: seconds=lambda w: 1 + int(w.i) * 37 % 60
        shell: "sleep {params.seconds}; touch {output}"
"""
WORKFLOWS: Final = {
    "chain": Workflow("chain", textwrap.dedent(_CHAIN), ("--jobs", "10")),
    "independent": Workflow("independent", textwrap.dedent(_INDEPENDENT), ("--jobs", "10")),
    "example": Workflow("example", None),
}
VARIANTS: Final = (WITHOUT, WAKE, BOTH)
NOTICED_S: Final = {"slurm": 3.0, "cluster-generic": 1.5}
# On Slurm: the chain at least 3 times as fast, the example at least 2.5 times.
SHARE_PERCENT: Final = {"chain": 100 / 3, "example": 100 / 2.5}

Round = tuple[Finished, ...]
"""One run of each variant."""


class Found(NamedTuple):
    """What a workflow's runs show."""

    noticed_s: float
    """From a tool's end to the check that noticed it, with ``--timed-wake on``: the median."""
    share_percent: float
    """What the run with it takes of the time of the run without."""
    off_percent: float
    """How far the prediction is off."""
    differing: int
    """In how many runs something else differs."""


def compare(workflow: Workflow, executor: str, rounds: int) -> Found:
    """Run a workflow in all variants, and print what each took."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as made:
        found: list[Round] = []
        differing = 0
        for _ in range(rounds):
            runs = tuple(finished(workflow, executor, one, Path(made)) for one in VARIANTS)
            found.append(runs)
            for variant, run in zip(VARIANTS[1:], runs[1:], strict=True):
                different = differences(runs[0], run)
                differing += bool(different)
                for one in different:
                    say(f"{workflow.name}, {variant.name}: {one}")
    _show(f"{workflow.name}, {executor}, {rounds} of each", found)
    for number, variant in enumerate(VARIANTS[1:], 1):
        ratio = spread(runs[0].makespan_s / runs[number].makespan_s for runs in found)
        say(f"{workflow.name}: {ratio.show('.2f')} times as fast with {variant.name}")
    wrong = [_prediction_off(without, on) for without, on, _ in found]
    shown = spread(wrong).show("+.1f", " %")
    say(f"{workflow.name}: --timed-wake on, predicted from the run without it: {shown} off\n")
    return Found(
        statistics.median(one.after_tool_s for runs in found for one in runs[1].noticed()),
        statistics.median(100 * runs[1].makespan_s / runs[0].makespan_s for runs in found),
        statistics.median(map(abs, wrong)),
        differing,
    )


def _show(title: str, found: Sequence[Round]) -> None:
    rows = []
    for number, variant in enumerate(VARIANTS):
        runs = [each[number] for each in found]
        rows.append(
            (
                variant.name,
                spread(run.makespan_s for run in runs).show(".1f", " s"),
                spread(run.checks for run in runs).show(".0f"),
                *noticed_columns([one for run in runs for one in run.noticed()]),
                spread(run.load for run in runs).show(".1f"),
            )
        )
    columns = ("", "makespan", "status checks", "noticed: median", "worst", "node gone", "load")
    table(title, columns, rows)


def _prediction_off(without: Finished, on: Finished) -> float:
    """Return by how many percent the prediction from *without* misses the run *on*."""
    recorded = without.recorded
    (woken,) = what_if(recorded, [Scenario(wake=True)], partition(recorded)).predictions
    return 100 * (woken.predicted / 1e6 / on.makespan_s - 1)


def main() -> None:
    """Measure each workflow, compare the cases, and say which bounds are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slurm", action="store_true", help="on Slurm, with its default interval")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument(
        "--only",
        choices=[*WORKFLOWS, "truth"],
        help="measure this workflow only, or compare the cases on Slurm only",
    )
    args = parser.parse_args()
    if args.only == "truth" and not args.slurm:
        raise NotMeasured("not measured: the cases are about Slurm: add --slurm")
    executor = "slurm" if args.slurm else "cluster-generic"
    bounds: list[tuple[float, float, str]] = []
    differing = 0
    for name, workflow in WORKFLOWS.items():
        if args.only in (name, None):
            one = compare(workflow, executor, args.pairs)
            differing += one.differing
            bounds.append((one.noticed_s, NOTICED_S[executor], f"s to notice an end of {name}"))
            bounds.append((one.off_percent, 15.0, "% off"))
            if args.slurm and name in SHARE_PERCENT:
                bounds.append((one.share_percent, SHARE_PERCENT[name], "% of the time"))
    if args.slurm and args.only in ("truth", None):
        differing += compare_cases(executor)
    verdict("--timed-wake on", [*bounds, (differing, 0, "runs that differ otherwise")])


if __name__ == "__main__":
    main()
