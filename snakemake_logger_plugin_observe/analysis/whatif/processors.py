"""The cores of the machine that runs a run's jobs itself: tools that are too many share them.

What each tool keeps busy is known from its CPU time. While they would keep more cores busy than the
machine has, each is as much slower.
"""

from collections.abc import Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.whatif.engine import Simulation, simulate
from snakemake_logger_plugin_observe.analysis.whatif.model import Column, Model
from snakemake_logger_plugin_observe.clock import Micros

_ROUNDS: Final = 6
_SETTLED: Final = 0.005
"""What a round changes by less of the run's length is settled."""
_NO_TIME: Final = 1e-6


def simulate_here(model: Model) -> tuple[Simulation, Model]:
    """Simulate *model*; also return it with the tools as slow as the machine's cores make them."""
    found, slowed = simulate(model), model
    own = model.background.get("compute", [])
    if model.cores is None or not (any(model.cpu) and any(own)):
        return found, slowed
    busy = _busy(model)
    if _always_fit(model, max(busy), model.cores):
        return found, slowed
    for _ in range(_ROUNDS):
        lengths = slowed.background["compute"]
        shares = _shares(busy, lengths, found.moments.ended, model.cores)
        if min(shares) == 1 and lengths == own:
            break
        longer = [round(length / share) for length, share in zip(own, shares, strict=True)]
        slowed = model.changed(background={**model.background, "compute": longer})
        before, found = found.end, simulate(slowed)
        if abs(found.end - before) <= _SETTLED * (found.end - model.start):
            break
    return found, slowed


def most_busy(model: Model) -> float:
    """Return the most cores that the tools of the measured run kept busy together."""
    load = most = 0.0
    busy = _busy(model)
    for _, begins, i in _changes(model.background.get("compute", []), model.measured.ended):
        load += busy[i] if begins else -busy[i]
        most = max(most, load)
    return most


def _busy(model: Model) -> list[float]:
    """Return how many cores each tool keeps busy: 0 if that is not known."""
    lengths = model.background.get("compute", [0] * model.count)
    return [
        used / length if length else 0.0 for used, length in zip(model.cpu, lengths, strict=True)
    ]


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
