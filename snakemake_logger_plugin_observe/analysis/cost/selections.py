"""When Snakemake chose jobs: recorded by the timing executor, or inferred from what was logged.

Snakemake logs that it begins to choose jobs, and which it chose. Without the timing executor this,
and the ends of jobs in between, show when it was at work: it chooses as soon as a job has ended,
unless the rate of selections makes it sleep.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.analysis.cost.selection_rate import RateWindow, selection_rate
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run

_BEGINS: Final = "select_jobs"


class Selection(NamedTuple):
    """A stretch in which Snakemake chose jobs."""

    begin: Micros
    ready_until: Micros
    """Jobs that become ready after that moment are left to the next selection."""
    end: Micros
    woke: Micros
    """Since when the main thread was at work before it."""


def selections(run: Run) -> list[Selection]:
    """Return the selections of *run* in order; none if nothing shows when they began."""
    if run.iterations:
        return sorted(_recorded(run))
    return [] if run.wrapped else list(_inferred(run))


def _recorded(run: Run) -> Iterator[Selection]:
    for iteration in run.iterations:
        ready_until = iteration.time
        for begin, end in iteration.selections:
            yield Selection(begin, ready_until, end, iteration.time)
            ready_until = end


def _inferred(run: Run) -> Iterator[Selection]:
    logged = sorted(one.time for one in run.messages if one.kind == _BEGINS)
    began = run.scheduling_began
    if not logged or began is None:
        return
    submissions = [one for one in run.attempts.values() if not one.is_member]
    ended = sorted(one.end for one in submissions if one.end is not None)
    chosen = Counter(one.stamps.selected for one in submissions if one.stamps.selected is not None)
    rate = selection_rate(run)
    window = RateWindow(rate) if rate is not None else None
    previous = began
    for moment, count in sorted(chosen.items()):
        woke = max(previous, _last(ended, moment))
        if window is not None:
            woke = window.since(woke)
            window.add(moment, moment, count)
        woke = min(moment, woke)
        begin = max(woke, _last(logged, moment))
        yield Selection(begin, begin, moment, woke)
        previous = max(previous, moment)


def _last(moments: list[Micros], until: Micros) -> Micros:
    """Return the last of *moments* up to *until*; the earliest possible moment if there is none."""
    index = bisect_right(moments, until)
    return moments[index - 1] if index else 0
