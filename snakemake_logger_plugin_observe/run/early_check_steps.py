"""When status checks follow a submission's end with ``--timed-wake on``: at growing steps.

The first step is learned from the ends before, so that most ends take one check.
"""

from typing import Final

from snakemake_logger_plugin_observe.clock import Micros

_SECOND: Final = 1_000_000
LOOK_EVERY: Final = _SECOND
"""How often the main process looks whether a submission has ended on its node."""
FIRST_STEP: Final = _SECOND // 2
"""From the moment that an end was seen to the first check, before anything is learned."""
NEXT_STEPS: Final = (1 * _SECOND, 2 * _SECOND, 4 * _SECOND)
"""From one check that did not find the end to the next."""
_SOONEST: Final = _SECOND // 10
_LATEST: Final = 4 * _SECOND
"""The longest first step: one end that was seen late must not delay all that follow."""
_SHORTER: Final = 0.9


def learned_step(step: Micros, missed: Micros | None, found: Micros) -> Micros:
    """Return the first step after an end that took a first *step*.

    Args:
        step: the first step so far.
        missed: how long after the end was seen the last check came that did not find it, if any.
        found: how long after it the check came that did.

    """
    if missed is None:
        return max(_SOONEST, round(step * _SHORTER))
    needed = min((missed + found) // 2, 2 * missed)  # it came between these two
    return min(_LATEST, max(step, needed))
