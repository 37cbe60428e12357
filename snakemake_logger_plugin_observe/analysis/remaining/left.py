"""What is left of a run: its submissions in flight and those that wait, with what each waits for.

Which they are, an earlier run shows that had the same ones; else the numbers of the plan do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.remaining.as_before import as_before
from snakemake_logger_plugin_observe.analysis.remaining.by_rule import by_rule
from snakemake_logger_plugin_observe.analysis.remaining.so_far import SoFar
from snakemake_logger_plugin_observe.analysis.remaining.units import (
    Unit,
    length_in,
    stops,
    submissions,
    waiting_by_rule,
)
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.pauses import paused_in

_REACHES: Final = 100
"""So many are kept of each, the nearest: those further back have ended before."""


@dataclass(slots=True)
class Left:
    """Everything that is left: what is in flight first."""

    units: list[Unit]
    exact: bool
    """Whether it is known which jobs wait, and for which: from an earlier run."""
    stops: bool = False
    """Whether a job failed and the run only waits for what is in flight."""
    reaches: tuple[tuple[int, ...], ...] = ()
    """How many places before some that began so far those were that they needed, where the order of
    the rules does not show what waits for what."""


def left_of(so_far: SoFar, earlier: Sequence[SoFar], now: Micros) -> Left:
    """Return what is left of a run at the moment *now*.

    Args:
        so_far: the run.
        earlier: earlier runs of the same workflow that ran to their end, the newest first.
        now: the moment, for how long what is in flight has been so.

    """
    units = [
        Unit(
            kind,
            so_far.shares_of(attempt),
            elapsed=_elapsed(so_far, attempt, now),
            key=attempt.key,
            past=length_in(earlier, so_far.name_of(attempt)),
            spent=so_far.spent.get(so_far.name_of(attempt), 0),
        )
        for attempt in so_far.in_flight()
        if (kind := so_far.kind_of(attempt)) is not None
    ]
    if stops(so_far):
        return Left(units, exact=True, stops=True)
    waiting = waiting_by_rule(so_far)
    named = as_before(so_far, earlier, waiting, units)
    if named is not None:
        return Left(named, exact=True)
    units, ordered = by_rule(so_far, earlier, waiting, units)
    return Left(units, exact=False, reaches=() if ordered else _reaches(so_far))


def _reaches(so_far: SoFar) -> tuple[tuple[int, ...], ...]:
    """Return how far before each submission those were selected that it needed: of the newer half.

    Of the first ones many need nothing, since nothing else is ready then.
    """
    place_of: dict[int, int] = {}
    found = []
    for place, members in enumerate(submissions(so_far)):
        place_of |= dict.fromkeys(members, place)
        needed = {place_of.get(need, place) for one in members for need in so_far.jobs[one].needs}
        found.append(tuple(sorted(place - one for one in needed if one < place)[:_REACHES]))
    return tuple(found[len(found) // 2 :])


def _elapsed(so_far: SoFar, attempt: Attempt, now: Micros) -> Micros:
    """Return how long it has been since it was selected: of a tool here, without pauses."""
    selected = _selected(attempt, now)
    pauses = so_far.run.pauses if attempt.tool_started is not None else ()
    return max(0, now - selected - paused_in(selected, now, pauses))


def _selected(attempt: Attempt, now: Micros) -> Micros:
    stamps = attempt.stamps
    known = (stamps.selected, stamps.submitting, stamps.accepted, attempt.tool_started)
    return next((one for one in known if one is not None), now)
