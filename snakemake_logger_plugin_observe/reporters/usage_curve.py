"""A curve of counts over time in as many steps as there is room for: its peaks stay."""

from collections.abc import Sequence

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
    for one in steps:
        begins = start + (one.moment - start) // stretch * stretch
        if found and begins > (ends := found[-1].moment + stretch):
            after = last._replace(moment=ends)
            if after[1:] != found[-1][1:]:  # a peak ends with its own stretch
                found.append(after)
        if not found or found[-1].moment != begins:
            found.append(last._replace(moment=begins))
        most = found[-1]
        found[-1] = UsageStep(
            begins,
            max(most.ready, one.ready),
            max(most.queued, one.queued),
            max(most.running, one.running),
        )
        last = one
    if found:
        found.append(last._replace(moment=found[-1].moment + stretch))
    return found
