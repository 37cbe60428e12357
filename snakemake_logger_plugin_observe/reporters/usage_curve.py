"""A curve of counts over time in as many steps as there is room for: its peaks stay."""

from collections.abc import Sequence
from itertools import groupby

from snakemake_logger_plugin_observe.analysis.path.utilisation import UsageStep
from snakemake_logger_plugin_observe.clock import Micros


def highest(steps: Sequence[UsageStep], start: Micros, stretch: Micros) -> list[UsageStep]:
    """Return the most of each count in each stretch, in which its first value counts, too.

    Args:
        steps: the counts from each moment on.
        start: when the first stretch begins.
        stretch: how long each is; those in which nothing changes are left out.

    """
    found: list[UsageStep] = []
    last = UsageStep(start)
    for number, inside in groupby(steps, key=lambda one: (one.moment - start) // stretch):
        begins = start + number * stretch
        if found and begins > (ends := found[-1].moment + stretch):
            after = last._replace(moment=ends)
            if after[1:] != found[-1][1:]:  # a peak ends with its own stretch
                found.append(after)
        own = [last, *inside]
        last = own[-1]
        _, ready, queued, running = map(max, zip(*own, strict=True))
        found.append(UsageStep(begins, ready, queued, running))
    if found:
        found.append(last._replace(moment=found[-1].moment + stretch))
    return found
