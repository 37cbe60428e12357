"""How far off the remaining time of ``watch`` is at half time, over simulated and recorded runs.

Simulated: random DAGs of 60 jobs on this machine and on a cluster, with failures and groups, and
layered workflows of chains and joins, whose jobs are selected rule by rule or in any order; each
cut at half of its makespan, with what a journal has by then. Once with an earlier run of the same
jobs, whose lengths differ by up to 15 %, and once alone. Recorded: the journals that are named,
each with the runs of its folder before it.

Where most of what is left has no basis, a lower bound is given: of these it is printed how many
were below what came. ``--first`` draws other runs than those that it was developed with.

The bound, for the runs of each kind: a median error of 20 % at most.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
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


class Told(NamedTuple):
    """What was expected at half time, against what came."""

    percent: float | None = None
    """How far off an estimate was, in percent of what came; None if there was none."""
    within: bool | None = None
    """Whether what came was within its range; None if the spread was not known."""
    bound: float | None = None
    """A lower bound, in percent of what came, if that was given instead."""


def main() -> None:
    """Print a row for each kind of run, and the verdict."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("journals", nargs="*", type=Path, help="recorded runs that succeeded")
    parser.add_argument("--first", type=int, default=0, help="the first run's number")
    parser.add_argument("--runs", type=int, default=_RUNS, help="how many runs of each kind")
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.runs)
    rows, verdicts = [], []
    for name, world in _KINDS.items():
        for alone in (False, True):
            told = [_simulated(world(seed), seed, alone) for seed in seeds]
            rows.append(_row(name, alone, told))
            if percents := [abs(one.percent) for one in told if one.percent is not None]:
                verdicts.append((median(percents), _BOUND, "%"))
    recorded = {
        alone: list(filter(None, (_recorded(one, alone) for one in given.journals)))
        for alone in (False, True)
    }
    rows += [_row("recorded", alone, told) for alone, told in recorded.items() if told]
    columns = ("runs", "earlier run", "estimates", "median error %", "bias %")
    table("Remaining time at half time", (*columns, "ranges", "right %", "bounds", "true %"), rows)
    verdict("the largest median error of a kind", [max(verdicts)])


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


def _in_any_order(seed: int) -> World:
    """Return the same with its jobs selected in any order, as Snakemake mostly does."""
    world = layered(seed)
    keys = [(job_id, 1) for job_id in world.tasks]
    Random(seed).shuffle(keys)  # noqa: S311 - dice, not keys
    return replace(world, order=tuple(keys))


_KINDS: Final[dict[str, Callable[[int], World]]] = {
    "random DAGs": lambda seed: world_of(seed, 60, remote=seed % 2 == 0),
    "with failures": lambda seed: world_of(seed, 60, remote=seed % 2 == 0, failures=1),
    "with groups": lambda seed: world_of(seed, 60, remote=True, grouped=True),
    "layers, rule by rule": layered,
    "layers, in any order": _in_any_order,
}


def _lengths(dice: Random, seconds: float) -> Lengths:
    found = dict.fromkeys(("member_wait", "dispatch", "stage_in", "stage_out"), 1000)
    found |= {"latency_wait": 10_000, "postprocess": 1000, "submit": 20_000, "node_exit": 50_000}
    found |= {"queue_wait": round(dice.uniform(0.1, 3) * _S), "node_startup": round(1.2 * _S)}
    found |= {"node_plan": round(0.3 * _S), "compute": round(seconds * dice.uniform(0.5, 1.5) * _S)}
    return found


def _simulated(world: World, seed: int, alone: bool) -> Told:
    lived = live(world)
    half = (lived.start + lived.end) // 2
    earlier = [] if alone else [an_earlier_run(world, seed)]
    return _told(cut(lived, half), earlier, half, lived.end)


def _recorded(path: Path, alone: bool) -> Told | None:
    ends = read_ends(path)
    if ends is None or ends[1] is None:
        return None
    started, finished = ends
    half = (folder_runs.start_of(started) + finished.time) // 2
    earlier = [] if alone else list(_before(path))[:3]
    if not alone and not earlier:
        return None
    return _told(_until(path, half), earlier, half, finished.time)


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


def _told(so_far: SoFar, earlier: Sequence[SoFar], half: int, end: int) -> Told:
    known, came = remaining(so_far, earlier, half), end - half
    if known.middle is None or known.is_bound:
        bound = None if known.at_least is None else 100 * known.at_least / came
        return Told(bound=bound)
    within = None
    if known.low is not None and known.high is not None:
        within = known.low <= came <= known.high
    return Told(100 * (known.middle - came) / came, within)


def _row(name: str, alone: bool, told: Sequence[Told]) -> tuple[str, ...]:
    percents = [one.percent for one in told if one.percent is not None]
    bounds = [one.bound for one in told if one.bound is not None]
    within = [one.within for one in told if one.within is not None]
    figures = ("", "")
    if percents:
        figures = (f"{median(map(abs, percents)):.1f}", f"{median(percents):+.1f}")
    in_range = f"{100 * sum(within) / len(within):.0f}" if within else ""
    below = f"{100 * sum(one <= 100 for one in bounds) / len(bounds):.0f}" if bounds else ""
    alone_or_not = "no" if alone else "yes"
    counts = (str(len(percents)), *figures, str(len(within)), in_range, str(len(bounds)), below)
    return (name, alone_or_not, *counts)


if __name__ == "__main__":
    main()
