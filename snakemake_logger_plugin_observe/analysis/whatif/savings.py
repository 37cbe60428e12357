"""By how much the makespan would shrink if something took no time, found by simulation.

Time off the actual path saves nothing by itself: the segments of the path still take as long as
the run. So classes, phases, rules and jobs are simulated in the order of their share of that path,
as many as the size of the run allows. Waiting for a free slot is always included, because the path
shows only the jobs that had the slots.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.partition import (
    MakespanSegment,
)
from snakemake_logger_plugin_observe.analysis.whatif.fidelity import reproduces
from snakemake_logger_plugin_observe.analysis.whatif.model import Model
from snakemake_logger_plugin_observe.analysis.whatif.processors import simulate_here
from snakemake_logger_plugin_observe.analysis.whatif.transforms import (
    waits_as_they_were,
    without_job,
    without_phases,
    without_rule,
)
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.phases import (
    PHASES,
    UNATTRIBUTED,
    cost_class,
)

_SUBMISSIONS: Final = 100_000  # simulated at most, over all simulations
_MIN_SIMULATIONS: Final = 4
_MAX_SIMULATIONS: Final = 400
_LIMITS: Final = "limits"


@dataclass(frozen=True, slots=True)
class Saving:
    """By how much the makespan would shrink if something took no time."""

    kind: str
    """``class``, ``phase``, ``rule`` or ``job``."""
    name: str
    saving: Micros


_Candidate = tuple[Micros, str, str, Callable[[], Model]]


def savings(
    model: Model, segments: Iterable[MakespanSegment], *, simulations: int | None = None
) -> list[Saving]:
    """Return what each cost class, phase, rule and job would save, the largest first.

    Nothing, if the simulation is not like the run.

    Args:
        model: the run.
        segments: its makespan partition.
        simulations: how many to run at most; by default, as many as the run's size allows.

    """
    if simulations is None:
        allowed = _SUBMISSIONS // max(1, model.count)
        simulations = min(_MAX_SIMULATIONS, max(_MIN_SIMULATIONS, allowed))
    model = waits_as_they_were(model)
    usual = simulate_here(model)[0].end
    whole = model.end - model.start  # no more can be saved, even if a tampered run ends too early
    if not reproduces(whole, usual - model.start):
        return []
    found = [
        Saving(kind, name, max(0, min(whole, usual - simulate_here(change())[0].end)))
        for _, kind, name, change in _candidates(model, list(segments))[:simulations]
    ]
    return sorted(found, key=lambda one: -one.saving)


def _candidates(model: Model, segments: list[MakespanSegment]) -> list[_Candidate]:
    """Return what may save something, in the order of its share of the path."""
    shares: dict[tuple[str, str], Micros] = {}
    for one in segments:
        length = one.end - one.start
        names = [("class", one.cost_class), ("phase", one.phase)]
        names += [("rule", one.rule)] if one.rule is not None else []
        names += [("job", str(one.job_id))] if one.job_id is not None else []
        for name in names:
            shares[name] = shares.get(name, 0) + length
    shares.pop(("class", UNATTRIBUTED), None)
    shares.pop(("phase", UNATTRIBUTED), None)
    # The path shows only the rest of the wait, once the slot was free.
    shares[("class", _LIMITS)] = shares[("phase", "slot_wait")] = (model.end - model.start) + 1
    found = [
        (share, kind, name, _without(model, kind, name)) for (kind, name), share in shares.items()
    ]
    # Among equal shares: classes, then phases, rules and jobs.
    rank = ("class", "phase", "rule", "job")
    return sorted(found, key=lambda one: (-one[0], rank.index(one[1]), one[2]))


def _without(model: Model, kind: str, name: str) -> Callable[[], Model]:
    match kind:
        case "class":
            return partial(without_phases, model, [p for p in PHASES if cost_class(p) == name])
        case "phase":
            return partial(without_phases, model, [name])
        case "rule":
            return partial(without_rule, model, name)
        case _:
            return partial(without_job, model, int(name))
