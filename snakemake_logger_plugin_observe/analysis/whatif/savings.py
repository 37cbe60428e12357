"""By how much the makespan would shrink if something took no time: found by replay.

What is not on the actual path saves nothing by itself: the path's other segments still take as
long as the run. So jobs and rules are tried by their share of that path, the largest first, and no
more than the size of the run allows for; waiting for a place is always tried, because it hides
behind the jobs that had the places.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.partition import (
    MakespanSegment,
)
from snakemake_logger_plugin_observe.analysis.whatif.engine import simulate
from snakemake_logger_plugin_observe.analysis.whatif.model import Model
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

_SUBMISSIONS: Final = 250_000  # so many are let happen again, all replays together
_FEWEST: Final = 4
_MOST: Final = 400
_LIMITS: Final = "limits"


@dataclass(frozen=True, slots=True)
class Saving:
    """By how much the makespan would shrink if something took no time, found by replay."""

    kind: str
    """``class``, ``phase``, ``rule`` or ``job``."""
    name: str
    saving: Micros


_Try = tuple[Micros, str, str, Callable[[], Model]]


def savings(
    model: Model, segments: Iterable[MakespanSegment], *, replays: int | None = None
) -> list[Saving]:
    """Return what each cost class, phase, rule and job would save, the greatest first.

    Args:
        model: the run.
        segments: its makespan's partition.
        replays: how many things to try at most; by default, what the run's size allows for.

    """
    if replays is None:
        replays = min(_MOST, max(_FEWEST, _SUBMISSIONS // max(1, model.count)))
    model = waits_as_they_were(model)
    usual = simulate(model).end
    found = [
        Saving(kind, name, max(0, usual - simulate(make()).end))
        for _, kind, name, make in _candidates(model, list(segments))[:replays]
    ]
    return sorted(found, key=lambda one: -one.saving)


def _candidates(model: Model, segments: list[MakespanSegment]) -> list[_Try]:
    """Return what may save something, with its share of the path, the largest first."""
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
    # Its share of the path is only what was left of the wait when the place had become free.
    shares[("class", _LIMITS)] = shares[("phase", "slot_wait")] = (model.end - model.start) + 1
    found = [
        (share, kind, name, _maker(model, kind, name)) for (kind, name), share in shares.items()
    ]
    # A class before its phases, and these before rules and jobs, where they own the same.
    rank = ("class", "phase", "rule", "job")
    return sorted(found, key=lambda one: (-one[0], rank.index(one[1]), one[2]))


def _maker(model: Model, kind: str, name: str) -> Callable[[], Model]:
    match kind:
        case "class":
            return partial(without_phases, model, [p for p in PHASES if cost_class(p) == name])
        case "phase":
            return partial(without_phases, model, [name])
        case "rule":
            return partial(without_rule, model, name)
        case _:
            return partial(without_job, model, int(name))
