"""How long a run still takes, in words: with its basis, a lower bound, or why it is not known."""

from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import named, plural
from snakemake_logger_plugin_observe.analysis.remaining.estimate import Remaining
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.reporters.screen.view import WatchView

_NAMED: Final = 4
_UNITS: Final = {"s": 1, "min": 60, "h": 3600, "days": 86_400}
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
    if known.at_least is None and known.behind:
        return "Remaining: being computed anew"
    if known.at_least is None:
        why = "".join(f": {one}" for one in _without_basis(view, known, ", here or before,"))
        return f"Remaining: not known{why}"
    reasons = _reasons(view, known)
    if (known.middle is None or view.is_bound) and known.at_least < _NOTHING:
        return f"Remaining: not known: {'; '.join(reasons)}"
    return "; ".join([f"Remaining: {_length(view, known)}{_basis(known)}", *reasons])


def _reasons(view: WatchView, known: Remaining) -> list[str]:
    """Return why it may be otherwise."""
    like = ", taken to be like the others" if known.middle is not None else ""
    parts = [f"{one}{like}" for one in _without_basis(view, known, "")]
    if late := named(view.overdue_names, _NAMED):
        parts.append(f"in flight for longer than any before it: {late}")
    if kept := [one.name for one in view.flights if one.kept]:
        parts.append(f"kept pending: {named(kept, _NAMED)}")
    if known.stops:
        parts.append("then it ends")
    if known.checkpoints:
        parts.append(f"more jobs may come from checkpoint {named(known.checkpoints)}")
    if known.behind >= _BEHIND:
        parts.append(f"computed {rough(known.behind)} ago, before what has happened since")
    return parts


def _without_basis(view: WatchView, known: Remaining, where: str) -> list[str]:
    """Return which rules have no length, and why: no job succeeded, or only across a pause."""
    done = {row.rule for row in view.rules if row.done}
    never = [rule for rule in known.without_basis if rule not in done]
    paused = [rule for rule in known.without_basis if rule in done]
    parts = []
    if never:
        parts.append(f"no job has succeeded yet{where} of: {named(never, _NAMED)}")
    if paused:
        parts.append(f"no whole length is known yet of: {named(paused, _NAMED)}")
    return parts


def _after_the_last(known: Remaining) -> str:
    """Return how long Snakemake goes on without a job, if that is known and worth a word."""
    if known.behind or known.middle is None or known.middle < _NOTHING:
        return ""
    return f" in about {rough(known.middle)}"


def _length(view: WatchView, known: Remaining) -> str:
    if known.middle is None or view.is_bound:
        return f"at least {rough(known.at_least or 0)}"
    return f"about {rough(max(known.middle, _NOTHING))}{_spread(known)}"


def _spread(known: Remaining) -> str:
    if known.low is None or known.high is None:
        return ", spread not known,"
    unit = _unit(known.middle or 0)
    low, high = _number(known.low, unit), _number(known.high, unit)
    return f" ({low} to {high} {unit})" if low != high else ""


def _basis(known: Remaining) -> str:
    here = f"{plural(known.jobs_here, 'job')} of this run" if known.jobs_here else ""
    before = f"{plural(known.jobs_before, 'job')} of {plural(known.runs_before, 'earlier run')}"
    basis = " and ".join(filter(None, [here, before if known.jobs_before else ""]))
    return f" by {basis}" if basis else ""


def rough(length: Micros) -> str:
    """Return a length to the precision that an estimate has: ``40 s``, ``12 min``, ``3.5 h``."""
    unit = _unit(length)
    return f"{_number(length, unit)} {unit}"


def _unit(length: Micros) -> str:
    """Return the unit of a length: seconds up to two minutes, as rounded."""
    seconds = length / 1e6
    if seconds < 117.5:
        return "s"
    if seconds < 7200:
        return "min"
    return "h" if seconds < 172_800 else "days"


def _number(length: Micros, unit: str) -> str:
    """Return a length in a unit, also one that is much longer or shorter than the unit."""
    number = length / 1e6 / _UNITS[unit]
    if unit == "s":
        return f"{number:.0f}" if number < 10 else f"{5 * round(number / 5)}"
    return f"{number:.0f}" if unit == "min" and number >= 1.95 else f"{number:.1f}"
