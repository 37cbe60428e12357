"""Changes of a model that draw at random: waits in the queue, and how ends were noticed."""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.whatif.model import Model

_LOAD_VARIES: Final = 4 / 3  # in another run nodes and their file system are more busy, or less
_SLOW_UNDER_LOAD: Final = ("job_script", "node_startup", "node_plan", "node_exit")
_LAG_VARIES: Final = 1_000_000  # the scheduler's moments are whole seconds
_BEFORE_START: Final = ("held", "queue_wait", "job_script")


def queue_drawn(model: Model, rng: random.Random) -> Model:
    """Return *model* with each queue wait drawn at random from those measured."""
    column = model.background.get("queue_wait", [0] * model.count)
    waited = [i for i in range(model.count) if column[i]]
    drawn = list(column)
    for i in waited:
        drawn[i] = column[rng.choice(waited)]
    return model.changed(background={**model.background, "queue_wait": drawn})


def ends_drawn(model: Model, rng: random.Random) -> Model:
    """Return *model* with each start on a node, and each lag of the cluster, drawn at random.

    Whether a growing interval's check sees an end or just misses it decides over a whole interval,
    so small differences between jobs count, and such between runs. Starts are drawn from those that
    were measured next to about as many others; and where the interval grows, all that Snakemake
    takes on the nodes is longer or shorter by one factor.
    """
    known = model.lag
    lag = rng.uniform(known.low, known.high) if known is not None and known.unsure else None
    column = model.background.get("node_startup", [0] * model.count)
    started = [i for i in range(model.count) if column[i]]
    drawn = list(column)
    grows = model.poll_schedule is not None and model.poll_schedule.growth > 0
    load = _LOAD_VARIES ** rng.uniform(-1, 1) if grows else 1
    for i, alike in zip(started, _started_alike(model, started), strict=True):
        drawn[i] = column[rng.choice(alike)]
    background = {**model.background, "node_startup": drawn}
    for phase in _SLOW_UNDER_LOAD:
        if phase in background:
            background[phase] = [round(one * load) for one in background[phase]]
    unseen = [
        round(_unseen(model, i, lag) + rng.uniform(-_LAG_VARIES, _LAG_VARIES)) if polled else kept
        for i, (kept, polled) in enumerate(zip(model.unseen, model.polled, strict=True))
    ]
    return model.changed(background=background, unseen=unseen)


def _started_alike(model: Model, started: Sequence[int]) -> list[list[int]]:
    """Return, for each of the *started*, those that started next to about as many others.

    That is half as many to twice as many, itself included: a start next to a dozen others on the
    same nodes takes several times as long as one by itself.
    """
    begun, over = [], []
    for i in started:
        moment = model.measured.accepted[i]
        moment += sum(model.background[one][i] for one in _BEFORE_START if one in model.background)
        begun.append(moment)
        over.append(moment + model.background["node_startup"][i])
    begins, ends = sorted(begun), sorted(over)
    counts = [
        bisect_left(begins, end) - bisect_right(ends, begin)
        for begin, end in zip(begun, over, strict=True)
    ]
    by_count = sorted(range(len(started)), key=lambda one: counts[one])
    in_order, numbers = [counts[one] for one in by_count], [started[one] for one in by_count]
    return [
        numbers[bisect_left(in_order, count / 2) : bisect_right(in_order, 2 * count)]
        for count in counts
    ]


def _unseen(model: Model, i: int, lag: float | None) -> float:
    """Return for how long submission *i* is not seen after its end, if a cluster has that *lag*."""
    if model.lag is None or lag is None or i not in model.lag.bounds:
        return max(0, model.unseen[i])
    low, high = model.lag.bounds[i]
    return max(0, min(max(lag - model.lag.known[i], low), high))
