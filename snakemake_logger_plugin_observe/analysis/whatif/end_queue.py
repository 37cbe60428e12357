"""The queue of ended submissions in front of Snakemake's one main thread."""

from dataclasses import dataclass
from statistics import median

from snakemake_logger_plugin_observe.analysis.whatif.model import Model, totals
from snakemake_logger_plugin_observe.clock import Micros


@dataclass(frozen=True, slots=True)
class EndQueue:
    """How many ends waited for the main thread at once, and what it did for each."""

    longest: int
    """The most ends that were reported and not handled at one moment."""
    each: Micros
    """The main thread's own work on an end: the median."""


def end_queue(model: Model) -> EndQueue:
    """Return how ends queued in the run of *model*."""
    moments = model.measured
    ended = [i for i in range(model.count) if not model.unfinished[i]]
    changes = [(moments.reported[i], 1) for i in ended]
    changes += [(moments.finished[i], -1) for i in ended]
    queued = longest = 0
    for _, change in sorted(changes):
        queued += change
        longest = max(longest, queued)
    own = totals(model.after, model.count)
    return EndQueue(longest, round(median([own[i] for i in ended])) if ended else 0)
