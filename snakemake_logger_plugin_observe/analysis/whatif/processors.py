"""The cores of the machine that runs a run's jobs itself: tools that are too many share them.

What each tool keeps busy is known from its CPU time. A job that is ``run:`` or has ``shadow:``
starts a whole Snakemake besides, which is work for a core. While they would keep more cores busy
than the machine has, each is as much slower.
"""

from collections.abc import Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.whatif.engine import Simulation, simulate
from snakemake_logger_plugin_observe.analysis.whatif.model import (
    Column,
    Columns,
    Model,
    Moments,
    totals,
)
from snakemake_logger_plugin_observe.clock import Micros

_ROUNDS: Final = 8
_SETTLED: Final = 0.005
"""What a round changes by less of the run's length is settled."""
_NO_TIME: Final = 1e-6
NESTED: Final = ("node_startup", "node_plan", "node_exit")
"""The work of a Snakemake that starts for a job on this machine."""


def simulate_here(model: Model) -> tuple[Simulation, Model]:
    """Simulate *model*; also return it with its jobs as slow as the machine's cores make them."""
    found, slowed = simulate(model), model
    busy = busy_cores(model)
    if model.cores is None or not any(busy):
        return found, slowed
    if _always_fit(model, max(busy), model.cores):
        return found, slowed
    lengths = own = used_machine(model)
    slower = [1.0] * model.count
    for number in range(_ROUNDS):
        shares = _shares(busy, lengths, found.moments.ended, model.cores)
        if min(shares) == 1 and lengths == own:
            break
        # Once they overlap about right, half a step at a time: what is longer overlaps with more.
        step = 0.5 if number else 1
        slower = [
            before + step * (1 / share - before)
            for before, share in zip(slower, shares, strict=True)
        ]
        slowed = model.changed(background=_stretched(model, slower))
        lengths = used_machine(slowed)
        before, found = found.end, simulate(slowed)
        if abs(found.end - before) <= _SETTLED * (found.end - model.start):
            break
    return found, slowed


def fit_to_the_run(model: Model, cpus: float) -> None:
    """Set the cores of a machine with *cpus*, so that the measured run fits into them.

    A run whose tools used more had more. How busy a Snakemake keeps a core that starts for a job is
    not recorded: all of one, or as much as was left for each.
    """
    model.nested_busy = 0.0
    tools = _most_busy(model)
    model.cores = max(cpus, tools)
    model.nested_busy = 1.0
    if (together := _most_busy(model)) > model.cores:
        model.nested_busy = (model.cores - tools) / (together - tools)


def busy_cores(model: Model) -> list[float]:
    """Return how many cores each job keeps busy on average: 0 if that is not known."""
    nested = used_machine(model, NESTED)
    return [
        (used + model.nested_busy * around) / length if length else 0.0
        for used, around, length in zip(model.cpu, nested, used_machine(model), strict=True)
    ]


def used_machine(model: Model, phases: tuple[str, ...] = (*NESTED, "compute")) -> Column:
    """Return for how long each job used the machine."""
    return totals({p: model.background[p] for p in phases if p in model.background}, model.count)


def most_at_once(model: Model, moments: Moments) -> int:
    """Return how many jobs used the machine at once at most."""
    at_once = most = 0
    for _, begins, _ in _changes(used_machine(model), moments.ended):
        at_once += 1 if begins else -1
        most = max(most, at_once)
    return most


def _most_busy(model: Model) -> float:
    """Return the most cores that the jobs of the measured run kept busy together."""
    load = most = 0.0
    busy = busy_cores(model)
    for _, begins, i in _changes(used_machine(model), model.measured.ended):
        load += busy[i] if begins else -busy[i]
        most = max(most, load)
    return most


def _stretched(model: Model, slower: Sequence[float]) -> Columns:
    """Return what happens in the background, with each job so many times as slow."""
    return {
        phase: [round(length * times) for length, times in zip(column, slower, strict=True)]
        if phase in (*NESTED, "compute")
        else column
        for phase, column in model.background.items()
    }


def _always_fit(model: Model, busiest: float, cores: float) -> bool:
    """Whether a limit lets so few run at once that they have enough cores in any case."""
    return any(
        limit // least * busiest <= cores
        for name, limit in model.limits.items()
        if (least := min(model.requests[name], default=0))
    )


def _shares(busy: Sequence[float], lengths: Column, ended: Column, cores: float) -> list[float]:
    """Return which share of the time each tool gets on, next to those that run meanwhile."""
    shares = [1.0] * len(busy)
    since = [0.0] * len(busy)
    load = lost = 0.0
    at: Micros = 0
    for moment, begins, i in _changes(lengths, ended):
        if load > cores + _NO_TIME:
            lost += (moment - at) * (1 - cores / load)
        at = moment
        if begins:
            load, since[i] = load + busy[i], lost
        else:
            load -= busy[i]
            if busy[i]:
                shares[i] = 1 - (lost - since[i]) / lengths[i]
    return shares


def _changes(lengths: Column, ended: Column) -> list[tuple[Micros, bool, int]]:
    """Return when tools begin and end, in order."""
    tools = [i for i, length in enumerate(lengths) if length > 0]
    found = [(ended[i] - lengths[i], True, i) for i in tools]
    found += [(ended[i], False, i) for i in tools]
    return sorted(found)
