"""Choosing the next jobs takes Snakemake's scheduler long, while no job can begin."""

from collections.abc import Iterator
from heapq import nlargest
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.time_evidence import phase_limit
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import SchedulerIteration
from snakemake_logger_plugin_observe.run.model import Run

CLASS: Final = "slow_selection"
_GREEDY: Final = "greedy"
_CITED: Final = 3


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident if selections took much of the run, or explain why it was slower."""
    spent, before = _selecting(case.run), _selecting(case.baseline)
    name, earlier = _scheduler(case.run), _scheduler(case.baseline)
    if name in (None, _GREEDY):
        return
    changed = name != earlier  # the same scheduler took longer for a reason of its own: more jobs
    if not (case.is_large(spent) or (changed and case.explains_slowness(spent - before))):
        return
    than = f", {before / 1e6:.1f} s in the baseline with {earlier}" if earlier else ""
    longest = nlargest(_CITED, case.run.iterations, key=_length)
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="operating context",
        claim=f"choosing the next jobs took {spent / 1e6:.1f} s of Snakemake's main thread with "
        f"the scheduler {name}{than}",
        strength="certain" if earlier == _GREEDY else "likely",
        explains=spent,
        failures=0,
        evidence=(*case.side.at_start(f"scheduler: {name}"), *_cited(case, longest)),
        wrong_if=f"a run with --scheduler {_GREEDY} takes as long",
        action=Action(
            f"use --scheduler {_GREEDY}",
            f"{name} solves an optimisation problem over all ready jobs each time, and no job "
            "begins or is finished meanwhile",
            move=(("scheduler", _GREEDY),),
        ),
        check=phase_limit(case, "select") if case.spent("select") else None,
    )


def _selecting(run: Run | None) -> Micros:
    return sum(map(_length, run.iterations)) if run is not None else 0


def _length(one: SchedulerIteration) -> Micros:
    return sum(end - begin for begin, end in one.selections)


def _cited(case: Case, iterations: list[SchedulerIteration]) -> Iterator[Citation]:
    for one in iterations:
        yield from case.side.at_event(one, f"selections: {_length(one) / 1e6:.2f} s")


def _scheduler(run: Run | None) -> str | None:
    """Return the scheduler's name; None if it is not recorded."""
    started = run.started if run is not None else None
    name = started.settings.get("scheduler") if started is not None else None
    return name if isinstance(name, str) else None
