"""How far off the remaining time of ``watch`` is at half time, over simulated and recorded runs.

Simulated: random DAGs of 60 jobs on this machine and on a cluster, with failures and groups, and
layered workflows of chains and joins; each cut at half of its makespan, with what a journal has by
then. Once with an earlier run of the same jobs, whose lengths differ by up to 15 %, and once alone.
Recorded: the journals that are named, each with the runs of its folder before it. Runs for
which no estimate is given, since a rule has no basis, are not counted.

The bound, for 20 runs with an earlier one: a median error of 20 % at most.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import Final, NamedTuple

from measuring import table, verdict

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))

from half_way import an_earlier_run, cut
from schedules import Lengths, Task, World, live, world_of

from snakemake_logger_plugin_observe.analysis.remaining.estimate import remaining
from snakemake_logger_plugin_observe.analysis.remaining.so_far import SoFar
from snakemake_logger_plugin_observe.commands.support import folder_runs
from snakemake_logger_plugin_observe.journal.excerpts import read_ends
from snakemake_logger_plugin_observe.journal.tail import Tail

_RUNS: Final = 20
_BOUND: Final = 20.0
_S: Final = 1_000_000
_LAYERS: Final = (("trim", 5), ("align", 40), ("sort", 10), ("call", 25))


class Error(NamedTuple):
    """How far off an estimate was, in percent of what came."""

    percent: float
    within: bool
    """Whether what came was within its range."""


def main() -> None:
    """Print a row for each kind of run, and the verdict."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("journals", nargs="*", type=Path, help="recorded runs that succeeded")
    given = parser.parse_args()
    kinds = {
        "random DAGs": [world_of(seed, 60, remote=seed % 2 == 0) for seed in range(_RUNS)],
        "with failures": [
            world_of(seed, 60, remote=seed % 2 == 0, failures=1) for seed in range(_RUNS)
        ],
        "with groups": [world_of(seed, 60, remote=True, grouped=True) for seed in range(_RUNS)],
        "layers": [layered(seed) for seed in range(_RUNS)],
    }
    rows, with_earlier = [], []
    for name, worlds in kinds.items():
        for alone in (False, True):
            errors = list(
                filter(None, (_simulated(world, n, alone) for n, world in enumerate(worlds)))
            )
            rows.append(_row(name, alone, errors))
            with_earlier += [] if alone else errors
    for alone in (False, True):
        errors = list(filter(None, (_recorded(one, alone) for one in given.journals)))
        if errors:
            rows.append(_row("recorded", alone, errors))
            with_earlier += [] if alone else errors
    columns = ("runs", "earlier run", "count", "median error %", "bias %", "in range %")
    table("Remaining time at half time", columns, rows)
    off = median(abs(one.percent) for one in with_earlier)
    verdict("the median error with an earlier run", [(off, _BOUND, "%")])


def layered(seed: int) -> World:
    """Return a workflow of four rules for each of 30 samples, and a report."""
    dice = Random(seed)  # noqa: S311 - dice, not keys
    samples = 30
    tasks = {}
    for layer, (rule, seconds) in enumerate(_LAYERS):
        for sample in range(samples):
            job_id = layer * samples + sample + 1
            needs = (job_id - samples,) if layer else ()
            tasks[job_id] = Task(job_id, rule, needs, (_lengths(dice, seconds),))
    report = len(_LAYERS) * samples + 1
    last = tuple(range(report - samples, report))
    tasks[report] = Task(report, "report", last, (_lengths(dice, 10),))
    return World(tasks, jobs=dice.randint(4, 12), poll=10 * _S)


def _lengths(dice: Random, seconds: float) -> Lengths:
    found = dict.fromkeys(("member_wait", "dispatch", "stage_in", "stage_out"), 1000)
    found |= {"latency_wait": 10_000, "postprocess": 1000, "submit": 20_000, "node_exit": 50_000}
    found |= {"queue_wait": round(dice.uniform(0.1, 3) * _S), "node_startup": round(1.2 * _S)}
    found |= {"node_plan": round(0.3 * _S), "compute": round(seconds * dice.uniform(0.5, 1.5) * _S)}
    return found


def _simulated(world: World, seed: int, alone: bool) -> Error | None:
    lived = live(world)
    half = (lived.start + lived.end) // 2
    earlier = [] if alone else [an_earlier_run(world, seed)]
    return _error(cut(lived, half), earlier, half, lived.end)


def _recorded(path: Path, alone: bool) -> Error | None:
    ends = read_ends(path)
    if ends is None or ends[1] is None:
        return None
    started, finished = ends
    half = (folder_runs.start_of(started) + finished.time) // 2
    earlier = [] if alone else list(_before(path))[:3]
    if not alone and not earlier:
        return None
    return _error(_until(path, half), earlier, half, finished.time)


def _before(path: Path) -> Iterator[SoFar]:
    ends = read_ends(path)
    if ends is not None:
        for one in folder_runs.before(path, ends[0]):
            same = folder_runs.same_targets(one.started, ends[0])
            if one.status == "success" and same and one.ran_jobs:
                yield _until(one.path, 1 << 62)


def _until(path: Path, moment: int) -> SoFar:
    found = SoFar()
    for event in Tail(path):
        if event.time <= moment:
            found.take(event)
    return found


def _error(so_far: SoFar, earlier: Sequence[SoFar], half: int, end: int) -> Error | None:
    known = remaining(so_far, earlier, half)
    if known.middle is None:
        return None
    expected, came = known.middle, end - half
    within = known.low is not None and known.high is not None and known.low <= came <= known.high
    return Error(100 * (expected - came) / came, within)


def _row(name: str, alone: bool, errors: Sequence[Error]) -> tuple[str, ...]:
    if not errors:
        return (name, "no" if alone else "yes", "0", "", "", "")
    percents = [one.percent for one in errors]
    return (
        name,
        "no" if alone else "yes",
        str(len(errors)),
        f"{median(map(abs, percents)):.1f}",
        f"{median(percents):+.1f}",
        f"{100 * sum(one.within for one in errors) / len(errors):.0f}",
    )


if __name__ == "__main__":
    main()
