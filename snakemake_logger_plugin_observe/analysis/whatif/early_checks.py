"""A run's model as the run would have been with ``--timed-wake on``.

Each end that its node reports is found by the early checks, at the steps that the wrapper takes:
the wait for the next status check becomes what is left of the cluster's lag, and a step. Other ends
wait as long as they did. The sleep at the end of the run goes, and what that hid shows: the wait
for the last timer of the rate of submissions.
"""

import random
from dataclasses import replace

from snakemake_logger_plugin_observe.analysis.whatif.end_lags import within
from snakemake_logger_plugin_observe.analysis.whatif.model import Column, Model
from snakemake_logger_plugin_observe.analysis.whatif.transforms import at_rate, waits_as_they_were
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.early_check_steps import (
    FIRST_STEP,
    LOOK_EVERY,
    NEXT_STEPS,
    learned_step,
)


def woken(
    model: Model, interval: Micros, usual: tuple[Micros, Micros], rng: random.Random
) -> Model:
    """Return *model* with checks soon after ends; the executor's own come every *interval*.

    Where the run's checks are not recorded, its cluster is taken to have the *usual* lag, which is
    between two. What it is there, when in a second an end is seen, and how far the executor's own
    next check is, is drawn.
    """
    lags = _drawn_lags(model, usual, rng)
    found = waits_as_they_were(model)
    zero = [0] * model.count
    own, background = model.background, dict(found.background)
    for phase in ("node_exit", "poll_wait"):
        background[phase] = list(background.get(phase, zero))
    step, moments = FIRST_STEP, model.measured
    for i in sorted(range(model.count), key=lambda one: moments.ended[one]):
        if not (model.polled[i] and model.rings[i]):
            continue
        kept = model.lingered[i]
        shown = kept + lags[i]
        seen = rng.randrange(LOOK_EVERY)
        check, missed = _early(shown, seen, step)
        if check is not None:
            step = learned_step(step, missed - seen if missed is not None else None, check - seen)
        by_itself = shown + rng.randrange(max(1, interval))
        waited = min(by_itself, check) if check is not None else by_itself
        background["node_exit"][i] = own.get("node_exit", zero)[i] + shown - kept
        background["poll_wait"][i] = own.get("poll_wait", zero)[i] + waited - shown
    if found.rate is not None and found.rest.asleep is not None:
        found = at_rate(found, found.rate)
    return found.changed(background=background, rest=replace(found.rest, asleep=None))


def _drawn_lags(model: Model, usual: tuple[Micros, Micros], rng: random.Random) -> Column:
    """Return for how long after its end in the model no check sees that each has ended."""
    moments, lag = model.measured, model.lag
    drawn = round(rng.uniform(*(usual if lag is None else (lag.low, lag.high))))
    found = []
    for i, kept in enumerate(model.lingered):
        most = max(0, moments.reported[i] - model.check_delay[i] - moments.ended[i])
        bounds = (0, most) if lag is None else lag.bounds.get(i, (0, most))
        found.append(max(0, within(drawn - kept, bounds)))
    return found


def _early(shown: Micros, seen: Micros, step: Micros) -> tuple[Micros | None, Micros | None]:
    """Return when after an end the early check comes that finds it, and the one before that.

    Args:
        shown: how long after the end the cluster reports it.
        seen: how long after it the main process knows of it.
        step: the first step.

    """
    check, missed = seen + step, None
    for more in NEXT_STEPS:
        if check >= shown:
            return check, missed
        check, missed = check + more, check
    return (check, missed) if check >= shown else (None, missed)
