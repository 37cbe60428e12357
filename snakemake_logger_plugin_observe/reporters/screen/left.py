"""How long a run still takes, in words: with its basis, a lower bound, or why it is not known."""

from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import named, plural
from snakemake_logger_plugin_observe.analysis.remaining.estimate import Remaining
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.reporters.screen.view import WatchView

_NAMED: Final = 4
_NOTHING: Final[Micros] = 1_000_000
_BEHIND: Final[Micros] = 3_000_000
"""An estimate that the run has outdated for less than this is not said to be old."""


def remaining_line(view: WatchView) -> str:
    """Return how long the run still takes, its spread and its basis; empty if not asked yet.

    And why some jobs will not run, if that is so.
    """
    never = view.count("never")
    why = f"; {plural(never, 'job')} will not run: {view.why_never}" if never else ""
    line = _estimate(view)
    return f"{line}{why}" if line else ""


def _estimate(view: WatchView) -> str:
    known = view.remaining
    if view.still:
        return "Remaining: not known: nothing moves by itself"
    if known is None:
        return ""
    if not known.planned:
        return "Remaining: not known: nothing is planned yet"
    if view.planned and not (view.count("in_flight") or view.count("waiting")):
        return f"Remaining: no job; Snakemake ends{_after_the_last(known)}"
    if known.too_many:
        return "Remaining: not known: too many jobs wait to be simulated"
    unknown = named(known.without_basis, _NAMED)
    if known.at_least is None and known.behind:
        return "Remaining: being computed anew"
    if known.at_least is None:
        why = f": no job has ended, here or before, of: {unknown}" if unknown else ""
        return f"Remaining: not known{why}"
    late = f"longer than any before it: {named(view.overdue_names, _NAMED)}"
    if view.overdue_names and (known.at_least or 0) < _NOTHING:
        return f"Remaining: not known: in flight for {late}"
    parts = [f"Remaining: {_length(view, known)}{_basis(known)}"]
    if unknown:
        like = ", taken to be like the others" if known.middle is not None else ""
        parts.append(f"no job has ended yet of: {unknown}{like}")
    if view.overdue_names:
        parts.append(f"in flight for {late}")
    if kept := [one.name for one in view.flights if one.kept]:
        parts.append(f"kept pending: {named(kept, _NAMED)}")
    if known.stops:
        parts.append("then it ends")
    if known.checkpoints:
        parts.append(f"more jobs may come from checkpoint {named(known.checkpoints)}")
    if known.behind >= _BEHIND:
        parts.append(f"computed {rough(known.behind)} ago, before what has happened since")
    return "; ".join(parts)


def _after_the_last(known: Remaining) -> str:
    """Return how long Snakemake goes on without a job, if that is known and worth a word."""
    if known.behind or known.middle is None or known.middle < _NOTHING:
        return ""
    return f" in about {rough(known.middle)}"


def _length(view: WatchView, known: Remaining) -> str:
    if known.middle is None or view.is_bound:
        return f"at least {rough(known.at_least or 0)}"
    return f"about {rough(known.middle)}{_spread(known)}"


def _spread(known: Remaining) -> str:
    if known.low is None or known.high is None:
        return ", spread not known,"
    low, high = rough(known.low), rough(known.high)
    return f" ({low} to {high})" if low != high else ""


def _basis(known: Remaining) -> str:
    here = f"{plural(known.jobs_here, 'job')} of this run" if known.jobs_here else ""
    before = f"{plural(known.jobs_before, 'job')} of {plural(known.runs_before, 'earlier run')}"
    basis = " and ".join(filter(None, [here, before if known.jobs_before else ""]))
    return f" by {basis}" if basis else ""


def rough(length: Micros) -> str:
    """Return a length to the precision that an estimate has: ``40 s``, ``12 min``, ``3.5 h``."""
    seconds = length / 1e6
    if seconds < 10:
        return f"{seconds:.0f} s"
    if seconds < 120:
        return f"{5 * round(seconds / 5)} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    if seconds < 172_800:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86_400:.1f} days"
