"""How many submissions were ready, queued and running over time, in as many steps as a page needs.

Where cores limit a run, each counts with its cores: so the curves can be compared with the limit.
A curve of more steps than that is cut into equal stretches, each with the most in it: peaks stay.
"""

from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.path.utilisation import Utilisation
from snakemake_logger_plugin_observe.clock import Micros, to_seconds
from snakemake_logger_plugin_observe.reporters.page.packing import numbers
from snakemake_logger_plugin_observe.reporters.usage_curve import highest
from snakemake_logger_plugin_observe.reporters.words import duration

_MOST_STEPS: Final = 6_000
_ROWS: Final = 20


def curves(found: Utilisation, start: Micros, end: Micros, tick: Micros) -> dict[str, Any]:
    """Return the steps of the three curves as columns; ``stretch_s`` is null if they are all."""
    steps, stretch = found.in_slots, None
    if len(steps) > _MOST_STEPS:
        stretch = max(1, -(-(end - start) // _MOST_STEPS))
        steps = tuple(highest(steps, start, stretch))
    return {
        "at": numbers([max(0, one.moment - start) // tick for one in steps]),
        "ready": numbers([one.ready for one in steps]),
        "queued": numbers([one.queued for one in steps]),
        "running": numbers([one.running for one in steps]),
        "slots": found.slots,
        "slot_kind": found.slot_kind,
        "stretch_s": None if stretch is None else to_seconds(stretch),
    }


def table(found: Utilisation, start: Micros, end: Micros) -> list[tuple[str, int, int, int]]:
    """Return the most of each count in equal stretches of the run, as rows of a table."""
    if not found.steps or end <= start:
        return []
    stretch = max(1, -(-(end - start) // _ROWS))
    return [
        (duration(one.moment - start), one.ready, one.queued, one.running)
        for one in highest(found.in_slots, start, stretch)[:-1]
    ]
